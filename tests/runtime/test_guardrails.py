"""Guardrails: what is blocked, what passes, and that a complaint repeats nothing of the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalplat.errors import GuardrailBlocked, SpecError
from evalplat.records import Citation, Guardrails
from evalplat.runtime.guardrails import Rails


@given(limit=st.integers(1, 20), text=st.text(max_size=30))
def test_length_limits_are_exact(limit: int, text: str) -> None:
    rails = Rails(Guardrails(max_input_chars=limit, max_output_chars=limit))
    for check in (rails.check_input, rails.check_output):
        if len(text) > limit:
            with pytest.raises(GuardrailBlocked, match=f"at most {limit} allowed"):
                check(text)
        else:
            check(text)


def test_forbidden_patterns_block_the_answer_alone() -> None:
    rails = Rails(Guardrails(forbid_output=(r"\bIBAN\b", r"(?i)guarantee[ds]?")))
    rails.check_input("My IBAN?")
    rails.check_output("We promise nothing.")
    with pytest.raises(GuardrailBlocked, match=r"forbid_output\.1 blocked the answer") as caught:
        rails.check_output("line one\nIt is GUARANTEED, says secret-name.")
    assert "secret-name" not in str(caught.value)


def test_an_answer_too_long_to_search_is_blocked_not_passed() -> None:
    with pytest.raises(GuardrailBlocked, match="too many to be searched"):
        Rails(Guardrails(forbid_output=("needle",))).check_output("x" * 100_001)
    Rails(Guardrails()).check_output("x" * 100_001)


@pytest.mark.parametrize("pattern", ["(", "a{2,1}", "(?P<x>a)(?P<x>b)", "x" * 1001])
def test_a_bad_pattern_is_said_at_once(pattern: str) -> None:
    with pytest.raises(SpecError, match=r"forbid_output\.0"):
        Rails(Guardrails(forbid_output=(pattern,)))


@given(threshold=st.floats(-1, 1), scores=st.lists(st.floats(-1, 1), max_size=4))
def test_abstains_where_even_the_best_is_below(threshold: float, scores: list[float]) -> None:
    rails = Rails(Guardrails(abstain_below=threshold, abstain_text="No idea."))
    citations = [Citation(source_id=str(i), score=score, text="") for i, score in enumerate(scores)]
    best = max(scores, default=float("-inf"))
    assert rails.abstention(citations) == ("No idea." if best < threshold else None)
    assert rails.may_abstain
    assert Rails(Guardrails()).abstention(citations) is None


class NoShouting:
    name = "no_shouting"

    def complaint(self, text: str) -> str | None:
        return "is shouted" if text.isupper() else None


def test_further_checks_come_after_those_of_the_spec() -> None:
    rails = Rails(Guardrails(max_input_chars=10), input_checks=[NoShouting()], output_checks=[NoShouting()])
    with pytest.raises(GuardrailBlocked, match="max_input_chars"):
        rails.check_input("HELLO, IS THERE ANYBODY?")
    with pytest.raises(GuardrailBlocked, match="no_shouting blocked the input: is shouted"):
        rails.check_input("HELLO")
    with pytest.raises(GuardrailBlocked, match="no_shouting blocked the answer"):
        rails.check_output("HELLO")
