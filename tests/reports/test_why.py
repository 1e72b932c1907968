"""What stands out in the cases that got worse: said where the baseline differs, silent where nothing does."""

from __future__ import annotations

import pytest
from instruments import report_data

from evalplat.gates import standing_out
from evalplat.records import Answer, Case, CasePair, Failure, ReportData, Span, Trace, Trial, TrialKey, Usage
from evalplat.reports import render_html
from evalplat.reports.display import text_of
from evalplat.reports.why import why

ONLY = report_data.gate("fail").decision.model_copy(update={"flips": ()})
IDS = {"trace_id": "ab" * 16, "span_id": "cd" * 8}


def chat(reason: str, *, limit: int | None = 32, end: int = 10) -> Span:
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.response.finish_reasons": (reason,)}
    more = {} if limit is None else {"gen_ai.request.max_tokens": limit}
    return Span(**IDS, name="chat m", start_unix_nano=0, end_unix_nano=end, attributes=attributes | more)


def tool(name: str, status: str = "error") -> Span:
    attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name}
    return Span(**IDS, name="execute_tool", start_unix_nano=0, end_unix_nano=1, status=status, attributes=attributes)


def trial(number: int, text: str | None, *spans: Span) -> Trial:
    return Trial(
        key=TrialKey(case_id=f"c{number}"),
        seed=0,
        answer=None if text is None else Answer(text=text),
        failure=Failure(kind="ProviderError", message="it said 500") if text is None else None,
        usage=Usage(),
        latency_s=0.1,
        started_at=report_data.AT,
        trace=Trace(trace_id=IDS["trace_id"], spans=spans) if spans else None,
    )


def page(*sides: tuple[Trial, Trial], change: float = -1.0) -> ReportData:
    pairs = [
        CasePair(case=Case(id=f"c{n}", input="?"), baseline=base, candidate=cand, change=change)
        for n, (base, cand) in enumerate(sides)
    ]
    return report_data.gate("fail").model_copy(
        update={"pairs": tuple(pairs), "standing_out": standing_out(pairs), "decision": ONLY}
    )


def old(number: int, *spans: Span) -> Trial:
    return trial(number, f"the answer to question number {number}", *spans)


def test_how_often_the_other_answers_have_it_too_is_told():
    worse = [(old(n), trial(n, f"cut {n}", chat("length"))) for n in range(5)]
    pairs = [
        CasePair(case=Case(id=f"c{n}", input="?"), baseline=base, candidate=cand, change=-1.0)
        for n, (base, cand) in enumerate(worse)
    ]
    rest = [trial(n, "said", chat("length" if n % 2 else "stop")) for n in range(5, 25)]
    found = standing_out(pairs, [*(cand for _, cand in worse), *rest])
    data = report_data.gate("fail").model_copy(update={"pairs": tuple(pairs), "standing_out": found, "decision": ONLY})
    assert why(data)[0].endswith("(the baseline's in none; so it was in 10 of the 20 other trials).")


def test_answers_that_were_cut_off_are_counted_beside_the_baselines():
    data = page(
        *[
            (old(n, chat("length" if n == 0 else "stop")), trial(n, f"cut {n} so to say and", chat("length")))
            for n in range(5)
        ]
    )
    assert why(data) == [
        "In 5 of the 5 cases that got worse the candidate's answer was cut off at 32 tokens (the baseline's in 1)."
    ]
    assert why(data)[0] in render_html(data).replace("&#39;", "'") and why(data)[0] in text_of(data)
    assert "· cut off at 32 tokens" in render_html(data)


@pytest.mark.parametrize("reason", ["length", "MAX_TOKENS", "max_output_tokens"])
def test_the_last_answer_counts_whatever_the_provider_calls_its_end(reason: str):
    cut = trial(0, "a", chat("stop"), chat(reason, limit=None, end=20))
    assert cut.trace.cut_off and cut.trace.token_limit is None
    assert not trial(0, "a", chat(reason), chat("stop", end=20)).trace.cut_off


def test_one_answer_to_everything_a_failing_tool_and_no_answer_at_all_are_named():
    same = page(*[(old(n), trial(n, "I don't know.")) for n in range(4)])
    assert why(same)[0].startswith("In 4 of the 4 cases that got worse the candidate said the same: “I don't know.”")
    failing = page(*[(old(n), trial(n, f"the odd answer to question {n}", tool("lookup"))) for n in range(4)])
    assert "the candidate's tool lookup failed (the baseline's in none)" in why(failing)[0]
    silent = page(*[(old(n), trial(n, None)) for n in range(4)])
    assert "In 4 of the 4 cases that got worse the candidate gave no answer" in why(silent)[0]
    long = page(*[(old(n), trial(n, f"a word {n} " * 30)) for n in range(4)])
    assert why(long)[0].endswith("answers have 90 words at the median, the baseline's 6.")


def test_what_is_in_both_or_in_few_or_in_better_cases_does_not_stand_out():
    both = [
        (old(n, chat("length")), trial(n, f"another answer to this question {n}", chat("length"))) for n in range(5)
    ]
    assert why(page(*both)) == []
    few = [(old(n, chat("stop")), trial(n, None)) for n in range(2)]
    assert why(page(*few)) == []
    better = [(trial(n, None), old(n)) for n in range(5)]
    assert why(page(*better, change=1.0)) == []
