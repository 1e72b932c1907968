"""Same questions: which cases of two runs were asked and scored alike, so that their scores can be compared."""

from __future__ import annotations

from dataclasses import dataclass

from evalplat.errors import GateUndecidable
from evalplat.records import GatePolicy

from .gated import KeptRun


@dataclass(frozen=True, slots=True)
class Questions:
    """Of two runs: ids of the cases that both were asked alike, and of those that they were asked otherwise; metrics of
    the policy that were scored otherwise."""

    same: frozenset[str]
    others: tuple[str, ...] = ()
    rescored: tuple[str, ...] = ()


def questions_of(one: KeptRun, other: KeptRun, policy: GatePolicy) -> Questions | None:
    """None where all are the same, or nothing but scores is known of one of the runs."""
    if one.suite is None or other.suite is None or one.questions == other.questions:
        return None
    comparing = {rule.metric for rule in policy.metrics if not rule.alone}
    scorers, theirs = ({scorer.metric: scorer for scorer in suite.scorers} for suite in (one.suite, other.suite))
    known = {case.id: case.question_sha256 for case in one.suite.cases}
    alike = {case.id: known[case.id] == case.question_sha256 for case in other.suite.cases if case.id in known}
    return Questions(
        frozenset(case_id for case_id, same in alike.items() if same),
        tuple(case_id for case_id, same in alike.items() if not same),
        tuple(sorted(name for name in comparing & scorers.keys() & theirs.keys() if scorers[name] != theirs[name])),
    )


def require_same_questions(base: KeptRun, cand: KeptRun, policy: GatePolicy) -> None:
    """Raises GateUndecidable where scores of different things would be compared."""
    found = questions_of(base, cand, policy)
    if found is None or not (found.others or found.rescored):
        return
    what = [f"{len(found.others)} cases are others under the same id ({found.others[0]})"] if found.others else []
    what += [f"{', '.join(found.rescored)} was scored otherwise"] if found.rescored else []
    raise GateUndecidable(
        f"runs {base.run_id} and {cand.run_id} cannot be compared: {'; '.join(what)}. Run both on the suite as it is "
        "now: `evalplat run SUITE --agent AGENT`"
    )
