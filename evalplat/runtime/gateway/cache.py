"""ResponseCache: answers of models in one SQLite file."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from evalplat.errors import InputError
from evalplat.records import content_hash

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_SCHEMA = "create table if not exists answers (key text primary key, body blob not null, created real not null)"
_VERSION = 1


class ResponseCache:
    """Bodies of valid answers, by a hash of what was asked; no request, header or key is stored.

    Several processes may share the file (WAL). The cache only saves work: where a read or a write fails in the
    middle of a run, that is logged once and the run goes on without it.
    """

    def __init__(self, path: Path) -> None:
        """Open or create `path`. Raises InputError where it is no cache, or cannot be written."""
        self.path = path
        self._lock = threading.Lock()
        self._complained = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=30, check_same_thread=False, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise
        except (OSError, sqlite3.Error) as error:
            raise InputError(f"cannot be used as response cache: {error}", where=str(path)) from error

    def _prepare(self) -> None:
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=normal")
        (version,) = self._db.execute("pragma user_version").fetchone()
        if version not in (0, _VERSION):
            raise sqlite3.DatabaseError(f"its version is {version}, expected {_VERSION}: remove the file")
        self._db.execute(_SCHEMA)
        self._db.execute(f"pragma user_version={_VERSION}")

    @staticmethod
    def key(identity: str, body: Mapping[str, Any], replica: int) -> str:
        """SHA-256 over what answers, the request and the number of the trial."""
        return content_hash([identity, body, replica])

    async def get(self, key: str) -> bytes | None:
        """The body kept under `key`, empty where it is damaged, or None."""
        return await self._guarded(lambda: self._get(key))

    async def put(self, key: str, body: bytes) -> None:
        """Keep `body`; the first answer under a key stays."""
        packed = zlib.compress(body)
        await self._guarded(lambda: self._put(key, packed))

    async def drop(self, key: str) -> None:
        """Forget a damaged answer."""
        await self._guarded(lambda: self._drop(key))

    def close(self) -> None:
        """Close the file. Safe to call twice."""
        with self._lock:
            self._db.close()

    def __len__(self) -> int:
        with self._lock:
            (count,) = self._db.execute("select count(*) from answers").fetchone()
        return int(count)

    def _get(self, key: str) -> bytes | None:
        row = self._db.execute("select body from answers where key = ?", (key,)).fetchone()
        if row is None:
            return None
        try:
            return zlib.decompress(row[0])
        except (zlib.error, TypeError):
            return b""

    def _drop(self, key: str) -> None:
        self._db.execute("delete from answers where key = ?", (key,))

    def _put(self, key: str, packed: bytes) -> None:
        self._db.execute("insert or ignore into answers values (?, ?, ?)", (key, packed, time.time()))

    async def _guarded(self, work: Callable[[], _T]) -> _T | None:
        def locked() -> _T:
            with self._lock:
                return work()

        try:
            return await asyncio.to_thread(locked)
        except sqlite3.Error as error:
            if not self._complained:
                self._complained = True
                _log.warning("response cache %s cannot be used, going on without it: %s", self.path, error)
            return None
