"""GatePolicy: the rule by which a comparison becomes a decision. The field names are those of gate.yaml."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, model_validator

from .base import Name, Record, content_hash
from .dimension import Dimension

Rule = Literal["non_inferiority", "superiority", "at_least", "at_most", "zero", "no_significant_drop"]
Direction = Literal["higher", "lower"]
Estimand = Literal["population", "suite"]
ValueRange = Literal["binary"] | tuple[float, float]


class MetricRule(Record):
    """One metric's rule. With [L, U] the interval at 1 - 2 alpha, turned so that higher is better."""

    metric: Name
    rule: Rule = "non_inferiority"
    statistic: str = Field(default="mean", description="`mean`, `ratio` (of totals), `p50`, `p95` or `pass^K`.")
    direction: Direction = "higher"
    margin: float | None = Field(default=None, ge=0, description="non_inferiority: largest drop that is tolerated.")
    bound: float | None = Field(default=None, description="at_least and at_most: the bound B.")
    max_rate: float | None = Field(default=None, gt=0, lt=1, description="zero: largest upper bound of the rate.")
    effect: float | None = Field(default=None, gt=0, description="no_significant_drop: largest tolerable effect e.")
    alpha: float = Field(default=0.05, ge=1e-6, le=0.25)
    range: ValueRange | None = Field(default=None, description="`binary`, [lo, hi], or absent: unbounded.")
    worst: float | None = Field(default=None, description="Unbounded metrics: value of a failed candidate trial.")
    best: float | None = Field(default=None, description="Unbounded metrics: best value of a failed baseline trial.")
    gating: bool = True
    dimension: Dimension | None = Field(
        default=None, description="Which side of the agent it is about; absent: told from scorer, rule and name."
    )

    @model_validator(mode="before")
    @classmethod
    def _turned_by_its_rule(cls, data: Any) -> Any:
        """A bound says by itself which way is better; a direction that contradicts it is refused."""
        turned = {"at_least": "higher", "at_most": "lower"}
        if isinstance(data, dict) and data.get("rule") in turned:
            direction = turned[data["rule"]]
            if data.get("direction", direction) != direction:
                raise ValueError(f"rule {data['rule']} has direction {direction}")
            return {**data, "direction": direction}
        return data

    @model_validator(mode="after")
    def _complete(self) -> MetricRule:
        if not re.fullmatch(r"mean|ratio|p50|p95|pass\^[1-9]\d*", self.statistic):
            raise ValueError(f"statistic {self.statistic!r} is none of mean, ratio, p50, p95, pass^K")
        owner = {"margin": ("non_inferiority",), "bound": ("at_least", "at_most"), "max_rate": ("zero",),
                 "effect": ("no_significant_drop",)}  # fmt: skip
        for option, rules in owner.items():
            if self.rule in rules and getattr(self, option) is None:
                raise ValueError(f"rule {self.rule} needs `{option}`")
            if self.rule not in rules and getattr(self, option) is not None:
                raise ValueError(f"`{option}` belongs to rule {' or '.join(rules)}, not to {self.rule}")
        if isinstance(self.range, tuple) and not self.range[0] < self.range[1]:
            raise ValueError("range must be [lo, hi] with lo < hi")
        if self.statistic == "ratio" and self.alone:
            raise ValueError(f"rule {self.rule} is about the candidate alone; statistic ratio compares two")
        if self.rule == "zero" and self.statistic != "mean":
            raise ValueError(f"rule zero counts failures; statistic {self.statistic} does not apply")
        return self

    @property
    def alone(self) -> bool:
        """Whether the rule is about the candidate alone."""
        return self.rule in ("at_least", "at_most", "zero")


class Stopping(Record):
    """How a gate that runs the candidate itself may end before the last case."""

    looks: int = Field(default=5, ge=1, le=20, description="Looks at most, at equal shares of the clusters; 1: none.")
    futility: bool = Field(default=True, description="End as inconclusive where a pass is out of reach.")
    recheck: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Share of a kept baseline's cases to run again, to see if it drifted; 0: none, nor before a fail.",
    )


class Extension(Record):
    """How far a gate may go on that is inconclusive at its last case: planned, and its error shared out, beforehand."""

    calls: int = Field(ge=1, description="Candidate trials in all: the cases are asked again, as often as they allow.")

    def trials(self, cases: int, planned: int) -> int:
        """Candidate trials a case at most, of a gate of so many cases that is planned with `planned` trials each."""
        return max(planned, self.calls // cases)


class GatePolicy(Record):
    """The whole gate."""

    estimand: Estimand = "population"
    cluster: Name | None = Field(
        default=None, description="A column, or `none`; absent: the column `cluster` where the data has it."
    )
    metrics: tuple[MetricRule, ...] = Field(min_length=1)
    slices: tuple[Name, ...] = Field(default=(), description="Columns `slice.*` to break the metrics down by.")
    on_inconclusive: Literal["hold", "extend", "ask"] = "hold"
    extend: Extension | None = Field(default=None, description="on_inconclusive extend: the budget.")
    stopping: Stopping = Stopping()
    anchor: Name | None = Field(
        default=None,
        description="A run, alias or system that the change is gated against too, so that small drops cannot add up; "
        "absent: the alias `anchor`, where the suite has it; `none`: no anchor.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> GatePolicy:
        keys = [(rule.metric, rule.statistic, rule.rule) for rule in self.metrics]
        if len(set(keys)) != len(keys):
            raise ValueError("metrics: the same metric, statistic and rule occurs twice")
        if self.extend is not None and self.on_inconclusive != "extend":
            raise ValueError("extend: a budget belongs to `on_inconclusive: extend`")
        if not any(rule.gating for rule in self.metrics):
            raise ValueError("metrics: at least one must be gating")
        for rule in self.metrics:
            if self.estimand == "suite" and rule.statistic != "mean":
                raise ValueError(f"metrics: estimand suite is for statistic mean; {rule.metric} has {rule.statistic}")
        for name in self.slices:
            if not name.startswith("slice."):
                raise ValueError(f"slices: {name!r} must begin with `slice.`")
        return self

    @property
    def content_hash(self) -> str:
        """SHA-256; that of a policy without a budget or dimensions is what it was before there were any."""
        unused: dict[str, Any] = {"extend": True} if self.extend is None else {}
        if all(rule.dimension is None for rule in self.metrics):
            unused["metrics"] = {"__all__": {"dimension"}}
        return content_hash(self.model_dump(mode="json", exclude=unused))
