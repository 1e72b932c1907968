"""Runs with suites, scores and summaries, as the harness and the scorers would hand them to the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from evalplat.records import (
    AgentSpec,
    Answer,
    Case,
    Citation,
    Column,
    Dataset,
    Expectation,
    Failure,
    ModelSettings,
    Prompts,
    Run,
    RunInfo,
    ScorerSpec,
    ScoreTable,
    Span,
    SpanEvent,
    Suite,
    Summary,
    SystemSummary,
    TargetInfo,
    Trace,
    Trial,
    TrialKey,
    Usage,
)

START = datetime(2026, 11, 20, 9, 30, 0, 123456, tzinfo=UTC)


def make_suite(name: str = "support desk", cases: int = 4, trials: int = 2) -> Suite:
    """A suite of questions in two clusters."""
    made = tuple(
        Case(
            id=f"q{number}",
            input=f"What is question {number}?",
            expect=Expectation(answers=(f"answer {number}",)),
            cluster=f"passage{number % 2}",
            slices={"topic": "refunds" if number % 2 else "shipping"},
        )
        for number in range(cases)
    )
    scorers = (ScorerSpec(metric="correct", kind="contains"), ScorerSpec(metric="latency", kind="latency"))
    return Suite(name=name, datasets=(Dataset(name="desk", cases=made),), scorers=scorers, trials=trials)


def make_run(
    run_id: str = "r-1", suite: Suite | None = None, *, agent: str = "v2", system_prompt: str = "Answer briefly."
) -> Run:
    """A closed run; the second trial of `q1` failed."""
    suite = suite or make_suite()
    spec = AgentSpec(
        name=agent, prompts=Prompts(system=system_prompt), model=ModelSettings(name="embedded", temperature=0.5)
    )
    info = RunInfo(
        id=run_id,
        suite=suite.name,
        suite_fingerprint=suite.fingerprint,
        target=TargetInfo(
            kind="agent", ref=f"agents/{agent}.yaml", name=agent, fingerprint=spec.fingerprint, spec=spec
        ),
        trials=suite.trials,
        seed=suite.seed,
        n_cases=len(suite.cases),
        created_at=START,
        closed_at=START + timedelta(minutes=2),
        version="0.1.0",
    )
    keys = [TrialKey(case_id=case.id, trial=trial) for case in suite.cases for trial in range(suite.trials)]
    return Run(info=info, trials=tuple(make_trial(key, index) for index, key in enumerate(keys)))


def make_trial(key: TrialKey, index: int) -> Trial:
    """A trial with a trace of four spans."""
    failed = key == TrialKey(case_id="q1", trial=1)
    text = f"answer to {key.case_id}, attempt {key.trial}"
    started = START + timedelta(seconds=index)
    return Trial(
        key=key,
        seed=key.seed(),
        answer=None if failed else Answer(text=text, citations=(Citation(source_id="p1", score=0.5, text="passage"),)),
        failure=Failure(kind="ModelOverloaded", message="429 after 4 retries") if failed else None,
        usage=Usage(input_tokens=20 + index, output_tokens=5, calls=1, cost_usd=0.001),
        latency_s=0.25 + index / 100,
        started_at=started,
        trace=make_trace(index, started, question=f"What is {key.case_id}?", answer=text),
    )


def make_trace(index: int, started: datetime, *, question: str, answer: str) -> Trace:
    """An agent that looks up, asks the model and calls a tool."""
    start = int(started.timestamp()) * 10**9 + 7
    trace_id = f"{index + 1:032x}"

    def span(number: int, name: str, begin: int, end: int, **attributes: str | int) -> Span:
        return Span(
            trace_id=trace_id,
            span_id=f"{(index + 1) * 16 + number:016x}",
            parent_span_id=None if number == 0 else f"{(index + 1) * 16:016x}",
            name=name,
            start_unix_nano=start + begin,
            end_unix_nano=start + end,
            status="ok",
            attributes={key.replace("__", "."): value for key, value in attributes.items()},
            events=(SpanEvent(name="retry", time_unix_nano=start + begin + 1, attributes={"attempt": 1}),)
            if number == 2
            else (),
        )

    asked = f'[{{"role":"user","parts":[{{"type":"text","content":"{question}"}}]}}]'
    said = f'[{{"role":"assistant","parts":[{{"type":"text","content":"{answer}"}}]}}]'
    spans = (
        span(0, "invoke_agent desk", 0, 9000, gen_ai__operation__name="invoke_agent"),
        span(1, "retrieval passages", 10, 1000, gen_ai__operation__name="retrieval"),
        span(
            2,
            "chat embedded",
            1010,
            7000,
            gen_ai__operation__name="chat",
            gen_ai__request__model="embedded",
            gen_ai__input__messages=asked,
            gen_ai__output__messages=said,
        ),
        span(
            3,
            "execute_tool order_status",
            7010,
            8000,
            gen_ai__operation__name="execute_tool",
            gen_ai__tool__call__arguments='{"order":7}',
            gen_ai__tool__call__result='{"status":"sent"}',
        ),
    )
    return Trace(trace_id=trace_id, spans=spans)


def make_scores(run: Run, suite: Suite) -> ScoreTable:
    """`correct` and `latency` for every trial; the failed one has an error and a latency."""
    cases = {case.id: case for case in suite.cases}
    rows = [(trial, metric) for trial in run.trials for metric in ("correct", "latency")]
    failed = [trial.failure is not None for trial, _ in rows]
    score = [
        trial.latency_s if metric == "latency" else (np.nan if trial.failure else float(index % 3 != 0))
        for index, (trial, metric) in enumerate(rows)
    ]
    return ScoreTable(
        system=Column.of([run.info.target.name] * len(rows)),
        case=Column.of([trial.key.case_id for trial, _ in rows]),
        metric=Column.of([metric for _, metric in rows]),
        trial=np.array([trial.key.trial for trial, _ in rows], dtype=np.int32),
        score=np.array(score),
        error=Column.of(["ModelOverloaded: 429" if bad else None for bad in failed]),
        cluster=Column.of([cases[trial.key.case_id].cluster for trial, _ in rows]),
        weight=np.ones(len(rows)),
        slices={"slice.topic": Column.of([cases[trial.key.case_id].slices["topic"] for trial, _ in rows])},
        output_sha256=Column.of([trial.answer.sha256 if trial.answer else None for trial, _ in rows]),
        origin=(f"run {run.info.id}",),
    )


def make_summary(run: Run) -> Summary:
    """What `summarize` would say of the run."""
    common = {
        "system": run.info.target.name,
        "n_cases": run.info.n_cases,
        "n_clusters": 2,
        "n_trials": len(run.trials),
        "failures": len(run.failures),
    }
    return Summary(
        systems=(
            SystemSummary(
                metric="correct", mean=0.625, se=0.1, ci_low=0.4, ci_high=0.8, pass_hat={"1": 0.625, "2": 0.5}, **common
            ),
            SystemSummary(metric="latency", mean=0.3, se=None, ci_low=None, ci_high=None, **common),
        )
    )
