"""Lights: quality, safety, reliability, cost and speed at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from evalplat.records import Light, ReportData
from evalplat.reports import figures
from evalplat.reports.held import unconfirmed
from evalplat.reports.verdict_words import places_of
from evalplat.reports.words import ESTIMANDS, VERDICTS


@dataclass(frozen=True, slots=True)
class LightView:
    """A light as it is shown: a word and a mark beside its colour, and the row that it leads to."""

    name: str
    state: str
    word: str
    note: str
    link: str | None


def lights(data: ReportData) -> dict[str, Any]:
    """The lights, none where nobody told how dimensions stand; and a few counts."""
    return {
        "lights": [_view(light, data) for light in data.lights],
        "tally": figures.tally(data),
        "estimand": ESTIMANDS[data.decision.estimand],
    }


def _view(light: Light, data: ReportData) -> LightView:
    name = light.dimension.capitalize()
    if light.verdict is None:
        return LightView(name, "unmeasured", "Not measured", "no metric looks at it", None)
    rows = places_of(data, light.dimension)
    if not rows:
        return LightView(name, light.verdict, VERDICTS[light.verdict].label, "", None)
    worst = [
        place
        for place in rows
        if data.decision.metrics[place].verdict == light.verdict
        and data.decision.metrics[place].comparison.gating == light.gating
    ]
    shown = (worst or rows)[0]
    more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
    note = f"{data.decision.metrics[shown].comparison.metric}{more}" + (
        "" if light.gating else ", for information only"
    )
    alone = any(unconfirmed(data.decision, data.decision.metrics[place]) for place in worst)
    label = "Fails alone" if alone else VERDICTS[light.verdict].label
    return LightView(name, light.verdict, label, note, f"metric-{shown}")
