"""Against the anchor: the same rules, with an earlier release in the baseline's place."""

from __future__ import annotations

from evalplat.errors import GateUndecidable
from evalplat.records import GatePolicy


def against_anchor(policy: GatePolicy) -> GatePolicy:
    """The gating rules that compare two systems; those about the candidate alone say the same against any other.

    Raises GateUndecidable where there are none.
    """
    rules = tuple(rule for rule in policy.metrics if rule.gating and not rule.alone)
    if not rules:
        raise GateUndecidable("an anchor needs a gating rule that compares two systems; say `anchor: none`")
    return policy.model_copy(update={"metrics": rules, "slices": ()})
