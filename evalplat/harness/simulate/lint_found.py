"""Found: one thing that lint found in a scenario, before it is known on which line."""

from __future__ import annotations

from dataclasses import dataclass

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A stable `kind`, the place within the scenario, what is wrong, and a way out."""

    kind: str
    place: Place
    message: str
    fix: str
