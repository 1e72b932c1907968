"""Kept versions of datasets: content-addressed files, and a log of names and numbers beside them.

FOLDER/objects/<digest>.jsonl.gz    the cases, a line each
FOLDER/<name>.versions.jsonl        a line a version: number, digest, when, message, card
"""

from __future__ import annotations

import gzip
import re
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, cast

from filelock import FileLock

from evalplat.errors import CaseError, InputError, ReferenceUnknown
from evalplat.records import Card, DatasetVersion, build, dataset_digest
from evalplat.suites.files import replaced, settle
from evalplat.suites.json_lines import json_lines

from .dataset import as_line
from .read import CaseFile, Cases

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\- ]{0,99}")
_MIN_PREFIX = 6


class DatasetVersions:
    """The versions that a project keeps. Nothing is written before the cases were checked to the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(
        self, name: str, cases: Cases, *, at: datetime, message: str = "", card: Card | None = None
    ) -> DatasetVersion:
        """A new version; the latest one where it has this content and card already. Raises CaseError or InputError."""
        if not _NAME.fullmatch(name):
            raise InputError(f"dataset name {name!r}: expected letters, digits, `_`, `.`, `-` and spaces, at most 100")
        digest, n_cases = self._keep_cases(cases)
        with FileLock(self._folder() / ".lock"):
            known = self.versions(name)
            if known and known[-1].digest == digest and known[-1].card == card:
                return known[-1]
            version = DatasetVersion(
                name=name, number=len(known) + 1, digest=digest, n_cases=n_cases, at=at, message=message, card=card
            )
            with replaced(self._log(name)) as file:
                file.writelines(f"{one.model_dump_json()}\n".encode() for one in (*known, version))
            return version

    def versions(self, name: str) -> tuple[DatasetVersion, ...]:
        """The versions of a dataset, the oldest first. Raises CaseError where the log is damaged."""
        log = self._log(name)
        if not _NAME.fullmatch(name) or not log.is_file():
            return ()
        lines = json_lines(log.read_text(encoding="utf-8"), where=str(log), error=CaseError)
        return tuple(build(DatasetVersion, data, where=f"{log}:{line}", error=CaseError) for line, data in lines)

    def find(self, name: str, which: str = "latest") -> DatasetVersion:
        """A version by `latest`, `v3` or the beginning of its digest. Raises ReferenceUnknown."""
        known = self.versions(name)
        if not known:
            raise ReferenceUnknown(f"dataset {name!r} has no versions here; `evalplat dataset version` makes one")
        if which == "latest":
            return known[-1]
        for version in reversed(known):
            if which == f"v{version.number}" or (len(which) >= _MIN_PREFIX and version.digest.startswith(which)):
                return version
        raise ReferenceUnknown(f"dataset {name!r} has no version {which!r}; it has v1 to v{known[-1].number}")

    def of_digest(self, digest: str) -> tuple[DatasetVersion, ...]:
        """All versions with this content, whatever they are called."""
        names = sorted(log.name.removesuffix(".versions.jsonl") for log in self.folder.glob("*.versions.jsonl"))
        return tuple(version for name in names for version in self.versions(name) if version.digest == digest)

    def cases(self, version: DatasetVersion) -> Cases:
        """The cases of a version. Raises ReferenceUnknown where its file is gone."""
        path = self._object(version.digest)
        if not path.is_file():
            raise ReferenceUnknown(f"{version.ref}: its cases are gone: there is no {path}")
        return CaseFile(path, name=version.ref)

    def _keep_cases(self, cases: Cases) -> tuple[str, int]:
        """Write the cases to a file called after their digest, in one pass."""
        hashes = bytearray()
        objects = self._folder() / "objects"
        objects.mkdir(exist_ok=True)
        with NamedTemporaryFile(dir=objects, prefix=".new-", delete=False) as raw:
            try:
                # No name and no time in the header: equal cases in equal order are equal files.
                with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as file:
                    for _, case in cases.read():
                        hashes += bytes.fromhex(case.content_hash)
                        file.write(as_line(case).encode())
                digest = dataset_digest(bytes(hashes[at : at + 32]) for at in range(0, len(hashes), 32))
                settle(cast(IO[bytes], raw), self._object(digest))
            except BaseException:
                Path(raw.name).unlink(missing_ok=True)
                raise
        return digest, len(hashes) // 32

    def _folder(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.versions.jsonl"

    def _object(self, digest: str) -> Path:
        return self.folder / "objects" / f"{digest}.jsonl.gz"
