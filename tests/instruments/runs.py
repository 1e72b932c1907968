"""Suites, runs and a target in process, for tests of the harness and of what stands on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from evalplat.harness import Ledger, Target, freeze
from evalplat.records import (
    Answer,
    Case,
    Dataset,
    Outcome,
    RunInfo,
    ScorerSpec,
    Suite,
    TargetInfo,
    Trial,
    TrialKey,
)

Answering = Callable[[Case, TrialKey, int], Awaitable[str]]


def make_suite(n_cases: int = 3, trials: int = 2, *, seed: int = 7, prefix: str = "question") -> Suite:
    cases = tuple(Case(id=f"c{i}", input=f"{prefix} {i}") for i in range(n_cases))
    scorers = (ScorerSpec(metric="latency_s", kind="latency"),)
    return Suite(name="s", datasets=(Dataset(name="d", cases=cases),), scorers=scorers, trials=trials, seed=seed)


class InProcessTarget:
    """A target that asks a coroutine; it counts what it was asked for."""

    def __init__(self, answering: Answering, *, fingerprint: str = "f") -> None:
        self.info = TargetInfo(kind="callable", ref="test:fn", name="test:fn", fingerprint=fingerprint)
        self.answering = answering
        self.asked: list[TrialKey] = []
        self.seeds: dict[TrialKey, int] = {}
        self.prepared = self.in_flight = self.most_in_flight = 0

    async def prepare(self) -> None:
        self.prepared += 1

    async def aclose(self) -> None:
        pass

    async def answer(self, case: Case, key: TrialKey, seed: int) -> Outcome:
        self.asked.append(key)
        self.seeds[key] = seed
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            text = await self.answering(case, key, seed)
        finally:
            self.in_flight -= 1
        return Outcome(answer=Answer(text=text), latency_s=0.0, started_at=datetime.now(UTC))


def start_run(ledger: Ledger, suite: Suite, target: Target, run_id: str = "run-1") -> RunInfo:
    info = freeze(suite, target.info, run_id, datetime.now(UTC))
    ledger.create_run(info, suite)
    return info


def make_trial(case_id: str = "c0", number: int = 0, text: str = "answer") -> Trial:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    key = TrialKey(case_id=case_id, trial=number)
    return Trial(answer=Answer(text=text), latency_s=0.25, started_at=at, key=key, seed=key.seed(7))
