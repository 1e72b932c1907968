"""Attempts: the same change gated again continues the same test; it is no fresh draw."""

from __future__ import annotations

from collections.abc import Sequence

from evalplat.records import Decision, Finding, Verdict

Evidence = tuple[str | None, str | None]


def evidence_before(earlier: Sequence[Decision], own: Evidence) -> tuple[Evidence, ...]:
    """Run ids (baseline, candidate) of the attempts before that on `own`, the first one first."""
    seen = list(dict.fromkeys(_evidence(one) for one in earlier))
    return tuple(seen[: seen.index(own)] if own in seen else seen)


def continued(decision: Decision, earlier: Sequence[Decision], *, pooled: bool = True) -> Decision:
    """`decision`, on the evidence of all attempts, as the latest of the attempts on one change.

    The error of a test is spent at its first attempt. So trying again cannot make a verdict better, only take it back:
    where all evidence together does not bear out what the first attempt said, the verdict is inconclusive.
    Under a policy or against an anchor that changed since it is judged anew, and a pass after what was none waits for
    a person: rules that change after the data was seen are no rules. `pooled` says whether `decision` has all evidence.
    """
    return _waiting(_continued(decision, earlier, pooled), earlier)


def _continued(decision: Decision, earlier: Sequence[Decision], pooled: bool) -> Decision:
    own = _evidence(decision)
    attempt = len(evidence_before(earlier, own)) + 1
    first = next((one for one in earlier if _test(one) == _test(decision)), None)
    if first is None and earlier:
        return _under_other_rules(decision, earlier, attempt)
    if first is None or _evidence(first) == own:
        told = f"this change was gated before: {_told(earlier)}"
        return decision if attempt == 1 else _noted(decision, attempt, told)
    spent = f"attempt {attempt} of the same change: the first one was {first.verdict}, and its error is spent"
    verdict: Verdict = first.verdict if decision.verdict == first.verdict else "inconclusive"
    if verdict == decision.verdict:
        return _noted(decision, attempt, spent)
    why = "new evidence does not bear it out" if first.verdict != "inconclusive" else "trying again cannot settle it"
    scope = "All evidence together" if pooled else "The latest run alone"
    reason = (
        f"This very change was gated before and was {first.verdict}; {why}. {scope}: {decision.reason} "
        "A larger test has to be planned as one: `evalplat plan`."
    )
    return _noted(decision, attempt, spent).model_copy(
        update={"verdict": verdict, "decision": "hold", "reason": reason}
    )  # fmt: skip


def attempted(decision: Decision, earlier: Sequence[Decision]) -> Decision:
    """The same for a gate that steered the candidate's run: each call counts, though it draws nothing anew."""
    found = continued(decision, earlier, pooled=False)
    if found.attempt > len(earlier):
        return found
    if found.attempt > 1:
        return found.model_copy(update={"attempt": len(earlier) + 1})
    told = f"this change was gated before ({_told(earlier)}): the same test, no new draw"
    noted = any(finding.code == "repeated_attempt" for finding in found.findings)
    return found.model_copy(update={"attempt": len(earlier) + 1}) if noted else _noted(found, len(earlier) + 1, told)


def _waiting(decision: Decision, earlier: Sequence[Decision]) -> Decision:
    """`decision`, a pass of which waits for a person where it did at an attempt before, under the same rules."""
    waits = any(
        one.decision == "needs-approval" and one.verdict == "pass" and _test(one) == _test(decision) for one in earlier
    )
    if not waits or decision.verdict != "pass" or decision.decision != "ship":
        return decision
    reason = f"{decision.reason} But it was for a person to decide when it was first gated, and still is."
    return decision.model_copy(update={"decision": "needs-approval", "reason": reason})


def _under_other_rules(decision: Decision, earlier: Sequence[Decision], attempt: int) -> Decision:
    what = "policy" if all(one.policy_sha256 != decision.policy_sha256 for one in earlier) else "anchor"
    found = _noted(decision, attempt, f"this change was gated before, under another {what}: {_told(earlier)}")
    if decision.verdict != "pass" or all(one.verdict == "pass" for one in earlier):
        return found
    reason = f"{decision.reason} But the {what} was changed after it had been {earlier[-1].verdict}: a person decides."
    return found.model_copy(update={"decision": "needs-approval", "reason": reason})


def _test(decision: Decision) -> tuple[str, str | None]:
    """What a test is, its evidence aside: the policy, and the release that the sum of changes is held to."""
    return decision.policy_sha256, None if decision.anchor is None else decision.anchor.anchor.ref


def _evidence(decision: Decision) -> Evidence:
    return (decision.baseline.run_id, decision.candidate.run_id)


def _told(earlier: Sequence[Decision]) -> str:
    return ", then ".join(one.verdict for one in earlier[-5:])


def _noted(decision: Decision, attempt: int, message: str) -> Decision:
    finding = Finding(code="repeated_attempt", message=message)
    return decision.model_copy(update={"attempt": attempt, "findings": (finding, *decision.findings)})
