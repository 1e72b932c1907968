"""The ledger's file: its schema, how it is opened, and what its errors mean."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from evalplat.errors import LedgerError

APPLICATION_ID = 0x6576_616C  # "eval"
SCHEMA_VERSION = 1
BUSY_TIMEOUT_S = 30.0

_SCHEMA = """
CREATE TABLE suites (
    sha256 TEXT PRIMARY KEY,
    body   TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE suite_cases (
    suite    TEXT NOT NULL REFERENCES suites (sha256),
    case_id  TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (suite, case_id)
) WITHOUT ROWID;
CREATE TABLE runs (
    id        TEXT PRIMARY KEY,
    suite     TEXT NOT NULL REFERENCES suites (sha256),
    trials    INTEGER NOT NULL,
    info      TEXT NOT NULL,
    closed_at TEXT
);
CREATE TABLE trials (
    run_id   TEXT NOT NULL REFERENCES runs (id),
    case_id  TEXT NOT NULL,
    position INTEGER NOT NULL,
    trial    INTEGER NOT NULL,
    failed   INTEGER NOT NULL,
    usage    TEXT NOT NULL,
    body     TEXT NOT NULL,
    UNIQUE (run_id, position, trial)
);
"""

_KEPT = "every finished trial is kept"
_MEANING = {
    "SQLITE_FULL": f"the disk is full; {_KEPT}: free some space, then go on with --resume",
    "SQLITE_READONLY": f"may not be written; {_KEPT}: give write permission to it and its folder, then try again",
    "SQLITE_CANTOPEN": "cannot be opened or created; check that its folder is there and may be written",
    "SQLITE_PERM": "cannot be opened: no permission",
    "SQLITE_BUSY": f"another process has kept it locked for {BUSY_TIMEOUT_S:g} s; {_KEPT}: try again",
    "SQLITE_LOCKED": f"another process has kept it locked for {BUSY_TIMEOUT_S:g} s; {_KEPT}: try again",
    "SQLITE_NOTADB": "is not a ledger; move it away, or name another one",
    "SQLITE_CORRUPT": "is damaged; what can be read of it is kept: move it away and recover it with `sqlite3 FILE "
    ".recover`, or put a backup in its place",
    "SQLITE_IOERR": f"the disk reports an error; {_KEPT}: check disk and quota, then go on with --resume",
}


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns errors of SQLite and the file system into a LedgerError of one line that says how to go on."""
    try:
        yield
    except sqlite3.Error as err:
        name = getattr(err, "sqlite_errorname", "") or ""
        meaning = next((text for prefix, text in _MEANING.items() if name.startswith(prefix)), None)
        raise LedgerError(f"ledger {path}: {meaning or f'cannot be used; {_KEPT}'} ({err})") from err
    except OSError as err:
        raise LedgerError(f"ledger {path}: {err.strerror or err}; {_KEPT}") from err


def connect(path: Path) -> sqlite3.Connection:
    """An open ledger, created where it is not there. Raises LedgerError."""
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        with explained(path):
            db.execute("PRAGMA foreign_keys = ON")
            # FULL: a commit that has returned outlives a loss of power, not only the end of the process.
            db.execute("PRAGMA synchronous = FULL")
            _adopt(db, path)
    except BaseException:
        db.close()
        raise
    return db


def _adopt(db: sqlite3.Connection, path: Path) -> None:
    db.execute("BEGIN")  # one view of the file, which another process may be making just now
    try:
        there = _is_ledger(db, path)
    finally:
        db.execute("ROLLBACK")
    if there:
        return
    _to_wal(db)
    with transaction(db):
        if _is_ledger(db, path):  # another process was faster
            return
        for statement in _SCHEMA.split(";"):
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _to_wal(db: sqlite3.Connection) -> None:
    """SQLite does not wait, as it does elsewhere, where two processes that make one file are in each other's way."""
    until = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as err:
            if err.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.005)


def _is_ledger(db: sqlite3.Connection, path: Path) -> bool:
    """False where the file is empty. Raises LedgerError where it is somebody else's, or newer than this program."""
    ours = db.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if not ours:
        if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            raise LedgerError(f"ledger {path}: is another program's database; name another file")
        return False
    if version != SCHEMA_VERSION:
        raise LedgerError(
            f"ledger {path}: has schema {version}, this evalplat reads {SCHEMA_VERSION}; upgrade evalplat"
        )
    return True


@contextlib.contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, on disk when it ends."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def exclusive(path: Path, holder: str) -> Iterator[None]:
    """Holds a lock that the operating system releases when the process dies, however it dies.

    The lock is SQLite's own on an empty database at `path`: the same on every system, and not inherited by children.
    Raises LedgerError where another process, or another task of this one, holds it.
    """
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path, timeout=0.2, isolation_level=None, check_same_thread=False)
    try:
        with explained(path):
            try:
                db.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as err:
                if (getattr(err, "sqlite_errorname", "") or "").startswith("SQLITE_BUSY"):
                    raise LedgerError(
                        f"{holder} is being run right now, by another process; wait for it to end"
                    ) from err
                raise
        yield
    finally:
        db.close()
