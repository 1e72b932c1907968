"""Several: many candidates against one baseline, so that the best of many lucky ones does not ship."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from evalplat.records import Decision, GatePolicy, MetricDecision, ScoreTable, Verdict

from .compare import compare
from .decide import decide
from .pairing import Lacking


def decide_several(
    table: ScoreTable,
    policy: GatePolicy,
    *,
    baseline: str,
    candidates: Sequence[str],
    lacking: Lacking = "limited",
) -> tuple[Decision, ...]:
    """A decision for each candidate, in their order, by Holm over the candidates.

    The chance that any candidate that is worse by the margin passes is at most alpha, and so is the chance that any
    unchanged one fails: a claim is made at alpha over the number of candidates of which it has not been made yet.

    Raises ValueError for no candidates or one twice, and what `compare` raises.
    """
    if not candidates or len(set(candidates)) != len(candidates):
        raise ValueError("candidates must be given, and each but once")
    passed, left = _claimed("pass", candidates, lambda name, share: _at(table, policy, baseline, name, lacking, share))
    failed, _ = _claimed(
        "fail",
        [name for name in candidates if name not in passed],
        lambda name, share: _at(table, policy, baseline, name, lacking, share + len(passed)),
    )
    return tuple(passed.get(name) or failed.get(name) or _held(left[name]) for name in candidates)


def _claimed(
    verdict: Verdict, names: Sequence[str], judge: Callable[[str, int], Decision]
) -> tuple[dict[str, Decision], dict[str, Decision]]:
    """Holm: those of which the claim can be made, each at the level of its step; and the others, at the last one."""
    claimed: dict[str, Decision] = {}
    while True:
        rest = [name for name in names if name not in claimed]
        left = {name: judge(name, len(rest)) for name in rest}
        now = {name: found for name, found in left.items() if found.verdict == verdict}
        if not now:
            return claimed, left
        claimed |= now


def _at(table: ScoreTable, policy: GatePolicy, baseline: str, candidate: str, lacking: Lacking, share: int) -> Decision:
    """The decision with every alpha divided by `share`, told on the policy's own scale."""
    rules = tuple(rule.model_copy(update={"alpha": rule.alpha / share}) for rule in policy.metrics)
    strict = policy.model_copy(update={"metrics": rules})
    comparison = compare(table, strict, baseline=baseline, candidate=candidate, lacking=lacking)
    found = decide(comparison, strict)
    return found.model_copy(
        update={
            "metrics": tuple(_scaled(one, share) for one in found.metrics),
            "policy_sha256": policy.content_hash,
            "reason": f"{found.reason} (One of several candidates: at alpha / {share}.)",
        }
    )


def _scaled(one: MetricDecision, share: int) -> MetricDecision:
    p = one.comparison.p_adjusted
    scaled = None if p is None else min(1.0, p * share)
    return one.model_copy(update={"comparison": one.comparison.model_copy(update={"p_adjusted": scaled})})


def _held(found: Decision) -> Decision:
    """What is neither passed nor failed at its level is inconclusive: its drop did not survive the fails' own Holm."""
    if found.verdict == "inconclusive":
        return found
    return found.model_copy(update={"verdict": "inconclusive", "decision": "hold"})
