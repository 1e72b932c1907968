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
    from evalplat.runtime.gateway import PriceTable
    from evalplat.store import Store


class PriceSetting(Record):
    """US dollars for a million tokens."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    cached_input: float | None = Field(default=None, ge=0)


class Settings(Record):
    """`evalplat.toml`: prices by model as agents name it (`openai:NAME`), and the hard budget of a run."""

    prices: dict[str, PriceSetting] = Field(default_factory=dict)
    max_tokens: int | None = Field(default=None, ge=1)
    max_cost_usd: float | None = Field(default=None, gt=0)


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

    @property
    def locks(self) -> Path:
        """One file for each dataset that is being curated."""
        return self.root / "locks"

    def prices(self) -> PriceTable:
        """Prices of models: the project's own before the listed ones."""
        from evalplat.runtime.gateway import OwnPrice, PriceTable

        return PriceTable({name: OwnPrice(**price.model_dump()) for name, price in self.settings.prices.items()})

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
