"""`ep.scenario`: scenarios, as `evalplat scenario`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lazy import lazily

if TYPE_CHECKING:
    from evalplat.sdk.scenario import lint, show
    from evalplat.sdk.scenario import play as run
    from evalplat.sdk.scenario_generate import generate_red_team

_PLACES = {
    "generate_red_team": "evalplat.sdk.scenario_generate:generate_red_team",
    "lint": "evalplat.sdk.scenario:lint",
    "run": "evalplat.sdk.scenario:play",
    "show": "evalplat.sdk.scenario:show",
}

__all__ = ["generate_red_team", "lint", "run", "show"]

if not TYPE_CHECKING:  # else a type checker would find every name here
    __getattr__ = lazily(__name__, _PLACES)


def __dir__() -> list[str]:
    return __all__
