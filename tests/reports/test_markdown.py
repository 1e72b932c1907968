"""The pull-request comment, read back by a Markdown parser."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from instruments import hostile, report_data
from markdown_it import MarkdownIt
from markdown_it.token import Token

from evalplat.records import Decision, Flip, Needed
from evalplat.reports import render_markdown

OURS = re.compile(r"<details><summary>[\w ,:()]+</summary>|</details>|</?sub>|<br>")


def tokens(markdown: str) -> list[Token]:
    parsed = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(markdown)
    return [inner for token in parsed for inner in (token, *(token.children or ()))]


def tables(markdown: str) -> list[list[list[str]]]:
    found: list[list[list[str]]] = []
    in_cell = False
    for token in tokens(markdown):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type in ("td_open", "th_open"):
            found[-1][-1].append("")
            in_cell = True
        elif token.type in ("td_close", "th_close"):
            in_cell = False
        elif in_cell and token.type in ("text", "code_inline"):
            found[-1][-1][-1] += token.content
    return found


def test_says_the_verdict_the_reason_and_the_numbers():
    text = render_markdown(report_data.gate("fail").decision)
    assert text.startswith("## evalplat: Fail, hold\n")
    gating, informative, slices, flips = tables(text)
    assert [row[0] for row in gating] == [
        "Metric",
        "successmay drop by less than 2 points",
        "citationmay drop by less than 3 points",
        "cost_usdmay rise by less than 10 %",
    ]
    assert gating[1][1:] == ["87.0 %", "77.9 %", "−9.1 points", "−13.4 … −4.8 points", "0.0028", "Fail"]
    assert informative[1][0].startswith("latency_s")
    assert informative[1][-1] == "Inconclusive"
    assert slices[2][0] == "success topic=refunds"
    assert flips[1][0] == "case-000"
    assert "slice_regression" in text


def test_inconclusive_says_what_would_settle_it():
    text = render_markdown(report_data.gate("inconclusive").decision)
    assert "About 1,080 cases in 310 clusters, at 3 trials each: 2,240 to 3,240 calls of the candidate, " in text
    assert "More trials of the cases at hand would not do." in text


@pytest.mark.parametrize(
    ("needed", "said"),
    [
        (
            Needed(cases=60, clusters=20, trials=9, candidate_calls=(480, 600), reachable="by trials"),
            "About 9 trials of each of the 60 cases in 20 clusters at hand: 480 to 600 calls of the candidate. New",
        ),
        (
            Needed(cases=900, clusters=900, trials=1, candidate_calls=(900, 900), reachable="only by clusters"),
            "About 900 cases, at 1 trial each: 900 calls of the candidate. That is 746 more than were",
        ),
        (Needed(reachable="no"), "No number of cases or trials like these would settle it at this margin."),
    ],
)
def test_each_way_out_has_its_words(needed: Needed, said: str):
    decision = report_data.gate("inconclusive").decision
    metric = decision.metrics[0]
    metric = metric.model_copy(update={"comparison": metric.comparison.model_copy(update={"needed": needed})})
    assert said in render_markdown(decision.model_copy(update={"metrics": (metric,)}))


@settings(max_examples=40, deadline=None)
@given(text=hostile.ANY, name=hostile.NAMES)
def test_hostile_text_stays_text(text: str, name: str):
    check(text, name)


@pytest.mark.parametrize("text", hostile.TEXTS)
def test_known_tricks_stay_text(text: str):
    check(text, "name " + text.replace("\n", " "))


def check(text: str, name: str) -> None:
    markdown = render_markdown(dressed(text, name))
    markdown.encode("utf-8")
    calm = render_markdown(dressed("calm", "calm"))
    assert len(markdown) <= 65_536
    assert [[len(row) for row in table] for table in tables(markdown)] == [
        [len(row) for row in table] for table in tables(calm)
    ]
    found = tokens(markdown)
    assert {token.type for token in found} <= {token.type for token in tokens(calm)} | {"text_special", "strong_open"}
    for token in found:
        if token.type in ("html_inline", "html_block"):
            assert not OURS.sub("", token.content).strip(), token.content
        if token.type == "text":
            assert not re.search(r"(?<!\w)@\w|(?<!\w)#\d|\w://|(?i:\bwww\.)", token.content), token.content


def dressed(text: str, name: str) -> Decision:
    decision = report_data.gate("inconclusive").decision
    metric = decision.metrics[0]
    metric = metric.model_copy(
        update={"reason": text, "comparison": metric.comparison.model_copy(update={"metric": name, "slice": name})}
    )
    finding = report_data.gate("fail").decision.findings[0].model_copy(update={"message": text, "metric": name})
    flip = Flip(case_id=name, metric=name, baseline=1.0, candidate=0.0, change=-1.0)
    side = decision.baseline.model_copy(update={"ref": name})
    return decision.model_copy(
        update={
            "reason": text,
            "metrics": (metric, metric),
            "slices": (metric,),
            "findings": (finding,),
            "flips": (flip,),
            "baseline": side,
            "candidate": side,
        }
    )


def test_stays_below_the_limit_of_a_comment():
    decision = dressed("x" * 1_000_000, "y" * 1_000_000)
    big = decision.model_copy(
        update={"metrics": decision.metrics * 300, "slices": decision.slices * 3000, "flips": decision.flips * 10_000}
    )
    text = render_markdown(big)
    assert len(text) <= 65_536
    assert "does not fit into a comment" in text


def test_long_lists_say_how_much_is_left_out():
    decision = report_data.gate("fail").decision
    flips = tuple(decision.flips[0].model_copy(update={"case_id": f"c{number}"}) for number in range(500))
    text = render_markdown(decision.model_copy(update={"flips": flips, "findings": decision.findings[:1] * 33}))
    assert "Flipped cases: 500 worse, 0 better" in text
    assert "480 more are in the report." in text
    assert "13 more are in the report." in text
