"""Where a project keeps things: `.evalplat/` in the working directory, or EVALPLAT_DIR; settings in evalplat.toml."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from evalplat.errors import SpecError
from evalplat.records import Record, build

if TYPE_CHECKING:
    from evalplat.harness import Ledger
    from evalplat.store import Store


class Settings(Record):
    """`evalplat.toml`. `prices` are US dollars for a million tokens by model: {input = 1.0, output = 2.0}."""

    prices: dict[str, dict[str, float]] = Field(default_factory=dict)
    max_tokens: int | None = None
    max_cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Workspace:
    """Paths of a project. Nothing is created before it is used."""

    root: Path
    settings: Settings

    @property
    def ledger_path(self) -> Path:
        """Every finished trial."""
        return self.root / "ledger.db"

    @property
    def cache_path(self) -> Path:
        """Answers of models, by request and trial number."""
        return self.root / "cache.db"

    def ledger(self) -> Ledger:
        """The ledger, opened."""
        from evalplat.harness import Ledger

        return Ledger(self.ledger_path)

    def store(self) -> Store:
        """The experiment store, opened."""
        from evalplat.store import Store

        return Store.open(root=self.root)


def workspace(root: Path | None = None) -> Workspace:
    """The project in the working directory. Raises SpecError for a malformed evalplat.toml."""
    folder = root or Path(os.environ.get("EVALPLAT_DIR", ".evalplat"))
    return Workspace(folder, _settings(Path("evalplat.toml")))


def _settings(path: Path) -> Settings:
    if not path.is_file():
        return Settings()
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise SpecError(f"is not TOML: {err}", where=str(path)) from err
    return build(Settings, data, where=str(path))
