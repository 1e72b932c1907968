"""Two runs of a shop's agent, of any size, scored by the real scorers and gated by the real gate, without a model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np

from evalplat.gates import compare, decide
from evalplat.records import (
    AgentSpec,
    Answer,
    Case,
    Dataset,
    Decision,
    Expectation,
    Failure,
    GatePolicy,
    MetricRule,
    ModelSettings,
    Prompts,
    ReportData,
    Run,
    RunInfo,
    RunReportData,
    ScorerSpec,
    ScoreTable,
    Suite,
    TargetInfo,
    Trial,
    TrialKey,
    Usage,
)
from evalplat.scorers import score_run, score_table
from evalplat.sdk.evidence import report_data, run_report_data
from evalplat.sdk.gate_panels import with_prices

from .kept_runs import make_trace

START = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
TOPICS = ("shipping", "refunds", "warranty", "products", "accounts", "payment", "stores")
CLOSING = "You can find this in the terms of the shop, under the heading of the same name, or ask us again. " * 3
_MOULDS = 400
"""As many traces differ: a page shows no more cases, and building a million spans is not what is tested."""

POLICY = GatePolicy(
    metrics=(
        MetricRule(metric="correct", margin=0.02, range="binary"),
        MetricRule(metric="cost_usd", statistic="ratio", margin=0.1, direction="lower"),
        MetricRule(metric="latency_s", statistic="p95", margin=0.2, direction="lower", gating=False),
    ),
    slices=("slice.topic",),
)


@dataclass(frozen=True)
class Shop:
    """A suite, two runs of it with their scores, and the gate between them."""

    suite: Suite
    baseline: Run
    candidate: Run
    tables: tuple[ScoreTable, ScoreTable]

    @property
    def table(self) -> ScoreTable:
        return ScoreTable.concat(self.tables)

    def decision(self) -> Decision:
        """As `evalplat gate` comes to it."""
        found = compare(
            self.table,
            POLICY,
            baseline=self.baseline.info.id,
            candidate=self.candidate.info.id,
            lacking="failed",
        )
        decision = with_prices(decide(found, POLICY), self.table, self.candidate)
        sides = {
            role: side.model_copy(update={"run_id": run.info.id, "fingerprint": run.info.target.fingerprint})
            for role, side, run in (
                ("baseline", decision.baseline, self.baseline),
                ("candidate", decision.candidate, self.candidate),
            )
        }
        return decision.model_copy(update=sides)

    def gate_page(self) -> ReportData:
        """What the gate's page shows, with a fixed date."""
        data = report_data(
            self.decision(),
            self.table,
            command="evalplat gate --baseline old --candidate new --suite suite.yaml",
            baseline=self.baseline,
            candidate=self.candidate,
            suite=self.suite,
        )
        return data.model_copy(update={"generated_at": START})

    def run_page(self) -> RunReportData:
        """What the candidate's own page shows."""
        data = run_report_data(self.candidate, self.tables[1], self.suite)
        return data.model_copy(update={"generated_at": START})


@cache
def shop(n_cases: int = 154, trials: int = 3, *, right: float = 0.7, failed: float = 0.02) -> Shop:
    """`right`: how often the candidate is, beside 0.8 of the baseline; `failed`: how often it gives no answer."""
    cases = tuple(
        Case(
            id=f"case-{number:05d}",
            input=f"How long does the shop take over {TOPICS[number % 7]} of order {number}?",
            expect=Expectation(answers=(f"{number % 29 + 2} days",)),
            cluster=f"source-{number // 5}",
            slices={"topic": TOPICS[number % 7]},
        )
        for number in range(n_cases)
    )
    suite = Suite(
        name="shop",
        datasets=(Dataset(name="orders", cases=cases),),
        scorers=(
            ScorerSpec(metric="correct", kind="contains"),
            ScorerSpec(metric="cost_usd", kind="cost"),
            ScorerSpec(metric="latency_s", kind="latency"),
        ),
        policy=POLICY,
        trials=trials,
    )
    base = _run("run-old", suite, 0.8, 0.0, seed=1)
    cand = _run("run-new", suite, right, failed, seed=2)
    return Shop(suite, base, cand, (_scored(suite, base), _scored(suite, cand)))


def all_failed() -> Shop:
    """Of the candidate, every trial."""
    return shop(right=0.0, failed=1.0)


def _scored(suite: Suite, run: Run) -> ScoreTable:
    return score_table(score_run(suite, run), suite, run, run.info.id)


def _run(run_id: str, suite: Suite, right: float, failed: float, *, seed: int) -> Run:
    spec = AgentSpec(
        name=run_id.removeprefix("run-"),
        prompts=Prompts(system="Answer briefly." if seed == 1 else "Answer kindly, in one sentence."),
        model=ModelSettings(name="embedded"),
    )
    info = RunInfo(
        id=run_id,
        suite=suite.name,
        suite_fingerprint=suite.fingerprint,
        target=TargetInfo(
            kind="agent", ref=f"{spec.name}.yaml", name=spec.name, fingerprint=spec.fingerprint, spec=spec
        ),
        trials=suite.trials,
        seed=suite.seed,
        n_cases=len(suite.cases),
        created_at=START,
        closed_at=START + timedelta(hours=1),
        version="0.1.0",
    )
    rng = np.random.default_rng(seed)
    size = len(suite.cases), suite.trials
    skill = np.clip(np.random.default_rng(0).normal(0, 0.2, size[0]), -0.3, 0.3)[:, None]
    good, down = rng.random(size) < right + skill * (0 < right < 1), rng.random(size) < failed
    latency = rng.lognormal(-0.5 + 0.1 * seed, 0.4, size)
    traces = [
        make_trace(number, START, question=f"Order {number}?", answer=CLOSING)
        for number in range(min(_MOULDS, len(suite.cases)))
    ]
    made = []
    for place, case in enumerate(suite.cases):
        for number in range(suite.trials):
            key = TrialKey(case_id=case.id, trial=number)
            told = case.expect.answers[0] if good[place, number] else "That depends."
            lost = bool(down[place, number])
            made.append(
                Trial(
                    key=key,
                    seed=key.seed(),
                    answer=None if lost else Answer(text=f"{told}. {CLOSING}"),
                    failure=Failure(kind="ModelOverloaded", message="503 after 4 retries") if lost else None,
                    usage=Usage(input_tokens=180 + place % 40, output_tokens=60, calls=1, cost_usd=1e-4 * seed),
                    latency_s=float(latency[place, number]),
                    started_at=START + timedelta(seconds=len(made)),
                    trace=traces[place % len(traces)],
                )
            )
    return Run(info=info, trials=tuple(made))
