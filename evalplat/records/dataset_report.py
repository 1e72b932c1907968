"""What is found out about datasets: sizes, what changed, parts, what to look at, agreement of labels."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .base import Name, Record


class DatasetFacts(Record):
    """A dataset in figures. A case without a cluster counts as a cluster of its own."""

    where: str
    digest: str
    n_cases: int = Field(ge=1)
    n_clusters: int = Field(ge=1)
    n_labelled: int = Field(ge=0)
    weighted: bool
    slices: dict[str, dict[str, int]] = Field(description="By slice and value: how many cases.")


class FieldChange(Record):
    """One field of a case, by its dotted path; None where it was, or is, not there. Long text is cut."""

    field: str
    before: str | None
    after: str | None


class CaseChange(Record):
    """A case that is on both sides with other content."""

    id: Name
    fields: tuple[FieldChange, ...] = Field(min_length=1)


class DatasetDiff(Record):
    """What became of a dataset. `relabelled` are cases of which only `expect` or `labels` changed."""

    before: str
    after: str
    before_digest: str
    after_digest: str
    n_before: int
    n_after: int
    n_same: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    retired: tuple[str, ...] = Field(default=(), description="Of those removed: cases that were retired, with figures.")
    changed: tuple[CaseChange, ...]
    relabelled: tuple[CaseChange, ...]

    @property
    def is_empty(self) -> bool:
        """Whether both sides have the same content."""
        return self.before_digest == self.after_digest


class SplitPart(Record):
    """One part of a split dataset. `asked` is the share asked for, `share` the one it has, of cases."""

    name: Name
    path: str
    asked: float
    share: float
    n_cases: int
    n_clusters: int
    strata: dict[str, int] = Field(default_factory=dict, description="Cases by value of the stratifying slice.")


class DatasetSplit(Record):
    """A dataset in parts that share no cluster. `kept` are the cases that earlier parts of that name already had."""

    where: str
    seed: int
    stratify: str | None
    kept: int
    parts: tuple[SplitPart, ...]


class DatasetFinding(Record):
    """Something to look at. `against` names the other side, where there is one; `similarity` is 0 to 1."""

    code: Literal[
        "no_card",
        "near_duplicate",
        "across_clusters",
        "contradiction",
        "leak",
        "personal_data",
        "secret",
        "crowded",
    ]
    message: str
    cases: tuple[str, ...] = ()
    against: str | None = None
    similarity: float | None = None


class DatasetCheck(Record):
    """What a check found, and what it did."""

    facts: DatasetFacts
    threshold: float
    against: tuple[str, ...]
    findings: tuple[DatasetFinding, ...]


class Agreement(Record):
    """How far the people who labelled agree on one label. None, with a reason, where the data cannot tell."""

    label: Name
    level: Literal["nominal", "ordinal", "interval"]
    n_cases: int = Field(description="Cases with this label.")
    n_pairable: int = Field(description="Cases that two people or more labelled.")
    people: dict[str, int] = Field(description="By person: how many cases.")
    share_agreed: float | None = Field(description="Of the pairable cases, those on which all said the same.")
    alpha: float | None = Field(description="Krippendorff's.")
    alpha_reason: str | None = None
    kappa: float | None = Field(default=None, description="Cohen's, unweighted; where exactly two people labelled.")
    kappa_low: float | None = None
    kappa_high: float | None = None
    kappa_reason: str | None = None
    disputed: tuple[str, ...] = Field(description="Cases on which not all said the same.")


class Weighing(Record):
    """Weights put on cases so that they count as traffic does. The mean weight is 1."""

    slices: tuple[str, ...]
    n_cases: int
    effective_cases: float = Field(description="(sum of weights)^2 / sum of squares (Kish 1965).")
    uncovered: dict[str, float] = Field(description="Traffic that no case stands for, and its share.")
    weights: dict[str, float] = Field(description="By cell: the weight of each of its cases.")
