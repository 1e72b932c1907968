"""Properties: names go to MLflow and come back, tables and trials survive Parquet and JSON Lines."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalplat.records import (
    Answer,
    Citation,
    Column,
    Failure,
    ScoreTable,
    Span,
    SpanEvent,
    Trace,
    Trial,
    TrialKey,
    Usage,
)
from evalplat.store import scores_from_parquet, scores_to_parquet
from evalplat.store.facts import split_metrics, summary_key
from evalplat.store.location import without_credentials
from evalplat.store.names import clipped, metric_key, metric_name, prompt_name
from evalplat.store.trial_table import traces_to_jsonl, trials_from_files, trials_to_parquet, with_traces

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=12)
NAMES = ANY_TEXT.filter(
    lambda text: text and text == text.strip() and all(ord(c) >= 32 and ord(c) != 127 for c in text)
)
TRICKY = st.lists(st.sampled_from(["run", ".", "se", "_x", "0041", "_", "x", "^", "/", "pass^2", "ci_low"]), min_size=1)
METRICS = NAMES | TRICKY.map("".join)


@settings(deadline=None, max_examples=60)
@given(METRICS)
def test_metric_names_come_back(name: str) -> None:
    from mlflow.utils.validation import _validate_metric_name

    key = metric_key(name)
    _validate_metric_name(key)
    assert metric_name(key) == name


@settings(deadline=None, max_examples=60)
@given(st.lists(METRICS, min_size=1, max_size=6, unique=True))
def test_metrics_and_their_sides_never_mix(names: list[str]) -> None:
    sides = [None, "se", "ci_low", "n_cases", "pass^2"]
    keys = {summary_key(name, side): float(index) for index, name in enumerate(names) for side in sides}
    assert len(keys) == len(names) * len(sides)
    by_name, totals = split_metrics(keys | {"run/failures": 3.0, "run/latency_s.p50": 0.5})
    assert totals == {"failures": 3.0, "latency_s.p50": 0.5}
    assert by_name == {name: {side or "mean": float(index) for side in sides} for index, name in enumerate(names)}


def test_known_keys() -> None:
    assert summary_key("correct") == "correct"
    assert summary_key("correct", "se") == "correct.se"
    assert summary_key("correct", "pass^2") == "correct.pass_x005E_2"
    assert prompt_name("Desk agent", "system") == "Desk_x0020_agent.system"
    assert len(metric_key("m" * 1000)) == 250
    assert metric_key("m" * 1000) != metric_key("m" * 1001)


def test_clipped_text_says_so() -> None:
    assert clipped("short") == "short"
    shown = clipped("x" * 5000)
    assert len(shown) == 2000
    assert "[cut: 5000 characters, sha256 " in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql+psycopg://u:p@ss@db:5432/x", "postgresql+psycopg://db:5432/x"),
        ("see http://user@a/b and https://c:d@e?token=1&q=2", "see http://a/b and https://e?token=***&q=2"),
        ("mail me: a@b.example", "mail me: a@b.example"),
        ("sqlite:////home/a@b/mlflow.db", "sqlite:////home/a@b/mlflow.db"),
    ],
)
def test_credentials_are_taken_out(text: str, shown: str) -> None:
    assert without_credentials(text) == shown


@st.composite
def tables(draw: st.DrawFn) -> ScoreTable:
    rows = draw(st.integers(0, 12))

    def column(optional: bool) -> Column:
        values = st.sampled_from(draw(st.lists(ANY_TEXT, min_size=1, max_size=4, unique=True)))
        texts = st.none() | values if optional else values
        return Column.of(draw(st.lists(texts, min_size=rows, max_size=rows)))

    finite = st.floats(allow_nan=False, allow_infinity=False)
    error = column(optional=True)
    absent = draw(st.lists(st.booleans(), min_size=rows, max_size=rows))
    score = np.array(draw(st.lists(finite, min_size=rows, max_size=rows)), dtype=np.float64)
    score[np.array(absent, dtype=bool) & (error.codes >= 0)] = np.nan
    return ScoreTable(
        system=column(False),
        case=column(False),
        metric=column(False),
        trial=np.array(draw(st.lists(st.integers(0, 2**31 - 1), min_size=rows, max_size=rows)), dtype=np.int32),
        score=score,
        error=error,
        cluster=draw(st.none() | st.just(column(True))),
        weight=draw(st.none() | st.just(np.linspace(0.5, 2, rows))),
        slices={"slice.topic": column(True)} if draw(st.booleans()) else {},
        output_sha256=draw(st.none() | st.just(column(True))),
        origin=tuple(draw(st.lists(ANY_TEXT, max_size=2))),
    )


def texts(column: Column | None) -> list[str | None] | None:
    return None if column is None else column.decode()


@settings(deadline=None, max_examples=60)
@given(tables())
def test_score_tables_survive(table: ScoreTable) -> None:
    loaded = scores_from_parquet(scores_to_parquet(table))
    for name in ("system", "case", "metric", "error", "cluster", "output_sha256"):
        assert texts(getattr(loaded, name)) == texts(getattr(table, name)), name
    assert {name: texts(column) for name, column in loaded.slices.items()} == {
        name: texts(column) for name, column in table.slices.items()
    }
    assert loaded.trial.dtype == np.int32
    assert loaded.trial.tolist() == table.trial.tolist()
    assert loaded.score.tobytes() == table.score.tobytes()
    assert (loaded.weight is None) == (table.weight is None)
    if loaded.weight is not None and table.weight is not None:
        assert loaded.weight.tolist() == table.weight.tolist()
    assert loaded.origin == table.origin
    assert loaded.system.values == table.system.values


MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1), timezones=st.just(UTC))
HEX16 = st.integers(0, 2**64 - 1).map(lambda number: f"{number:016x}")
VALUES = ANY_TEXT | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
ATTRIBUTES = st.dictionaries(ANY_TEXT, VALUES | st.lists(ANY_TEXT, max_size=2).map(tuple), max_size=3)
SPANS = st.builds(
    Span, trace_id=st.just("a" * 32), span_id=HEX16, parent_span_id=st.none() | HEX16, name=ANY_TEXT,
    start_unix_nano=st.integers(), end_unix_nano=st.integers(), status_message=ANY_TEXT, attributes=ATTRIBUTES,
    events=st.lists(st.builds(SpanEvent, name=ANY_TEXT, time_unix_nano=st.integers()), max_size=1).map(tuple),
)  # fmt: skip
TRACES = st.none() | st.builds(Trace, trace_id=st.just("a" * 32), spans=st.lists(SPANS, max_size=2).map(tuple))
CITATIONS = st.builds(Citation, source_id=ANY_TEXT, score=st.floats(0, 1), text=ANY_TEXT)
OUTCOMES = st.builds(Answer, text=ANY_TEXT, citations=st.lists(CITATIONS, max_size=2).map(tuple)) | st.builds(
    Failure, kind=NAMES, message=ANY_TEXT
)
USAGES = st.builds(Usage, input_tokens=st.integers(0, 2**40), cost_usd=st.none() | st.floats(0, 9), calls=st.just(3))


@st.composite
def trials(draw: st.DrawFn) -> list[Trial]:
    made = []
    for case_id in draw(st.lists(NAMES, max_size=4, unique=True)):
        outcome = draw(OUTCOMES)
        made.append(
            Trial(
                key=TrialKey(case_id=case_id, trial=draw(st.integers(0, 99))),
                seed=draw(st.integers(0, 2**31 - 1)),
                answer=outcome if isinstance(outcome, Answer) else None,
                failure=outcome if isinstance(outcome, Failure) else None,
                usage=draw(USAGES),
                latency_s=draw(st.floats(0, 1e6)),
                started_at=draw(MOMENTS),
                trace=draw(TRACES),
            )
        )
    return made


@settings(deadline=None, max_examples=60)
@given(trials())
def test_trials_survive(made: list[Trial]) -> None:
    """Whatever a model wrote: line ends of other kinds, NUL, lone surrogates."""
    lines = "".join(traces_to_jsonl(made))
    stored = lines.encode().decode()
    assert stored.count("\n") == sum(trial.trace is not None for trial in made)
    loaded = trials_from_files(trials_to_parquet(made), [line for line in stored.split("\n") if line])
    assert loaded == tuple(made)


def test_trials_without_their_traces_are_refused() -> None:
    from instruments.kept_runs import make_run

    run = make_run()
    with pytest.raises(ValueError, match="do not fit together"):
        trials_from_files(trials_to_parquet(run.trials), [])
    with pytest.raises(ValueError, match="do not fit together"):
        trials_from_files(trials_to_parquet(run.trials[1:]), list(traces_to_jsonl(run.trials)))
    with pytest.raises(ValueError, match="1 traces belong to no trial"):
        trials_from_files(trials_to_parquet(run.trials[:-1]), list(traces_to_jsonl(run.trials)))


def test_traces_come_later_whole_where_asked_and_elsewhere_as_tool_calls_without_words() -> None:
    from instruments.kept_runs import make_run

    run = make_run()
    bare = trials_from_files(trials_to_parquet(run.trials), None)
    assert bare == tuple(trial.model_copy(update={"trace": None}) for trial in run.trials)
    lines = list(traces_to_jsonl(run.trials))
    for before, after in zip(run.trials, with_traces(bare, lines, {"q2"}), strict=True):
        if before.key.case_id == "q2":
            assert after == before
            continue
        (call,) = after.trace.spans
        assert call.name == "execute_tool order_status"
        assert dict(call.attributes) == {"gen_ai.operation.name": "execute_tool"}
        assert after.model_copy(update={"trace": None}) == before.model_copy(update={"trace": None})
