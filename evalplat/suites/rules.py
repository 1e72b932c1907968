"""Rules: what a change is held to, from the files as they stand where it goes to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evalplat.records import Case, GatePolicy, ScorerSpec, build

from .suite import SuiteFile, load_policy, policy_of_suite, read_dataset, read_plain


@dataclass(frozen=True, slots=True)
class Rules:
    """The policy that stands; of a suite.yaml also its cases and scorers. `absent` is a dataset that is not there, so
    that its cases are not known."""

    policy: GatePolicy | None
    cases: tuple[Case, ...] = ()
    scorers: tuple[ScorerSpec, ...] = ()
    absent: str | None = None


def load_rules(path: Path | str) -> Rules:
    """Of a gate.yaml, or of a suite.yaml, whose datasets may be absent.

    Raises SpecError naming file, line and field, and CaseError for a dataset.
    """
    path = Path(path)
    data, lines = read_plain(path)
    if not isinstance(data, dict) or "datasets" not in data:
        return Rules(load_policy(path))
    file = build(SuiteFile, data, where=str(path), lines=lines)
    policy = policy_of_suite(file, path, lines)
    absent = next((name for name in file.datasets if not (path.parent / name).exists()), None)
    there = [path.parent / name for name in file.datasets if (path.parent / name).exists()]
    cases = tuple(case for one in there for case in read_dataset(one).cases)
    return Rules(policy, cases, file.scorers, None if absent is None else str(path.parent / absent))
