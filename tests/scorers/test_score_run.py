"""score_run and score_table: a run's trials into scores, scores into columns."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from evalplat.errors import ReferenceUnknown, SpecError
from evalplat.records import (
    Answer,
    Case,
    Dataset,
    Episode,
    Expectation,
    Failure,
    Message,
    Run,
    RunInfo,
    ScoreFailure,
    ScorerSpec,
    Suite,
    TargetInfo,
    ToolCall,
    Trial,
    TrialKey,
    Usage,
)
from evalplat.scorers import Scored, score_run, score_table

AT = datetime(2026, 1, 2, tzinfo=UTC)


def suite_of(*cases: Case, **options: object) -> Suite:
    return Suite(
        name="s",
        datasets=(Dataset(name="d", cases=cases),),
        scorers=(
            ScorerSpec(metric="correct", kind="expectation", options=dict(options)),
            ScorerSpec(metric="cited", kind="citation"),
            ScorerSpec(metric="cost_usd", kind="cost"),
        ),
        trials=2,
    )


def run_of(suite: Suite, *trials: Trial) -> Run:
    target = TargetInfo(kind="callable", ref="m:f", name="m:f", fingerprint="f")
    info = RunInfo(
        id="r1", suite=suite.name, suite_fingerprint=suite.fingerprint, target=target, trials=2, seed=0,
        n_cases=len(suite.cases), created_at=AT, closed_at=AT, version="0",
    )  # fmt: skip
    return Run(info=info, trials=trials)


def trial(case: str, number: int, text: str | None, cost: float | None = 0.5) -> Trial:
    return Trial(
        key=TrialKey(case_id=case, trial=number),
        seed=1,
        answer=None if text is None else Answer(text=text),
        failure=Failure(kind="LimitReached", message="too long") if text is None else None,
        usage=Usage(cost_usd=cost),
        latency_s=1.0,
        started_at=AT,
    )


SUITE = suite_of(
    Case(id="a", input="?", expect=Expectation(answers=("4.95",), sources=("p",)), cluster="p", slices={"topic": "x"}),
    Case(id="b", input="?", expect=Expectation(abstain=True), weight=2.0),
)
RUN = run_of(
    SUITE,
    trial("a", 0, "4.95"),
    trial("a", 1, None),
    trial("b", 0, "I don't know", cost=None),
    trial("b", 1, "It is 5"),
)


def test_trial_by_trial_in_the_order_of_the_scorers_and_only_where_they_apply():
    scores = score_run(SUITE, RUN).scores
    assert [(score.key.case_id, score.key.trial, score.metric, score.value) for score in scores] == [
        ("a", 0, "correct", 1.0), ("a", 0, "cited", 0.0), ("a", 0, "cost_usd", 0.5),
        ("a", 1, "correct", None), ("a", 1, "cited", None), ("a", 1, "cost_usd", 0.5),
        ("b", 0, "correct", 1.0), ("b", 0, "cost_usd", None),
        ("b", 1, "correct", 0.0), ("b", 1, "cost_usd", 0.5),
    ]  # fmt: skip
    assert score_run(SUITE, RUN) == Scored(scores)
    assert [failure.failure.kind for failure in score_run(SUITE, RUN).failures] == ["LimitReached"] * 3 + ["Unpriced"]


def test_as_columns():
    table = score_table(score_run(SUITE, RUN), SUITE, RUN, "candidate")
    assert table.systems == ("candidate",)
    assert table.metrics == ("correct", "cited", "cost_usd")
    assert table.case.decode() == ["a"] * 6 + ["b"] * 4
    assert table.trial.tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 1, 1]
    np.testing.assert_array_equal(table.score, [1, 0, 0.5, np.nan, np.nan, 0.5, 1, np.nan, 0, 0.5])
    assert table.error.decode() == [None] * 3 + ["LimitReached: too long"] * 3 + [
        None, "Unpriced: a call of this trial has no known price", None, None,
    ]  # fmt: skip
    assert table.cluster is not None
    assert table.cluster.decode() == ["p"] * 6 + [None] * 4
    assert table.slices["slice.topic"].decode() == ["x"] * 6 + [None] * 4
    assert table.weight is not None
    assert table.weight.tolist() == [1.0] * 6 + [2.0] * 4
    assert table.output_sha256 is not None
    assert table.output_sha256.decode()[:4] == [Answer(text="4.95").sha256] * 3 + [None]
    assert table.origin == ("r1",)


def test_what_no_case_has_is_left_out():
    suite = suite_of(Case(id="a", input="?", expect=Expectation(answers=("x",))))
    run = run_of(suite, trial("a", 0, "x"))
    table = score_table(score_run(suite, run), suite, run, "r")
    assert (table.cluster, table.weight, dict(table.slices)) == (None, None, {})


def test_a_trial_of_another_suite_and_a_wrong_option_are_refused():
    with pytest.raises(ReferenceUnknown, match="case 'z' of run r1 is not in suite 's'"):
        score_run(SUITE, run_of(SUITE, trial("z", 0, "x")))
    with pytest.raises(SpecError, match="unknown option 'onli'"):
        score_run(suite_of(Case(id="a", input="?"), onli=True), RUN)


def test_a_run_that_is_written_and_read_again_has_the_same_table(tmp_path):
    from evalplat.suites import read_score_table, write_score_table

    table = score_table(score_run(SUITE, RUN), SUITE, RUN, "candidate")
    for suffix in (".parquet", ".jsonl", ".csv"):
        path = tmp_path / f"scores{suffix}"
        write_score_table(table, path)
        again = read_score_table([path])
        assert again.error.decode() == table.error.decode()
        np.testing.assert_array_equal(again.score, table.score)
        assert again.cluster is not None
        assert again.cluster.decode() == ["p"] * 6 + [None] * 4


def test_a_failure_is_never_a_score():
    for score in score_run(SUITE, RUN).scores:
        assert isinstance(score, ScoreFailure) or np.isfinite(score.value)


def test_a_conversation_is_unchanged_only_if_all_that_was_done_is():
    def trial(tool: str, at_s: float) -> Trial:
        episode = Episode(
            messages=(Message(role="user", text="hi", at_s=0), Message(role="agent", text="Done.", at_s=at_s)),
            tool_calls=(ToolCall(tool=tool, args={"id": 1}, turn=1, at_s=at_s, took_s=at_s),),
            turns=1,
            ended="user_done",
            initial_state={},
            final_state={},
            seconds=at_s,
        )
        answer, key = Answer(text="Done."), TrialKey(case_id="a")
        return Trial(key=key, seed=0, answer=answer, episode=episode, latency_s=at_s, started_at=AT)

    quick, slow, other = trial("refund", 1.0), trial("refund", 9.0), trial("cancel", 1.0)
    assert quick.output_sha256 == slow.output_sha256 != other.output_sha256
