"""Each kind of scorer, through build: what is right, what is wrong, and why in words."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalplat.errors import SpecError
from evalplat.records import (
    Answer,
    Case,
    Citation,
    Expectation,
    Failure,
    Score,
    ScoreFailure,
    ScorerSpec,
    ScoringContext,
    Trial,
    TrialKey,
    Usage,
)
from evalplat.scorers import Scorer, build

AT = datetime(2026, 1, 2, tzinfo=UTC)


def scorer(kind: str, **options: Any) -> Scorer:
    return build([ScorerSpec.model_validate({"metric": "m", "kind": kind, "options": options})])[0]


def trial(answer: str | None = "answer", *, cites: tuple[str, ...] = (), usage: Usage | None = None) -> Trial:
    citations = tuple(Citation(source_id=source, score=1.0, text="...") for source in cites)
    return Trial(
        key=TrialKey(case_id="c"),
        seed=1,
        answer=None if answer is None else Answer(text=answer, citations=citations),
        failure=Failure(kind="ModelUnreachable", message="connection closed") if answer is None else None,
        usage=usage or Usage(),
        latency_s=1.25,
        started_at=AT,
    )


def outcome(one: Scorer, expect: dict[str, Any], answer: str | None, **more: Any) -> Score | ScoreFailure:
    case = Case(id="c", input="?", expect=Expectation.model_validate(expect))
    assert one.applies(case)
    return one.score(ScoringContext(case=case, trial=trial(answer, **more)))


def scored(
    kind: str, expect: dict[str, Any], answer: str, /, options: dict[str, Any] | None = None
) -> tuple[float, str]:
    got = outcome(scorer(kind, **(options or {})), expect, answer)
    assert isinstance(got, Score), got
    return got.value, got.explanation


def failed(
    kind: str, expect: dict[str, Any], answer: str | None, options: dict[str, Any] | None = None
) -> ScoreFailure:
    got = outcome(scorer(kind, **(options or {})), expect, answer)
    assert isinstance(got, ScoreFailure), got
    return got


def test_exact():
    expect = {"answers": ["4.95", "Four ninety-five"]}
    assert scored("exact", expect, " four  NINETY–five\n") == (1.0, "is 'Four ninety-five'")
    assert scored("exact", expect, "It is 4.95") == (0.0, "'It is 4.95' is none of '4.95', 'Four ninety-five'")
    assert scored("exact", expect, "FOUR ninety-five", {"case_sensitive": True})[0] == 0.0
    assert not scorer("exact").applies(Case(id="c", input="?"))


def test_contains():
    expect = {"answers": ["3 to 5 days", "3-5 days"]}
    assert scored("contains", expect, "It takes 3–5 days.") == (1.0, "found '3-5 days'")
    assert scored("contains", expect, "13-5 days") == (0.0, "none of '3 to 5 days', '3-5 days' found")
    assert scored("contains", expect, "3-5 days", {"require": "all"}) == (0.0, "'3 to 5 days' not found")
    assert scored("contains", expect, "3-5 days or 3 to 5 days", {"require": "all"})[0] == 1.0
    assert scored("contains", {"answers": ["Paris"]}, "PARIS", {"case_sensitive": True})[0] == 0.0
    assert failed("contains", {"answers": ["\u200b"]}, "x").failure.kind == "EmptyExpectation"


def test_regex():
    expect = {"pattern": r"\b\d{3}-\d{4}\b"}
    assert scored("regex", expect, "call 555-1234") == (1.0, r"'555-1234' matches '\b\d{3}-\d{4}\b'")
    assert scored("regex", expect, "call 555 1234") == (0.0, r"no match of '\b\d{3}-\d{4}\b'")
    assert scored("regex", expect, "call 555-1234", {"match": "full"})[0] == 0.0
    assert scored("regex", {}, "HELLO", {"pattern": "hello", "ignore_case": True})[0] == 1.0
    assert failed("regex", {"pattern": "(a"}, "a").failure.kind == "SpecError"


@pytest.mark.parametrize("pattern", [r"(a|aa)+$", r"(x+x+)+y", r"^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_catastrophic_patterns_end_in_time_as_failures(pattern):
    start = time.monotonic()
    got = failed("regex", {"pattern": pattern}, "a" * 40 + "x" * 5000 + "!", {"timeout_s": 0.2})
    assert (got.failure.kind, got.value) == ("Timeout", None)
    assert "took longer than 0.2 s" in got.failure.message
    assert time.monotonic() - start < 5


def test_number():
    expect = {"number": 4.95, "tolerance": 0.01}
    assert scored("number", expect, "It is $4.95, or 5.00 with tax") == (1.0, "states $4.95")
    assert scored("number", expect, "4.96")[0] == 1.0
    assert scored("number", expect, "It is 14.95") == (0.0, "states 14.95, expected 4.95 within 0.01")
    assert scored("number", expect, "four") == (0.0, "states no number, expected 4.95 within 0.01")
    assert scored("number", expect, "4.95 or 5", {"only": True})[0] == 0.0
    assert scored("number", expect, "4.95, i.e. 4.95", {"only": True})[0] == 1.0
    assert scored("number", {"number": 100}, "101", {"relative_tolerance": 0.01})[0] == 1.0
    assert scored("number", {"number": 5}, "3-5 days")[0] == 0.0
    assert scored("number", {"number": 1234567}, "1,234,567") == (1.0, "states 1,234,567")


SCHEMA = {"type": "object", "properties": {"n": {"type": "integer", "maximum": 5}}, "required": ["n"],
          "additionalProperties": False}  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "value", "why"),
    [
        ('{"n": 3}', 1.0, "is JSON of the expected shape"),
        ('```json\n{"n": 3}\n```', 1.0, "is JSON of the expected shape"),
        ('{"n": 7}', 0.0, "$.n: 7 is greater than the maximum of 5"),
        ('{"m": 3}', 0.0, "$: "),
        ("[]", 0.0, "$: [] is not of type 'object'"),
        ("3 apples", 0.0, "'3 apples' is not JSON: Extra data"),
        ('{"n": NaN}', 0.0, "'{\"n\": NaN}' is not JSON: NaN is not JSON"),
        ("[" * 100_000, 0.0, "'" + "[" * 57 + "...' is not JSON: "),
        ("", 0.0, "'' is not JSON"),
    ],
)
def test_json_schema(answer, value, why):
    got = scored("json_schema", {"json_schema": SCHEMA}, answer)
    assert got[0] == value
    assert got[1].startswith(why)


def test_json_schema_for_all_cases_and_its_hostile_sides():
    assert scored("json_schema", {}, '"x"', {"json_schema": {"type": "string"}})[0] == 1.0
    slow = {"patternProperties": {"^(a|aa)+$": {"type": "integer"}}, "additionalProperties": False}
    bomb = "a" * 60 + "b"
    assert failed("json_schema", {"json_schema": {"pattern": "^(a|aa)+$"}}, f'"{bomb}"').failure.kind == "Timeout"
    assert failed("json_schema", {"json_schema": slow}, f'{{"{bomb}": 1}}').failure.kind == "Timeout"
    assert scored("json_schema", {"json_schema": slow}, '{"aaa": 1}')[0] == 1.0
    assert scored("json_schema", {"json_schema": slow}, '{"aaa": "1"}')[0] == 0.0
    assert scored("json_schema", {"json_schema": slow}, '{"b": 1}')[0] == 0.0
    unique = {"uniqueItems": True}
    many = "[" + ",".join(f'{i},"{i}"' for i in range(40_000)) + "]"
    start = time.process_time()
    assert scored("json_schema", {"json_schema": unique}, many)[0] == 1.0
    assert time.process_time() - start < 5
    assert scored("json_schema", {"json_schema": unique}, "[1, true, 1.0]")[0] == 0.0
    assert failed("json_schema", {"json_schema": {"type": "sting"}}, "1").failure.kind == "SpecError"


def test_a_schema_elsewhere_is_not_fetched():
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/schema.json"
        got = failed("json_schema", {"json_schema": {"$ref": url}}, "1")
        server.shutdown()
        thread.join()
    assert asked == []
    assert got.failure == Failure(kind="SpecError", message=f"expect.json_schema: $ref {url} leads nowhere")


ABSTENTIONS = [
    "I don't know.", "I don’t know!", "Sorry, I do not know that.", "The passage does not mention it.",
    "The provided context doesn't specify a price.", "This is not stated anywhere.", "I'm unable to answer this.",
    "I am not sure about that.", "There is no information about it.", "I couldn't find that in the documents.",
    "It cannot be determined from the text.",
]  # fmt: skip
ANSWERS = [
    "Yes.", "4.95", "We do not provide gift wrapping.", "It does not contain nuts.", "Not available in red.",
    "You will know when it arrives.", "I know it is 5 days.", "Refunds are not included.", "",
]  # fmt: skip


@pytest.mark.parametrize("answer", ABSTENTIONS)
def test_an_abstention_is_known(answer):
    value, why = scored("abstention", {"abstain": True}, answer)
    assert value == 1.0
    assert why.startswith("abstains: '")
    assert scored("abstention", {}, answer, {"cases": "answerable"})[0] == 0.0
    assert scored("expectation", {"abstain": True}, answer)[0] == 1.0


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_is_no_abstention(answer):
    assert scored("abstention", {"abstain": True}, answer) == (0.0, "does not abstain")
    assert scored("abstention", {}, answer, {"cases": "all"}) == (1.0, "answers")
    assert scored("expectation", {"abstain": True}, answer)[0] == 0.0


def test_phrases_of_abstention_can_be_added_or_replaced():
    assert scored("abstention", {"abstain": True}, "Keine Ahnung.", {"phrases": ["keine Ahnung"]})[0] == 1.0
    options = {"phrases": ["pass"], "only_phrases": True}
    assert scored("abstention", {"abstain": True}, "I don't know", options)[0] == 0.0
    assert scored("abstention", {"abstain": True}, "Pass!", options)[0] == 1.0
    assert scored("abstention", {"abstain": True}, "the passage", options)[0] == 0.0


def test_abstention_looks_at_the_cases_that_it_is_asked_to():
    right, wrong = Case(id="c", input="?", expect=Expectation(abstain=True)), Case(id="c", input="?")
    for cases, applies in (("unanswerable", (True, False)), ("answerable", (False, True)), ("all", (True, True))):
        one = scorer("abstention", cases=cases)
        assert (one.applies(right), one.applies(wrong)) == applies


@pytest.mark.parametrize(
    ("cites", "values", "why"),
    [
        (("p1", "p2"), (1.0, 1.0, 1.0, 1.0), "cites 'p1', 'p2'"),
        (("p1", "x"), (0.0, 1.0, 0.5, 0.5), "cites 'p1', 'x', lacks 'p2'"),
        (("x", "p2", "p2", "p1"), (1.0, 1.0, 1.0, 2 / 3), "cites 'x', 'p2', 'p1'"),
        (("x",), (0.0, 0.0, 0.0, 0.0), "cites 'x', lacks 'p1', 'p2'"),
        ((), (0.0, 0.0, 0.0, 0.0), "cites nothing, lacks 'p1', 'p2'"),
    ],
)
def test_citation(cites, values, why):
    for measure, value in zip(("all", "any", "recall", "precision"), values, strict=True):
        got = outcome(scorer("citation", measure=measure), {"sources": ["p1", "p2"]}, "text", cites=cites)
        assert isinstance(got, Score)
        assert (got.value, got.explanation) == (pytest.approx(value), why)
    assert not scorer("citation").applies(Case(id="c", input="?"))


@pytest.mark.parametrize(
    ("expect", "right", "wrong"),
    [
        ({"answers": ["4.95"]}, "It is 4.95", "It is 14.95"),
        ({"number": 30}, "30 days", "13 days"),
        ({"pattern": "^yes"}, "yes, it is", "no"),
        ({"json_schema": {"type": "integer"}}, "5", "five"),
        ({"number": 30, "answers": ["days"]}, "30 days", "30 weeks"),
        ({"answers": ["30 days"]}, "30 days", "I don't know whether it is 30 days"),
    ],
)
def test_expectation_is_all_that_the_case_says(expect, right, wrong):
    assert scored("expectation", expect, right)[0] == 1.0
    assert scored("expectation", expect, wrong)[0] == 0.0


def test_expectation_says_why_and_hands_options_on():
    assert scored("expectation", {"number": 30, "answers": ["days"]}, "30 days")[1] == "states 30; found 'days'"
    assert scored("expectation", {"answers": ["5"]}, "I don't know")[1] == (
        "abstains though there is an answer: 'i don't know'"
    )
    assert scored("expectation", {"number": 5}, "5 or 6", {"number": {"only": True}})[0] == 0.0
    phrases = {"abstention": {"phrases": ["no idea"]}}
    assert scored("expectation", {"abstain": True}, "No idea", phrases)[0] == 1.0
    assert not scorer("expectation").applies(Case(id="c", input="?", expect=Expectation(sources=("p",))))


def test_measures():
    usage = Usage(input_tokens=70, output_tokens=30, calls=2, cost_usd=0.5)
    for kind, options, value, why in (
        ("latency", {}, 1.25, "1.25 s"),
        ("tokens", {}, 100.0, "100 total tokens in 2 call(s)"),
        ("tokens", {"count": "input"}, 70.0, "70 input tokens in 2 call(s)"),
        ("tokens", {"count": "output"}, 30.0, "30 output tokens in 2 call(s)"),
        ("cost", {}, 0.5, "0.5 USD for 100 tokens"),
    ):
        got = outcome(scorer(kind, **options), {}, "x", usage=usage)
        assert isinstance(got, Score)
        assert (got.value, got.explanation) == (value, why)
        lost = outcome(scorer(kind, **options), {}, None, usage=usage)
        assert isinstance(lost, ScoreFailure)
        assert (lost.value, lost.failure.kind) == (value, "ModelUnreachable")


def test_an_answer_from_the_cache_has_no_latency():
    got = outcome(scorer("latency"), {}, "x", usage=Usage(input_tokens=1, cached_calls=1))
    assert isinstance(got, ScoreFailure)
    assert (got.failure.kind, got.value) == ("NotMeasured", None)


def test_what_nobody_can_know_is_a_failure():
    unpriced = Usage(input_tokens=1, calls=1, cost_usd=None)
    got = outcome(scorer("cost"), {}, "x", usage=unpriced)
    assert isinstance(got, ScoreFailure)
    assert got.failure == Failure(kind="Unpriced", message="a call of this trial has no known price")
    assert got.value is None
    lost = outcome(scorer("cost"), {}, None, usage=unpriced)
    assert isinstance(lost, ScoreFailure)
    assert (lost.failure.kind, lost.value) == ("ModelUnreachable", None)
    unknown = Usage(input_tokens=5, calls=2, unknown_usage_calls=1, cost_usd=0.25)
    for kind, value in (("tokens", 5.0), ("cost", 0.25)):
        got = outcome(scorer(kind), {}, "x", usage=unknown)
        assert isinstance(got, ScoreFailure)
        assert (got.failure.kind, got.value) == ("UsageUnknown", value)


CONTENT = {
    "exact": {"answers": ["x"]}, "contains": {"answers": ["x"]}, "regex": {"pattern": "x"}, "number": {"number": 1},
    "json_schema": {"json_schema": {}}, "abstention": {"abstain": True}, "citation": {"sources": ["p"]},
    "expectation": {"answers": ["x"]},
}  # fmt: skip


@pytest.mark.parametrize("kind", CONTENT)
def test_a_failed_trial_is_a_failure_with_its_cause(kind):
    got = failed(kind, CONTENT[kind], None)
    assert got.failure == Failure(kind="ModelUnreachable", message="connection closed")
    assert (got.key, got.metric, got.value) == (TrialKey(case_id="c"), "m", None)


@pytest.mark.parametrize("kind", [kind for kind in CONTENT if kind != "citation"])
def test_an_endless_answer_is_a_failure(kind):
    assert failed(kind, CONTENT[kind], "x" * 1_000_001).failure.kind == "AnswerTooLong"


@given(kind=st.sampled_from(sorted(CONTENT)), answer=st.text(max_size=80))
@settings(max_examples=150, deadline=None)
def test_any_answer_gives_a_score_of_0_or_1(kind, answer):
    assert scored(kind, CONTENT[kind], answer)[0] in (0.0, 1.0)


def test_what_a_check_raises_is_a_failure_and_not_lost():
    from evalplat.scorers.base import AnswerScorer, Judged

    class Broken:
        def applies(self, case: Case) -> bool:
            return True

        def check(self, case: Case, answer: Answer) -> Judged:
            raise ZeroDivisionError("divided\nby zero")

    class NotANumber(Broken):
        def check(self, case: Case, answer: Answer) -> Judged:
            return Judged(float("nan"), "")

    for check, kind in ((Broken(), "ZeroDivisionError"), (NotANumber(), "ValidationError")):
        got = AnswerScorer("m", check).score(ScoringContext(case=Case(id="c", input="?"), trial=trial("x")))
        assert isinstance(got, ScoreFailure)
        assert got.failure.kind == kind
        assert "\n" not in got.failure.message


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("contains", {"case": True}, "scorer of 'm' (contains): unknown option 'case'; the options are: case_sens"),
        ("latency", {"unit": "ms"}, "scorer of 'm' (latency): unknown option 'unit'; the options are: none"),
        ("contains", {"require": "most"}, "scorer of 'm' (contains): option 'require': Input should be 'any' or 'all'"),
        ("regex", {"pattern": "(a"}, "scorer of 'm' (regex): option 'pattern': is not a regular expression:"),
        ("json_schema", {"json_schema": {"type": "sting"}}, "scorer of 'm' (json_schema): option 'json_schema': is"),
        ("abstention", {"only_phrases": True}, "scorer of 'm' (abstention): option 'options': only_phrases needs"),
        ("expectation", {"number": {"onli": True}}, "scorer of 'm' (expectation): unknown option 'number.onli'"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_named_with_its_metric(kind, options, said):
    with pytest.raises(SpecError) as caught:
        scorer(kind, **options)
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)
