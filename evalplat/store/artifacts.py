"""Files of an MLflow run: put there with their hashes, and never read back changed."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from evalplat.errors import StoreError

from .door import Door
from .names import MAX_KEY, metric_key

Content = str | bytes | Path


def upload(door: Door, mlflow_run_id: str, files: Mapping[str, Content]) -> dict[str, str]:
    """Store the files under their relative names, over what is there. Returns the tags that hold their hashes."""
    with TemporaryDirectory(prefix="evalplat-") as stage:
        tags = {_hash_tag(name): _stage(Path(stage), name, content) for name, content in files.items()}
        door.client.log_artifacts(mlflow_run_id, stage)
    return tags


def download(door: Door, mlflow_run: Any, name: str) -> bytes:
    """The file's content. Raises StoreError where it is gone or is not what was kept."""
    expected = mlflow_run.data.tags.get(_hash_tag(name))
    if expected is None:
        raise StoreError(f"the run {mlflow_run.info.run_id} in {door.location.shown} has no file {name}")
    with TemporaryDirectory(prefix="evalplat-") as stage:
        path = Path(door.client.download_artifacts(mlflow_run.info.run_id, name, stage))
        content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != expected:
        raise StoreError(
            f"{name} of the run {mlflow_run.info.run_id} in {door.location.shown} has changed since it was kept: "
            "its SHA-256 differs from the run's tag"
        )
    return content


def has_file(mlflow_run: Any, name: str) -> bool:
    """True where the file was kept with the run."""
    return _hash_tag(name) in mlflow_run.data.tags


def _hash_tag(name: str) -> str:
    return f"evalplat.sha256.{metric_key(name, limit=MAX_KEY - 20)}"


def _stage(folder: Path, name: str, content: Content) -> str:
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts or not relative.parts or "\\" in name:
        raise StoreError(f"{name!r} is no name for a file of a run: expected a relative path")
    path = folder / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, Path):
        shutil.copyfile(content, path)
    else:
        path.write_bytes(content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content)
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
