"""Simulated gates that look: score tables in, `next_step` asked, verdicts and calls out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from evalplat.gates import Schedule, State, Stop, next_step, schedule
from evalplat.records import Decision, GatePolicy, ScoreTable

from .tables import paired_table

Arms = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True)
class Planned:
    """One planned test: all but the scores. The cases are exchangeable, so one order serves all streams."""

    policy: GatePolicy
    table: ScoreTable
    schedule: Schedule

    @classmethod
    def of(
        cls, policy: GatePolicy, n_cases: int, *, cluster_size: int = 1, trials: tuple[int, int] = (1, 1)
    ) -> Planned:
        clusters = None if cluster_size == 1 else np.arange(n_cases) // cluster_size
        parts = [
            paired_table(
                np.zeros((n_cases, trials[0])), np.zeros((n_cases, trials[1])), clusters=clusters, metric=rule.metric
            )
            for rule in policy.metrics
        ]
        table = parts[0] if len(parts) == 1 else ScoreTable.concat(parts)
        looks = policy.stopping.looks
        # As the loop does it: under estimand suite a case stands for itself.
        grouped = policy.model_copy(update={"cluster": "none"}) if policy.estimand == "suite" else policy
        return cls(policy, table, schedule(table, grouped, baseline="base", looks=looks, seed=11))

    @property
    def looks(self) -> int:
        return len(self.schedule.cases)

    @property
    def order(self) -> np.ndarray:
        """Rows of an arm's scores in the order in which the gate sees the cases."""
        return np.array([int(case[1:]) for case in self.schedule.order])

    def scored(self, *arms: Arms) -> ScoreTable:
        """The table with these scores, (cases, trials) by arm, one pair of arms for each metric."""
        flat = [np.asarray(arm, dtype=float).ravel() for pair in arms for arm in pair]
        return replace(self.table, score=np.concatenate(flat))

    def gate(self, *arms: Arms) -> Decision:
        """The gate's decision: the first look that ends the test."""
        step = next_step(State(self.scored(*arms), self.policy, "base", "cand", self.schedule, self.looks))
        assert isinstance(step, Stop)
        return step.decision


@dataclass(frozen=True, slots=True)
class Ended:
    """How a stream ended."""

    verdict: str
    stopped: str | None
    look: int
    calls: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Shares of the streams; `calls` is the candidate's mean, `at` counts the streams that ended at each look."""

    streams: int
    passes: float
    fails: float
    futile: float
    calls: float
    at: tuple[int, ...]

    @classmethod
    def of(cls, ends: Iterable[Ended], looks: int) -> Tally:
        ended = list(ends)
        n = len(ended)
        return cls(
            n,
            sum(one.verdict == "pass" for one in ended) / n,
            sum(one.verdict == "fail" for one in ended) / n,
            sum(one.stopped == "futility" for one in ended) / n,
            sum(one.calls for one in ended) / n,
            tuple(sum(one.look == look + 1 for one in ended) for look in range(looks)),
        )

    @property
    def open(self) -> float:
        return 1.0 - self.passes - self.fails

    def row(self, name: str, truth: str, unit: float) -> str:
        """A row of the room's page; calls in units of `unit`."""
        shares = " | ".join(f"{share:.3f}" for share in (self.passes, self.fails, self.open))
        return f"| {name} | {truth} | {self.streams:,} | {shares} | {self.calls / unit:.3f} |"


def ended(decision: Decision) -> Ended:
    last = decision.looks[-1]
    return Ended(decision.verdict, decision.stopped, last.look, last.calls)


def tally(planned: Planned, draw: Callable[[], Arms], streams: int) -> Tally:
    """`streams` of them, each through the gate as it is."""
    return Tally.of((ended(planned.gate(draw())) for _ in range(streams)), planned.looks)


@dataclass(slots=True)
class PairStreams:
    """Streams of binary pairs by their counts, as 10,000 through the gate one by one take an hour.

    What a look says of unclustered binary pairs hangs on the number of pairs gained and lost, and on which looks
    before it were tested. So the gate is asked once for each such state, on the table of the first stream that comes
    to it; `test_the_counts_of_a_stream_decide_it` holds this against streams that all go through the gate.
    """

    planned: Planned
    asked: int = 0
    known: dict[tuple[int, int, int, tuple[bool, ...]], str] = field(default_factory=dict)

    def counts(self, gained: float, lost: float, streams: int, rng: np.random.Generator) -> np.ndarray:
        """(streams, looks, 2): pairs gained and lost up to each look."""
        sizes = np.diff((0, *self.planned.schedule.cases))
        new = [rng.multinomial(size, (gained, lost, 1 - gained - lost), streams)[:, :2] for size in sizes]
        return np.stack(new, axis=1).cumsum(axis=1)

    def arms(self, counts: np.ndarray) -> Arms:
        """Scores with these counts; pairs that agree are right by turns."""
        n = self.planned.schedule.cases[-1]
        base, cand = np.arange(n) % 2.0, np.arange(n) % 2.0
        before, start = np.zeros(2, dtype=int), 0
        for now, end in zip(counts, self.planned.schedule.cases, strict=True):
            gained, lost = now - before
            base[start : start + gained], cand[start : start + gained] = 0, 1
            base[start + gained : start + gained + lost], cand[start + gained : start + gained + lost] = 1, 0
            before, start = now, end
        place = self.planned.order
        arms = np.empty(n), np.empty(n)
        arms[0][place], arms[1][place] = base, cand
        return arms

    def end(self, counts: np.ndarray) -> Ended:
        """The end of one stream (looks, 2)."""
        path = counts.tolist()
        found = self._end(path)
        if found is None:
            self._ask(counts, path)
            found = self._end(path)
        assert found is not None
        return found

    def _end(self, path: Sequence[Sequence[int]]) -> Ended | None:
        for look, key in enumerate(_keys(path), start=1):
            said = self.known.get(key)
            if said is None:
                return None
            if said != "goes on":
                verdict, stopped = said.split()
                return Ended(verdict, stopped, look, self.planned.schedule.cases[look - 1])
        return None

    def _ask(self, counts: np.ndarray, path: Sequence[Sequence[int]]) -> None:
        decision = self.planned.gate(self.arms(counts))
        self.asked += 1
        keys = list(_keys(path))[: len(decision.looks)]
        for key in keys[:-1]:
            self.known[key] = "goes on"
        self.known[keys[-1]] = f"{decision.verdict} {decision.stopped}"

    def tally(self, gained: float, lost: float, streams: int, rng: np.random.Generator) -> Tally:
        """Streams of pairs that are gained and lost with these probabilities."""
        drawn = self.counts(gained, lost, streams, rng)
        return Tally.of((self.end(one) for one in drawn), self.planned.looks)


def _keys(path: Sequence[Sequence[int]]) -> Iterable[tuple[int, int, int, tuple[bool, ...]]]:
    tested: tuple[bool, ...] = ()
    for look, (gained, lost) in enumerate(path):
        yield look, gained, lost, tested
        tested = (*tested, gained + lost >= 5)
