"""Checks: stated figures, margins and changes that cannot be are refused, not planned for."""

from __future__ import annotations

from collections.abc import Mapping

from evalplat.errors import GateUndecidable
from evalplat.gates.pairing import ends
from evalplat.records import MetricRule

ANY = ""
"""Key of a figure that holds for every metric without one of its own."""

Figures = Mapping[str, float]

LARGEST = 1e100
"""Beyond it squares leave the numbers that a computer has."""

_ROUNDING = 1e-9


def figure(figures: Figures, metric: str) -> float | None:
    """The metric's own figure, else the one for every metric."""
    return figures.get(metric, figures.get(ANY))


def check_figures(
    rule: MetricRule,
    *,
    rate: float | None,
    discordance: float | None,
    sd: float | None,
    icc: float | None,
    trial_share: float | None,
) -> None:
    """Raises GateUndecidable naming the option of a guess that no scores can have."""
    where = f"metric {rule.metric}"
    for option, value in (("--discordance", discordance), ("--icc", icc), ("--trial-share", trial_share)):
        if value is not None and not 0 <= value <= 1:
            raise GateUndecidable(f"{option}: {where}: expected a number from 0 to 1, found {value:g}")
    if sd is not None and not 0 <= sd <= LARGEST:
        raise GateUndecidable(f"--sd: {where}: expected a number from 0 to {LARGEST:g}, found {sd:g}")
    if rate is not None and not abs(rate) <= LARGEST:
        raise GateUndecidable(f"--rate: {where}: expected at most {LARGEST:g}, found {rate:g}")
    if rule.range is None:
        return
    low, high = (0.0, 1.0) if rule.statistic.startswith("pass^") else ends(rule.range)
    if rate is not None and not low <= rate <= high:
        raise GateUndecidable(f"--rate: {where}: its scores lie between {low:g} and {high:g}, found {rate:g}")
    if rule.statistic == "ratio":
        return  # --sd is in parts of the mean
    _check_spread(rule, where, rate, discordance, sd, (low, high))


def _check_spread(
    rule: MetricRule,
    where: str,
    rate: float | None,
    discordance: float | None,
    sd: float | None,
    limits: tuple[float, float],
) -> None:
    """What scores of that range and mean can differ by at most: two runs are apart least where they share nothing."""
    low, high = limits
    room = 0.5 * (high - low) if rate is None else min(rate - low, high - rate)
    if rule.range == "binary" and discordance is not None and discordance > 2.0 * room + _ROUNDING:
        raise GateUndecidable(
            f"--discordance: {where}: with a mean of {rate:g} at most {2.0 * room:g} of the cases can differ, found "
            f"{discordance:g}"
        )
    # Of one score (Bhatia & Davis 2000), or of a difference, whose ends are twice as far apart.
    most = (room * (high - low - room)) if rule.alone else 2.0 * room * (high - low)
    if sd is not None and sd**2 > most * (1.0 + _ROUNDING):
        raise GateUndecidable(f"--sd: {where}: with such scores at most {most**0.5:.4g}, found {sd:g}")


def check_margin(rule: MetricRule) -> None:
    """A margin as wide as the range tolerates everything, and one beyond all numbers more. Raises GateUndecidable."""
    tolerated = rule.margin if rule.rule == "non_inferiority" else rule.effect
    for name, value in (("margin", tolerated), ("bound", rule.bound)):
        if value is not None and not abs(value) <= LARGEST:
            raise GateUndecidable(f"metric {rule.metric}: expected a {name} of at most {LARGEST:g}, found {value:g}")
    if tolerated is None or rule.statistic == "ratio":
        return
    if rule.range is None and not rule.statistic.startswith("pass^"):
        return
    low, high = (0.0, 1.0) if rule.range is None else ends(rule.range)
    if tolerated >= high - low:
        raise GateUndecidable(
            f"metric {rule.metric}: a margin of {tolerated:g} tolerates any drop, as the scores lie between {low:g} "
            f"and {high:g}; 2 points are 0.02"
        )


def check_effect(rule: MetricRule, stated: float | None) -> None:
    """A stated change for the better that no scores can make. Raises GateUndecidable."""
    most = LARGEST
    if rule.range is not None and rule.statistic != "ratio":
        low, high = ends(rule.range)
        most = high - low
    if stated is not None and not abs(stated) <= most:
        raise GateUndecidable(f"--effect: metric {rule.metric}: a change of at most {most:g} can be, found {stated:g}")
