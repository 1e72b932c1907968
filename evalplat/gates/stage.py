"""Stage: where in a test that looks more than once a comparison stands."""

from __future__ import annotations

from typing import NamedTuple

from evalplat.records import MetricRule


class Levels(NamedTuple):
    """One-sided nominal levels of one metric: of pass, of fail, and of a pass that takes alpha / 2."""

    passing: float
    failing: float
    near: float

    @classmethod
    def of(cls, rule: MetricRule) -> Levels:
        """Those of a test that looks once."""
        return cls(rule.alpha, rule.alpha, rule.alpha / 2)


class Stage(NamedTuple):
    """One look: the levels of each of the policy's metrics, and how many cases the test is planned for."""

    levels: tuple[Levels, ...]
    planned_cases: int
