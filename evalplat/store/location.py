"""Where the store is, and what of that may be shown."""

from __future__ import annotations

import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from evalplat.errors import StoreError

DEFAULT_ROOT = Path(".evalplat")

_DATABASES = ("postgresql", "mysql", "mssql")
_CREDENTIALS = re.compile(r"(?<=://)[^\s/@]*(?:@[^\s/@]*)*@")
_SECRET_QUERY = re.compile(
    r"(?i)([?&][^=&\s]*(?:key|token|secret|password|passwd|pwd|sig|signature|auth)[^=&\s]*=)[^&\s]+"
)


@dataclass(frozen=True, slots=True)
class Location:
    """A store's address. `database` is the file of a sqlite store; `artifacts` is None where a server keeps them."""

    uri: str
    database: Path | None
    artifacts: Path | None

    @property
    def is_server(self) -> bool:
        """True for a tracking server, reached over HTTP."""
        return self.uri.startswith(("http://", "https://"))

    @property
    def shown(self) -> str:
        """The address without credentials."""
        return without_credentials(self.uri)

    @property
    def ui_command(self) -> str:
        """What a person types, or opens, to look at the store."""
        return self.shown if self.is_server else f"mlflow ui --backend-store-uri {shlex.quote(self.shown)}"


def locate(uri: str | None, root: Path) -> Location:
    """The address from the argument, else MLFLOW_TRACKING_URI, else `root`/mlflow.db.

    Raises StoreError for a kind of store that keeps no prompts or traces.
    """
    text = (uri or os.environ.get("MLFLOW_TRACKING_URI") or "").strip()
    home = Path(os.path.abspath(root))  # noqa: PTH100 - resolve() would follow links, and so leave the folder
    if not text:
        database = home / "mlflow.db"
        return Location(f"sqlite:///{database}", database, home / "artifacts")
    scheme = urlsplit(text).scheme.partition("+")[0]
    if scheme in ("http", "https"):
        return Location(text, None, None)
    if scheme == "sqlite":
        return _sqlite(text)
    if scheme in _DATABASES:
        return Location(text, None, home / "artifacts")
    raise StoreError(
        f"the experiment store {without_credentials(text)} is of a kind that is not supported: "
        "use sqlite:///FILE, http(s)://SERVER or a database (postgresql, mysql, mssql)"
    )


def without_credentials(text: str) -> str:
    """The text with user names, passwords and keys of all URLs in it taken out."""
    return _SECRET_QUERY.sub(r"\1***", _CREDENTIALS.sub("", text))


def _sqlite(uri: str) -> Location:
    prefix, _, rest = uri.partition(":///")
    name, mark, query = rest.partition("?")
    if not name or name == ":memory:":
        raise StoreError(f"the experiment store {uri} would be gone with this process: name a file, sqlite:///FILE")
    # Absolute, for MLflow keeps connections by address and would mix up two working directories.
    database = Path(os.path.abspath(name))  # noqa: PTH100
    return Location(f"{prefix}:///{database}{mark}{query}", database, database.parent / "artifacts")
