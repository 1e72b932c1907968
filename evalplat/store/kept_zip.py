"""A zip of named texts that is the same bytes for the same content, and is read with suspicion."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tempfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evalplat.errors import InputError

MANIFEST = "manifest.json"
MAX_BYTES = 4 * 2**30
"""Unpacked, of a whole file."""
MAX_MEMBERS = 20_000
MAX_RATIO = 200
"""Unpacked to packed, of a file that unpacks to more than 64 MiB: what is kept packs to a tenth or so."""

_FREE_BYTES = 64 * 2**20
_MANIFEST_BYTES = 64 * 2**20
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*(?:/[a-z0-9][a-z0-9_.-]*){0,2}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOMENT = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can tell; when it was written is not part of what is kept
_STANDARD = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def write_zip(path: Path, head: Mapping[str, Any], members: Mapping[str, bytes]) -> int:
    """Write `members` with a manifest: `head`, and the SHA-256 and size of each. The file is there whole or not at all.

    Returns its size in bytes. Raises InputError where it cannot be written.
    """
    listed = {name: {"bytes": len(body), "sha256": _sha256(body)} for name, body in sorted(members.items())}
    manifest = json.dumps({**head, "members": listed}, indent=1, sort_keys=True).encode() + b"\n"
    stage: str | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, stage = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as stream:
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
                for name, body in [(MANIFEST, manifest), *sorted(members.items())]:
                    info = zipfile.ZipInfo(name, _MOMENT)
                    info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o600 << 16
                    archive.writestr(info, body)
            stream.flush()
            os.fchmod(stream.fileno(), 0o666 & ~_umask())
            os.fsync(stream.fileno())
        Path(stage).replace(path)
        stage = None
        return path.stat().st_size
    except OSError as err:
        raise InputError(f"cannot be written: {err.strerror or err}", where=str(path)) from err
    finally:
        if stage is not None:
            with contextlib.suppress(OSError):
                Path(stage).unlink()


def read_zip(path: Path, schema: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest and the members. Nothing is ever unpacked to a disk.

    Raises InputError for a file that is no such zip, of another schema, damaged, half written, larger than it may be,
    or with names, members or content that its manifest does not state.
    """
    where = str(path)
    try:
        with zipfile.ZipFile(path) as archive:
            infos = _checked(archive, path.stat().st_size, where)
            manifest = _manifest(archive.read(infos[MANIFEST]), schema, where)
            stated = _stated(manifest, infos, where)
            members = {}
            for name, (size, sha256) in stated.items():
                body = archive.read(infos[name])
                if len(body) != size or _sha256(body) != sha256:
                    raise InputError(f"{name} is not what was written (its SHA-256 differs); {_ANEW}", where=where)
                members[name] = body
            return manifest, members
    except FileNotFoundError as err:
        raise InputError("there is no such file", where=where) from err
    except OSError as err:
        raise InputError(f"cannot be read: {err.strerror or err}", where=where) from err
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as err:
        if isinstance(err, InputError):
            raise
        raise InputError(f"is no kept file, or a damaged one ({_first_line(err)}); {_ANEW}", where=where) from err


_ANEW = "nothing of it was taken over. Fetch it again, or take it away to begin anew"


def _checked(archive: zipfile.ZipFile, packed: int, where: str) -> dict[str, zipfile.ZipInfo]:
    """The entries by name, before a byte of them is unpacked."""
    infos = archive.infolist()
    unpacked = sum(info.file_size for info in infos)
    names = [info.filename for info in infos]
    if len(infos) > MAX_MEMBERS or unpacked > MAX_BYTES or unpacked > max(_FREE_BYTES, MAX_RATIO * packed):
        raise InputError(f"would unpack to {unpacked:,} bytes in {len(infos):,} members: refused", where=where)
    odd = next((name for name in names if not _NAME.fullmatch(name) or len(name) > 200), None)
    if odd is not None:
        raise InputError(f"has a member named {odd[:80]!r}: refused", where=where)
    if len(set(names)) != len(names):
        raise InputError("has two members of one name: refused", where=where)
    if any(info.flag_bits & 1 or info.compress_type not in _STANDARD for info in infos):
        raise InputError("has an encrypted member, or one packed in another way: refused", where=where)
    found = dict(zip(names, infos, strict=True))
    if MANIFEST not in found or found[MANIFEST].file_size > _MANIFEST_BYTES:
        raise InputError(f"is no kept file: it has no {MANIFEST}", where=where)
    return found


def _manifest(body: bytes, schema: str, where: str) -> dict[str, Any]:
    try:
        manifest = json.loads(body)
    except (ValueError, RecursionError) as err:
        raise InputError(f"{MANIFEST} is not JSON; {_ANEW}", where=where) from err
    found = manifest.get("schema") if isinstance(manifest, dict) else None
    if found != schema:
        raise InputError(f"expected schema {schema!r}, found {str(found)[:60]!r}", where=where)
    return dict(manifest)


def _stated(
    manifest: Mapping[str, Any], infos: Mapping[str, zipfile.ZipInfo], where: str
) -> dict[str, tuple[int, str]]:
    """Size and hash by member; exactly those that are there."""
    members = manifest.get("members")
    if not isinstance(members, dict) or set(members) != set(infos) - {MANIFEST}:
        raise InputError(f"its members are not those of its {MANIFEST}; {_ANEW}", where=where)
    stated = {}
    for name, entry in members.items():
        size, sha256 = (entry.get("bytes"), entry.get("sha256")) if isinstance(entry, dict) else (None, None)
        if type(size) is not int or not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
            raise InputError(f"{MANIFEST} does not state size and SHA-256 of {name}; {_ANEW}", where=where)
        if infos[name].file_size != size:
            raise InputError(f"{name} is not what was written (its size differs); {_ANEW}", where=where)
        stated[name] = (size, sha256)
    return stated


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _umask() -> int:
    """What new files of this process may not be: who uploads the file need not be who wrote it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _first_line(err: Exception) -> str:
    return (str(err).splitlines() or [type(err).__name__])[0][:120]
