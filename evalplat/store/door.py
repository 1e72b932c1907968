"""The door to MLflow: imported when first used, silent, bounded in time, and its errors turned into ours."""

from __future__ import annotations

import os
import socket
import sqlite3
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from evalplat.errors import EvalplatError, StoreError

from .location import Location, without_credentials
from .template import ensure_database

# Put in for the time of a call and taken out again: MLflow reads its settings from the environment only.
# Never a caller's own value is replaced, but for telemetry, printing and asynchronous logging, which lose or leak.
_ALWAYS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_DISABLE_AGENT_HINT": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_ENABLE_ASYNC_LOGGING": "false",
}
_UNLESS_SET = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",
    # A trace that says what a model used would make MLflow fetch a list of prices from the network.
    "MLFLOW_MODEL_CATALOG_URI": "",
}
_FIRST_CONTACT = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": "6"}
_DATABASE_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
_CONNECT_S = 5.0

_lock = threading.RLock()


class Door:
    """A connection to one MLflow store. `client` and `tracing` are MLflow's; use them only inside `using`."""

    def __init__(self, location: Location) -> None:
        self.location = location
        self.client: Any = None
        self.tracing: Any = None

    @classmethod
    def open(cls, location: Location) -> Door:
        """Connect, making a sqlite store where there is none. Raises StoreError within seconds where that fails."""
        door = cls(location)
        with door.using("cannot be reached", first_contact=True):
            door._connect()
        return door

    @contextmanager
    def using(self, trouble: str, *, first_contact: bool = False) -> Iterator[None]:
        """Scope of all use of MLflow. Whatever goes wrong becomes a StoreError: the store `trouble`, why, what next.

        One thread at a time, for MLflow is configured through the process's environment.
        """
        settings = {key: value for key, value in _UNLESS_SET.items() if key not in os.environ} | _ALWAYS
        if first_contact:
            settings |= _FIRST_CONTACT
        with _lock, _environment(settings), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                with _silence():
                    yield
            except EvalplatError:
                raise
            except Exception as err:
                if not isinstance(err, _vendor_errors()):
                    raise
                raise self._store_error(trouble, err) from self._cause(err)

    def _connect(self) -> None:
        location = self.location
        if location.database is not None and location.artifacts is not None:
            ensure_database(location.database, location.artifacts)
        elif not location.is_server:
            _try_database(location.uri)
        from mlflow.tracing.client import TracingClient
        from mlflow.tracking import MlflowClient

        # Both addresses are named, or the registry would be the caller's global one.
        self.client = MlflowClient(tracking_uri=location.uri, registry_uri=location.uri)
        self.tracing = TracingClient(location.uri)
        self.client.search_experiments(max_results=1)

    def _store_error(self, trouble: str, err: BaseException) -> StoreError:
        detail = without_credentials(" ".join(str(err).split())) or type(err).__name__
        shown = detail if len(detail) <= 400 else detail[:397] + "..."
        return StoreError(f"the experiment store {self.location.shown} {trouble}: {shown}; {self._next_step(detail)}")

    def _next_step(self, detail: str) -> str:
        if "out-of-date database schema" in detail:
            return f"take a backup, then `mlflow db upgrade {self.location.shown}`"
        if self.location.is_server:
            return "see that the server runs and MLFLOW_TRACKING_URI is right, or unset it to use .evalplat/mlflow.db"
        return "see that it exists, can be written and has space"

    def _cause(self, err: BaseException) -> BaseException | None:
        # A traceback would print what the vendor's message holds: the address with its password.
        return err if without_credentials(self.location.uri) == self.location.uri else None


def _try_database(uri: str) -> None:
    """One attempt to connect. MLflow itself would try ten times, for 100 s."""
    parts = urlsplit(uri)
    if parts.hostname is not None:
        port = parts.port or _DATABASE_PORTS[parts.scheme.partition("+")[0]]
        socket.create_connection((parts.hostname, port), timeout=_CONNECT_S).close()
    import sqlalchemy

    engine = sqlalchemy.create_engine(uri)
    try:
        engine.connect().close()
    finally:
        engine.dispose()


def _vendor_errors() -> tuple[type[Exception], ...]:
    import sqlalchemy.exc
    from mlflow.exceptions import MlflowException

    # requests' and shutil's errors are OSErrors; a database driver that is not installed is an ImportError.
    return (MlflowException, sqlalchemy.exc.SQLAlchemyError, sqlite3.Error, OSError, NotImplementedError, ImportError)


@contextmanager
def _environment(settings: dict[str, str]) -> Iterator[None]:
    before = {key: os.environ.get(key) for key in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                os.environ.pop(key, None)
            else:
                os.environ[key] = value


def _silence() -> Any:
    """MLflow's own switch for the logs of this thread; the caller's logging stays as it is."""
    from mlflow.utils.logging_utils import suppress_logs_in_thread

    return suppress_logs_in_thread()
