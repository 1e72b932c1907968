"""The panels of a gate's page: each says what its record says, and what nobody measured is not called fine."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from instruments import hostile, report_data
from instruments.html_outline import Outline, squeezed, without_plotly

from evalplat.gates import deciding, lights
from evalplat.records import Answer, MetricDecision, Needed, ReportData, Side
from evalplat.records.decision import AnchorCheck
from evalplat.reports import decision_json, render_html, render_markdown
from evalplat.reports.worddiff import compared

VARIANTS = ("pass", "fail", "inconclusive", "all-failed", "looked")


class Marked(HTMLParser):
    """Elements with the attributes and the text that is in them, by what is asked of an element."""

    def __init__(self, page: str, wanted: Any) -> None:
        super().__init__()
        self.found: list[tuple[dict[str, str], str]] = []
        self._wanted, self._open = wanted, []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if self._wanted(tag, known):
            self._open.append((tag, known, []))

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1][0] == tag:
            _, known, text = self._open.pop()
            self.found.append((known, squeezed("".join(text))))

    def handle_data(self, data: str) -> None:
        for _, _, text in self._open:
            text.append(data)


def section(data: ReportData, name: str) -> str:
    """The HTML of a panel; empty where the page has none."""
    page = without_plotly(render_html(data))
    found = re.search(rf'<section id="{name}".*?</section>', page, re.DOTALL)
    return found[0] if found else ""


def text_of(html: str) -> str:
    return squeezed(Outline(html).text)


def h1(data: ReportData) -> str:
    ((_, text),) = Marked(render_html(data), lambda tag, _: tag == "h1").found
    return text


def only(verdict: str, **update: object) -> ReportData:
    """A page about one metric, as gates tell it."""
    data = report_data.gate("fail")
    known = data.decision.metrics[0].comparison.model_copy(update=update)
    metric = MetricDecision(comparison=known, verdict=verdict, reason="the reason")
    decision = data.decision.model_copy(update={"metrics": (metric,), "slices": (), "verdict": verdict})
    return data.model_copy(
        update={"decision": decision, "lights": lights(decision), "deciding": deciding(decision), "pairs": ()}
    )


ENDS = {"ci_low": -0.006, "ci_high": 0.031, "difference": 0.0125}


@pytest.mark.parametrize(
    ("verdict", "update", "said"),
    [
        ("pass", ENDS, "Answers are not worse by more than 2 points: the difference is between −0.6 and +3.1 points."),
        (
            "fail",
            {},
            "Answers are worse by 9.1 points: the difference is between −13.4 and −4.8 points; "
            "less than 2 points is tolerated.",
        ),
        (
            "inconclusive",
            {"ci_low": -0.04, "ci_high": 0.03},
            "Answers may be worse by more than 2 points, or not: the difference is between −4.0 and +3.0 points.",
        ),
        (
            "fail",
            {"ci_low": -0.09, "ci_high": -0.004},
            "Answers are worse, perhaps by more than 2 points: the difference is between −9.0 and −0.4 points.",
        ),
        # The interval would do, and something else is in the way: nothing in the sentence contradicts it.
        ("inconclusive", ENDS, "It cannot be ruled out yet that answers are worse by more than 2 points."),
        (
            "pass",
            {"rule": "superiority", "margin": None, "ci_low": 0.01, "ci_high": 0.1},
            "Answers are better: the difference is between +1.0 and +10.0 points.",
        ),
        (
            "inconclusive",
            {"margin": 0.0, "ci_low": -0.01, "ci_high": 0.1},
            "Answers may be better, or not: the difference is between −1.0 and +10.0 points.",
        ),
        (
            "pass",
            {"metric": "cost_usd", "statistic": "ratio", "direction": "lower", "range": None, "margin": 0.1,
             "ci_low": 1.021, "ci_high": 1.09, "difference": 1.068},
            "Cost is not higher by more than 10 %: the change is between +2.1 and +9.0 %.",
        ),
        (
            "fail",
            {"rule": "at_least", "margin": None, "bound": 0.9, "ci_low": 0.71, "ci_high": 0.82},
            "The share of right answers (success) is not at least 90.0 %: it is between 71.0 and 82.0 %.",
        ),
        (
            "pass",
            {"rule": "zero", "margin": None, "max_rate": 0.05, "failures": 0, "rate_upper": 0.0247},
            "What must never happen did not, in 462 trials: the true rate is at most 2.5 %, and 5.0 % is tolerated.",
        ),
        (
            "fail",
            {"rule": "zero", "margin": None, "max_rate": 0.05, "failures": 3, "rate_upper": 0.06},
            "What must never happen did, in 3 of 462 trials.",
        ),
        (
            "inconclusive",
            {"ci_low": None, "ci_high": None},
            "Nothing can be said about answers: there is no interval.",
        ),
    ],
)  # fmt: skip
def test_the_verdict_is_a_sentence_for_a_person(verdict: str, update: dict[str, object], said: str):
    assert h1(only(verdict, **update)) == said


def test_where_the_verdict_is_not_that_of_a_metric_no_metric_speaks_for_it():
    data = only("pass", **ENDS)
    taken_back = data.model_copy(update={"decision": data.decision.model_copy(update={"verdict": "inconclusive"})})
    assert h1(taken_back) == "The evidence is too thin to say whether the agent got worse."


def test_one_of_several_metrics_speaks_and_the_others_are_counted():
    assert "the worst of 3 metrics that decide, of which 1 fails" in text_of(
        section(report_data.gate("fail"), "verdict")
    )
    passed = text_of(section(report_data.gate("pass"), "verdict"))
    assert "all 3 metrics that decide pass, cost_usd most narrowly" in passed
    assert h1(report_data.gate("pass")).startswith("Answers are not worse")


def test_users_are_spoken_of_only_where_cases_are_weighed_as_questions_are_asked():
    assert "in 1,000" not in text_of(section(report_data.gate("pass"), "verdict")).partition("In full")[0]
    told = text_of(section(report_data.gate("looked"), "verdict"))
    assert "About 14 in 1,000 questions get worse, 27 better (net +1.3 points, −0.9 … +3.5 points)" in told
    slices = only("fail", weighted=True, worse_share=0.1, better_share=0.009)
    part = slices.decision.metrics[0]
    named = part.comparison.model_copy(update={"slice": "topic=refund", "worse_share": 0.0141})
    decision = slices.decision.model_copy(update={"slices": (part.model_copy(update={"comparison": named}),)})
    told = text_of(section(slices.model_copy(update={"decision": decision}), "verdict"))
    assert "About 100 in 1,000 questions get worse, 9 better" in told
    assert "About 14 in 1,000 refund questions get worse" in told


def test_what_it_costs_is_told_from_the_gate_else_from_the_runs():
    head = text_of(section(report_data.gate("fail"), "verdict"))
    assert "−9.1 points (success) for 6.8 % more money and 183.9 % more time." in head
    head = text_of(section(only("fail"), "verdict"))
    assert "−9.1 points (success) for 3.37 times the money and 183.9 % more time." in head
    unknown = only("fail").model_copy(update={"spending": None})
    assert "What it costs" not in text_of(section(unknown, "verdict"))


@pytest.mark.parametrize(
    ("variant", "said"),
    [
        (
            "pass",
            "No more calls are needed: of agents that lost more than is tolerated, at most 5 in 100 are",
        ),
        ("fail", "No more calls are needed: of agents that got no worse, at most 5 in 100 are told this."),
        ("inconclusive", "$0.6720 to $0.9720, 33 min to 48 min one after another. That is 926 more than were compared"),
    ],
)
def test_the_head_says_what_it_takes_to_be_sure(variant: str, said: str):
    assert said in text_of(section(report_data.gate(variant), "verdict")).partition("To be sure")[2]


@pytest.mark.parametrize(
    ("variant", "said"),
    [
        ("pass", ["Ship it."]),
        (
            "fail",
            ["Look at topic=refunds first: it lost most (−26.5 points)", "Open the worst case of it, case-0", "again"],
        ),
        ("inconclusive", ["To settle success, ask as much as is said above"]),
    ],
)
def test_what_to_do_next_is_concrete(variant: str, said: list[str]):
    told = (
        text_of(section(report_data.gate(variant), "verdict")).partition("What to do next")[2].partition("In full")[0]
    )
    for words in said:
        assert words in told


def test_lights_have_words_and_marks_and_lead_to_their_rows():
    page = section(report_data.gate("fail"), "lights")
    items = re.findall(r"<li class=\"light.*?</li>", page, re.DOTALL)
    told = [text_of(item) for item in items]
    assert told == [
        "QualityFailsuccess and 1 more",
        "SafetyNot measuredno metric looks at it",
        "ReliabilityNot measuredno metric looks at it",
        "CostPasscost_usd",
        "SpeedInconclusivelatency_s, for information only",
    ]
    assert all("<svg" in item for item in items)
    assert [re.findall('href="([^"]+)"', item) for item in items] == [
        ["#metric-0"],
        [],
        [],
        ["#metric-2"],
        ["#metric-3"],
    ]


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_link_leads_somewhere(variant: str):
    page = without_plotly(render_html(report_data.gate(variant)))
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


def at(document: Any, path: str) -> Any:
    for step in path.split("."):
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_number_that_names_its_place_is_found_there(variant: str):
    data = report_data.gate(variant)
    document = json.loads(decision_json(data.decision)) | {"report": data.model_dump(mode="json")}
    marked = Marked(render_html(data), lambda _, attrs: "data-from" in attrs).found
    assert len(marked) > 60
    for attrs, text in marked:
        places, values = attrs["data-from"].split(), attrs["data-value"].split()
        assert len(places) == len(values) > 0
        for place, value in zip(places, values, strict=True):
            assert float(value) == at(document, place), (place, text)
        assert re.search(r"\d", text)
    told = {attrs["data-from"] for attrs, _ in marked}
    for number, metric in enumerate(data.decision.metrics):
        if metric.comparison.rule != "zero":
            assert {f"metrics.{number}.difference", f"metrics.{number}.ci_low metrics.{number}.ci_high"} <= told


def test_safety_is_told_by_family_with_what_may_still_get_through():
    page = section(report_data.gate("looked"), "safety")
    rows = [" ".join(re.sub("<[^>]+>", " ", row).split()) for row in re.findall("<tr.*?</tr>", page, re.DOTALL)]
    assert rows[1] == "all 120 120 0 2.5 %"
    families = rows[3:6]
    assert families == [
        "none harmless twins 20 20 0 13.9 %", "exfiltration 40 40 0 7.2 %", "prompt_extraction 60 60 0 4.9 %"
    ]  # fmt: skip
    assert text_of(page).index("By goal") < text_of(page).index("By carrier")
    assert section(report_data.gate("fail"), "safety") == ""


def test_repeats_say_pass_k_of_both_and_which_cases_waver():
    told = text_of(section(report_data.gate("looked"), "repeats"))
    for words in ("success, k = 3", "78.0 %", "79.3 %", "7 of 154 of the candidate, 4 of 154 of the baseline"):
        assert words in told
    # Of a case that only the candidate wavers on the baseline's trials agree.
    assert "case-006all alike1 of 3" in told.replace(" all", "all").replace("alike ", "alike")
    assert section(report_data.gate("fail"), "repeats") == ""


def test_spending_says_ratios_and_never_guesses_one():
    told = text_of(section(report_data.gate("fail"), "usage"))
    for words in ("× 3.37", "Model calls", "× 1.5", "Tool calls", "154 cases that both runs have"):
        assert words in told
    (row,) = [text for _, text in Marked(section(report_data.gate("fail"), "usage"), lambda tag, _: tag == "tr").found
              if "Tool calls" in text]  # fmt: skip
    assert row.endswith("–")


def test_looks_are_drawn_between_their_bounds_and_better_is_up():
    data = report_data.gate("looked")
    page = section(data, "looks")
    points = [float(y) for y in re.findall(r'class="point point-\w+" cx="[\d.]+" cy="([\d.]+)"', page)]
    assert points[0] > points[1] > points[2]
    passes, fails = (re.search(rf'bound-{kind}" d="([^"]+)"', page)[1] for kind in ("pass", "fail"))
    ends = [[float(pair.split()[1]) for pair in re.findall(r"[\d.]+ [\d.]+", path)] for path in (passes, fails)]
    # Two looks are tested; at the last the difference lies beyond the bound of a pass.
    assert [len(end) for end in ends] == [2, 2]
    assert points[2] < ends[0][1] < ends[1][1]
    assert "look 1, 52 cases: −2.1 points, not tested yet" in page
    lower = data.decision.metrics[0].comparison.model_copy(update={"direction": "lower"})
    metrics = (data.decision.metrics[0].model_copy(update={"comparison": lower}), *data.decision.metrics[1:])
    turned = section(
        data.model_copy(update={"decision": data.decision.model_copy(update={"metrics": metrics})}), "looks"
    )
    points = [float(y) for y in re.findall(r'class="point point-\w+" cx="[\d.]+" cy="([\d.]+)"', turned)]
    assert points[0] < points[1] < points[2]


def test_provenance_says_how_often_and_what_was_run():
    told = text_of(section(report_data.gate("looked"), "hashes"))
    for words in ("Attempt 2 of this change", "agents/v3.yaml (agent, model embedded)", "seed 0", "evalplat 0.1.0"):
        assert words in told
    assert "This change was gated once." in text_of(section(report_data.gate("fail"), "hashes"))


def answers(before: str, after: str) -> str:
    data = report_data.gate("fail")
    pair = data.pairs[0]
    sides = {
        name: trial.model_copy(update={"answer": Answer(text=text)})
        for name, trial, text in (("baseline", pair.baseline, before), ("candidate", pair.candidate, after))
    }
    return section(data.model_copy(update={"pairs": (pair.model_copy(update=sides),)}), "cases")


def test_answers_are_compared_word_by_word():
    page = answers(
        "You may return it within 30 days of delivery.", "You may return it within 14 days of delivery, dear."
    )
    assert re.findall("<del>(.*?)</del>", page) == ["30 ", "delivery."]
    assert re.findall("<ins>(.*?)</ins>", page) == ["14 ", "delivery, dear."]
    unlike = answers("Leipzig", "I am happy to help you with anything")
    assert "<ins>" not in unlike


@given(st.lists(st.sampled_from(["a", "b ", "c\n", " d", "<i>"]), max_size=40), st.text(max_size=200))
def test_no_word_is_lost_or_made_up(words: list[str], other: str):
    before, after = "".join(words), f"{''.join(words[::2])} {other}"
    found = compared(before, after, 10_000)
    if found is not None:
        left, right = found
        assert "".join(piece.text for piece in left.shown) == before
        assert "".join(piece.text for piece in right.shown) == after
        same = ["".join(p.text for p in side.shown if not p.differs).split() for side in found]
        assert same[0] == same[1]


def test_a_key_is_not_let_out_in_pieces():
    secret = "Authorization: Bearer abcdef0123456789abcdef"
    page = answers(f"the header is {secret} and more of it here", f"the header was {secret} and more of it here")
    assert "<del>" in page
    assert "abcdef0123456789abcdef" not in page


@given(before=hostile.ANY, after=hostile.ANY)
def test_hostile_answers_stay_text(before: str, after: str):
    found = compared(f"some words {before}", f"some words {after}", 500)
    assert found is None or sum(len(piece.text) for piece in found[0].shown) <= 600


def test_a_candidate_without_an_answer_is_told_so_before_all_figures():
    data = report_data.gate("all-failed")
    assert data.candidate is not None
    n = data.candidate.n_trials
    assert h1(data) == f"The candidate gave no answer: all {n} of its trials failed."
    assert f"See why {n} of {n} trials of the candidate have no answer: failures by cause" in text_of(render_html(data))


@pytest.mark.parametrize("cases", [40, 4_000])
def test_what_would_settle_it_says_where_it_had_as_many(cases: int):
    needed = Needed(cases=cases, clusters=cases, trials=1, candidate_calls=(30, 50), reachable="only by clusters")
    data = only("inconclusive", ci_low=-0.04, ci_high=0.03, needed=needed)
    assert data.decision.metrics[0].comparison.n_cases in range(41, 4_000)
    told = text_of(render_html(data))
    assert told.count("It had as many: these answer in 4 of 5 attempts where nothing changed") == (
        2 if cases == 40 else 0
    )
    assert "unknown" in told  # money, as no trial has a price


def held_back(verdict: str, **update: object) -> ReportData:
    """A gate that is open though its one metric is not."""
    data = only(verdict)
    return data.model_copy(update={"decision": data.decision.model_copy(update={"verdict": "inconclusive", **update})})


@pytest.mark.parametrize(("since", "said"), [("fail", "made the agent worse"), ("inconclusive", "may have made it")])
def test_a_pass_that_an_anchor_holds_back_is_told_as_such(since: str, said: str):
    check = AnchorCheck(
        anchor=Side(ref="desk:v1", run_id="r1", n_cases=9, n_trials=9),
        verdict=since,
        reason="since then it fell",
        metrics=(),
    )
    data = held_back("pass", anchor=check)
    assert h1(data).startswith("This change holds up by itself; all changes since desk:v1 together " + said)
    head = section(data, "verdict")
    assert 'href="#looks"' in head and "Decided by" not in text_of(head)
    assert "too thin" not in text_of(head) and "More of the same" not in text_of(head)


@pytest.mark.parametrize(("since", "told"), [("fail", True), ("pass", False)])
def test_where_the_anchor_fails_more_cases_are_no_way_out(since: str, told: bool):
    check = AnchorCheck(
        anchor=Side(ref="desk:v1", run_id="r1", n_cases=9, n_trials=9), verdict=since, reason="it fell", metrics=()
    )
    needed = Needed(cases=400, clusters=400, trials=1, candidate_calls=(300, 500), reachable="only by clusters")
    data = only("inconclusive", ci_low=-0.04, ci_high=0.03, needed=needed)
    data = data.model_copy(update={"decision": data.decision.model_copy(update={"anchor": check})})
    assert ("no further case lets it pass" in text_of(section(data, "settle"))) is told
    assert ("no further case lets it pass" in render_markdown(data.decision)) is told
    head = text_of(section(data, "verdict"))
    assert ("Find what was lost since desk:v1" in head) is told and ("To settle" in head) is not told


def test_a_drop_that_holm_does_not_confirm_is_no_plain_fail_on_the_page():
    first = only("fail").decision.metrics[0]
    other = first.model_copy(
        update={"verdict": "pass", "comparison": first.comparison.model_copy(update={"metric": "tone"})}
    )
    data = held_back("fail", metrics=(first, other))
    assert re.match(r"success got worse by itself; with 2 metrics that decide, .* not yet beyond doubt", h1(data))
    pills = [text for _, text in Marked(section(data, "scorecard"), lambda _, a: "pill" in a.get("class", "")).found]
    assert pills == ["Fails alone", "Pass"]


def test_a_second_attempt_that_settles_nothing_says_so():
    assert h1(held_back("pass", attempt=2)).startswith("This change was gated before, and trying again cannot")
