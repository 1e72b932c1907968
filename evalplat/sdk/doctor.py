"""doctor: what is installed, configured and reachable, and what to do about what is not."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Literal, NamedTuple

from evalplat.errors import EvalplatError
from evalplat.records import ModelSettings

from .loop import run_to_end
from .workspace import workspace

_EXTRAS = {
    "local": ("xllamacpp",),
    "ragas": ("ragas",),
    "deepeval": ("deepeval",),
    "ray": ("ray",),
    "service": ("fastapi", "psycopg"),
    "notebook": ("jupyterlab",),
}


class Check(NamedTuple):
    """One thing that was looked at. `remedy` is empty where nothing needs to be done."""

    part: str
    state: Literal["ok", "absent", "broken"]
    detail: str
    remedy: str = ""


def doctor(*, model: str | None = None) -> list[Check]:
    """Every check, in the order of a set-up. `absent` is optional; `broken` is needed and does not work."""
    return [Check(*row) for row in _checks(model or "embedded")]


def _checks(model: str) -> Iterator[Check]:
    yield Check("python", "ok", f"{platform.python_version()} at {sys.executable}")
    yield from _extras()
    yield _tried("settings", lambda: f"{workspace().root}", "mend evalplat.toml")
    yield _tried("ledger", _ledger, "free the disk, or set EVALPLAT_DIR to a folder that can be written to")
    yield _tried("store", _store, "check MLFLOW_TRACKING_URI, or unset it to use a local database")
    yield from _keys()
    yield _tried(f"model {model}", lambda: _model(model), "see the message")


def _extras() -> Iterator[Check]:
    for extra, packages in _EXTRAS.items():
        try:
            found = ", ".join(f"{package} {version(package)}" for package in packages)
            yield Check(f"extra {extra}", "ok", found)
        except PackageNotFoundError as err:
            yield Check(f"extra {extra}", "absent", f"{err.name} is not installed", f"pip install 'evalplat[{extra}]'")


def _keys() -> Iterator[Check]:
    where = os.environ.get("OPENAI_BASE_URL", "the provider's default")
    if os.environ.get("OPENAI_API_KEY"):
        yield Check("OPENAI_API_KEY", "ok", f"set; base URL: {where}")
    else:
        yield Check("OPENAI_API_KEY", "absent", "not set", "needed only for models named openai:…")


def _tried(part: str, look: Callable[[], str], remedy: str) -> Check:
    try:
        return Check(part, "ok", look())
    except EvalplatError as err:
        return Check(part, "broken", str(err), remedy)


def _ledger() -> str:
    place = workspace()
    with place.ledger() as ledger:
        return f"{place.ledger_path}, {len(ledger.runs())} runs"


def _store() -> str:
    store = workspace().store()
    return f"{store.uri}, {len(store.runs())} runs"


def _model(name: str) -> str:
    async def look() -> str:
        from evalplat.runtime.gateway import Gateway

        async with Gateway() as gateway:
            await gateway.check(ModelSettings(name=name))
        return "answers"

    return run_to_end(look())
