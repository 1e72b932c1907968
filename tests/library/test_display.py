"""What records show of themselves: every kind, hostile text in every field, frames and figures that agree."""

from __future__ import annotations

import math
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import numpy as np
import pytest
from instruments import hostile, report_data
from instruments.tables import paired_table

import evalplat as ep
from evalplat import records
from evalplat.library.cells import SHOWN
from evalplat.records import Record
from evalplat.reports.display import KINDS, figure_of, frame_of, html_of, text_of
from evalplat.reports.text import INVISIBLE

TAGS = {"div", "p", "b", "small", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "bdi", "span"}
ATTRIBUTES = {"style", "class", "title", "open"}
KEPT = {"statistic", "status", "trace_id", "span_id", "parent_span_id", "digest", "before_digest", "after_digest"}


class Strict(HTMLParser):
    """Refuses every tag, attribute and style that the display does not use."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        self.open.append(tag)
        for name, value in attrs:
            assert name in ATTRIBUTES, name
            assert "url" not in (value or ""), value

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def parsed(html: str) -> str:
    strict = Strict()
    strict.feed(html)
    strict.close()
    assert not strict.open
    return "".join(strict.words)


@cache
def samples() -> tuple[object, ...]:
    """One of each kind that has a card, except plans and selftests, which only numbers make."""
    data, run = report_data.gate("fail"), report_data.run()
    pair = data.pairs[0]
    assert pair.candidate is not None
    assert pair.candidate.trace is not None
    assert data.baseline is not None
    info = data.baseline.info
    spec = info.target.spec
    assert spec is not None
    decision = data.decision
    other = spec.model_copy(update={"prompts": spec.prompts.model_copy(update={"system": "Another.\nTwo lines."})})
    dataset = records.Dataset(name="desk", cases=tuple(one.case for one in data.pairs[:3]))
    change = records.CaseChange(id="c", fields=(records.FieldChange(field="expect", before="a", after="b"),))
    diff = records.DatasetDiff(
        before="one", after="two", before_digest="1", after_digest="2", n_before=2, n_after=2, n_same=0,
        added=("new",), removed=("old",), changed=(change,), relabelled=(change,),
    )  # fmt: skip
    pending = records.PendingCase(
        case=pair.case,
        provenance=records.Provenance(source="run:1", case_id="c", said="said", by="ana", at=report_data.AT),
    )
    duplicate = records.Duplicate(case_id="c", of="d", place="dataset", similarity=0.9)
    facts = records.DatasetFacts(
        where="desk", digest="1", n_cases=3, n_clusters=2, n_labelled=0, weighted=False, slices={"topic": {"a": 3}}
    )
    comparison = records.Comparison(
        baseline=decision.baseline, candidate=decision.candidate, estimand="population", flips=decision.flips,
        metrics=tuple(one.comparison for one in decision.metrics), findings=decision.findings,
    )  # fmt: skip
    policy = records.GatePolicy(metrics=(records.MetricRule(metric="success", margin=0.02),), slices=("slice.topic",))
    suite = records.Suite(
        name="desk",
        datasets=(dataset,),
        scorers=(records.ScorerSpec(metric="success", kind="expectation"),),
        policy=policy,
    )
    curated = records.Curated(
        dataset="desk",
        source="run:1",
        path="p",
        n_found=2,
        pending=(pending,),
        duplicates=(duplicate,),
        notes=("note",),
    )
    kept = records.Run(info=info, trials=tuple(one.baseline for one in data.pairs if one.baseline is not None))
    return (
        data, run, decision, decision.metrics[0], decision.metrics[0].comparison, decision.findings[0], comparison,
        pair, pair.case, pair.candidate, pair.candidate.trace, spec, spec.diff(other), dataset, diff, facts, curated,
        pending, policy, suite, kept, run.summary, paired_table([[1.0, 0.0]], [[1.0, 1.0]]),
    )  # fmt: skip


def dressed(record: Any, text: str) -> Any:
    """The record with `text` in every field that a model, a tool or a user can write; ids and codes stay."""
    if isinstance(record, Record):
        fields = type(record).model_fields
        changed = {
            name: _dressed(getattr(record, name), field.annotation, text)
            for name, field in fields.items()
            if name not in KEPT
        }
        return record.model_copy(update=changed)
    if isinstance(record, tuple) and not hasattr(record, "changes"):
        return tuple(dressed(one, text) for one in record)
    return record


def _dressed(value: Any, annotation: Any, text: str) -> Any:
    literal = get_origin(annotation) is Literal or any(get_origin(one) is Literal for one in get_args(annotation))
    if isinstance(value, str):
        return value if literal else text
    if isinstance(value, dict):
        return {text: _dressed(next(iter(value.values())), None, text)} if value else {}
    if isinstance(value, tuple):
        return tuple(text if isinstance(one, str) and not literal else dressed(one, text) for one in value)
    return dressed(value, text)


@pytest.mark.parametrize("text", hostile.TEXTS)
def test_hostile_text_in_every_field_is_text(text: str):
    for sample in samples():
        hurt = dressed(sample, text)
        words = parsed(html_of(hurt))
        assert not INVISIBLE.search(words)
        lines = text_of(hurt)
        assert not INVISIBLE.search(lines.replace("\n", " "))
        assert len(lines) < 400_000
        html_of(hurt).encode(), lines.encode()


def test_every_kind_that_has_a_card_is_tried_or_made_of_numbers_and_is_shown_in_cells():
    tried = {kind for sample in samples() for kind in type(sample).__mro__}
    untried = {kind.__name__ for kind in KINDS if kind not in tried}
    assert untried == {"Plan", "Ranking", "Selftest", "SeveralReportData", "SuiteHistory"}
    cells = {place.partition(":")[2] for place in SHOWN}
    assert {kind.__name__ for kind in KINDS} <= cells
    for place in SHOWN:
        module, _, name = place.partition(":")
        found = getattr(__import__(module, fromlist=[name]), name)
        assert (found.__module__, found.__name__) == (module, name)
    with pytest.raises(TypeError, match="nothing is known to show of a int"):
        html_of(1)


def test_a_gate_shows_its_verdict_each_metric_and_the_flipped_cases_with_both_answers_and_traces():
    data = report_data.gate("fail")
    for shown in (parsed(html_of(data)), text_of(data)):
        assert "Fail (hold)" in shown
        assert data.decision.reason in shown
        for metric in data.decision.metrics:
            assert metric.comparison.metric in shown
    words = parsed(html_of(data))
    pair = data.pairs[0]
    assert pair.candidate is not None
    assert pair.candidate.trace is not None
    assert pair.case.input in words
    assert pair.candidate.trace.spans[0].name in words
    assert data.changes[0].part in words


def test_frames_hold_the_numbers_of_the_records_unrounded(project: Path):
    gated = ep.gate("v1", "v2", scores="scores.jsonl", metric="ok", margin=0.05)
    frame = ep.to_frame(gated)
    found = gated.decision.metrics[0].comparison
    assert frame.loc[0, "difference"] == found.difference == -0.3
    assert (frame.loc[0, "ci_low"], frame.loc[0, "verdict"]) == (found.ci_low, "fail")
    assert list(ep.to_frame(gated, "flips")["case_id"]) == [flip.case_id for flip in gated.flips]
    assert ep.to_frame(gated, "slices").empty
    assert "slice" in ep.to_frame(gated, "slices").columns
    table = ep.load_scores("scores.jsonl")
    scores = ep.to_frame(table)
    assert len(scores) == len(table) == 400
    assert math.isclose(scores.groupby("system")["score"].mean()["v2"], found.candidate or 0)
    summary = ep.to_frame(ep.summarize(scores="scores.jsonl"))
    assert list(summary["mean"]) == [0.9, 0.6]
    with pytest.raises(
        ValueError, match=r"^part: a Decision has metrics, slices, flips, findings, looks, found 'rows'$"
    ):
        ep.to_frame(gated, "rows")
    with pytest.raises(TypeError, match="a int is no table"):
        frame_of(3)
    assert len(ep.to_frame(ep.load_dataset("cases"))) == 72


def test_figures_draw_the_records_numbers_and_their_texts_are_text(project: Path):
    gated = ep.gate("v1", "v2", scores="scores.jsonl", metric="ok", margin=0.05)
    found = gated.decision.metrics[0].comparison
    [mark] = ep.plot(gated).data
    assert mark.x[0] == found.difference
    assert np.isclose(mark.x[0] - mark.error_x.arrayminus[0], found.ci_low)
    assert np.isclose(mark.x[0] + mark.error_x.array[0], found.ci_high)
    lines = {shape.x0 for shape in ep.plot(gated).layout.shapes}
    assert lines == {0.0, -0.05}
    plan = ep.plan(discordance=0.1, cases=200, metric="ok", margin=0.02, range="binary")
    first = ep.plot(plan).data[0]
    assert (first.x[0], first.y[0]) == (200, plan.now.power.estimate)
    found_test = ep.selftest(scores="scores.jsonl", metric="ok", margin=0.1, range="binary", draws=100)
    bars = ep.plot(found_test).data
    assert [bar.name for bar in bars] == ["pass", "inconclusive", "fail"]
    assert bars[0].x[0] == found_test.scenario("history", "unchanged").passes.share
    assert len(ep.plot(ep.summarize(scores="scores.jsonl")).data[0].x) == 2
    hurt = dressed(gated.decision, "<script>alert(1)</script>")
    assert "<script>" not in figure_of(hurt).to_json().replace("\\u003c", "<")
    for shown in (plan, found_test):
        assert parsed(ep.html(shown))
        assert ep.text(shown).splitlines()
    with pytest.raises(TypeError, match="there is no figure of a Dataset"):
        ep.plot(ep.load_dataset("cases"))


CELL = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell('''
import evalplat as ep, sys
assert "evalplat.records" not in sys.modules
gated = ep.gate("v1", "v2", scores="scores.jsonl", metric="ok", margin=0.05)
''').raise_error()
formatted, _ = shell.display_formatter.format(shell.user_ns["gated"])
assert formatted["text/html"].startswith('<div class="evalplat"'), formatted
assert formatted["text/plain"].startswith("Fail (hold)"), formatted
parts, _ = shell.display_formatter.format(shell.user_ns["gated"].decision.metrics)
assert "text/html" not in parts
print(formatted["text/plain"].splitlines()[1])
"""


def test_records_show_themselves_in_ipython_and_as_text_elsewhere(project: Path):
    done = subprocess.run([sys.executable, "-c", CELL], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "v2 against v1", done.stderr + done.stdout
    gated = ep.gate("v1", "v2", scores="scores.jsonl", metric="ok", margin=0.05)
    assert str(gated) == ep.text(gated)
    assert "ranking" in str(ep.gate_several("v1", ["v2"], scores="scores.jsonl", metric="ok", margin=0.05))
    assert not hasattr(Record, "_repr_html_")
