"""What trying again, small steps and many metrics do to the errors of a gate, by simulation.

`pytest tests/gates/test_attempts_simulated.py -m slow -s` prints the rows of evalplat/gates/README.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from instruments.tables import paired_table

from evalplat.gates import (
    Binary,
    Latent,
    Normal,
    Shape,
    against_anchor,
    compare,
    continued,
    decide,
    judge,
    pairs_of,
)
from evalplat.records import Decision, GatePolicy, MetricRule, ScoreTable


def noise(rate: float, draws: int) -> float:
    """Three Monte Carlo standard errors of a share."""
    return 3 * math.sqrt(rate * (1 - rate) / draws)


# --- teams that re-run a gate until it is green ---

CASES, DROP, ATTEMPTS = 100, 0.10, 10
POLICY = GatePolicy(metrics=(MetricRule(metric="success", margin=DROP, range="binary"),))
MODEL = Binary(0.65, case=0.3)
SHAPES = {trials: Shape(CASES, trials=trials) for k in range(1, ATTEMPTS + 1) for trials in ((k, k), (1, k), (1, 1))}


@dataclass(frozen=True)
class Green:
    """At which attempt a team saw a pass; 0: never."""

    pooled: int
    """As the gate does it: further attempts are further trials of the same test."""
    fresh: int
    """As if each attempt ran both systems anew and was judged by itself."""
    fresh_candidate: int
    """The same with the candidate alone run anew."""


def of_trials(latent: Latent, base: slice, cand: slice) -> Decision:
    """The gate on some of the trials."""
    part = replace(latent, trials=(latent.trials[0][:, base], latent.trials[1][:, cand]))
    counts = part.trials[0].shape[1], part.trials[1].shape[1]
    return judge([pairs_of(SHAPES[counts], MODEL, part, -DROP)], POLICY)


def attempt(decision: Decision, number: int, earlier: Sequence[Decision]) -> Decision:
    """As the sdk hands it on: with the runs that it is of, and what was decided on the same change before."""
    runs = {"baseline": f"base-{number}", "candidate": f"cand-{number}"}
    sides = {
        role: getattr(decision, role).model_copy(update={"run_id": run, "fingerprint": role})
        for role, run in runs.items()
    }
    return continued(decision.model_copy(update=sides), earlier)


def team(rng: np.random.Generator, *, and_fresh: bool) -> Green:
    """One team with a candidate that is worse by exactly the margin, up to ten attempts."""
    latent = Latent.draw(SHAPES[ATTEMPTS, ATTEMPTS], rng)
    earlier: list[Decision] = []
    for k in range(1, ATTEMPTS + 1):
        earlier.append(attempt(of_trials(latent, slice(k), slice(k)), k, earlier))
        assert earlier[-1].attempt == k
        if earlier[-1].verdict == "pass":
            break
    green = len(earlier) if earlier[-1].verdict == "pass" else 0
    if not and_fresh:
        return Green(green, 0, 0)
    return Green(green, first_pass(latent, both=True), first_pass(latent, both=False))


def first_pass(latent: Latent, *, both: bool) -> int:
    for k in range(ATTEMPTS):
        mine = slice(k, k + 1)
        if of_trials(latent, mine if both else slice(1), mine).verdict == "pass":
            return k + 1
    return 0


def ever(teams: Sequence[int]) -> float:
    return sum(green > 0 for green in teams) / len(teams)


def check_teams(n: int, n_fresh: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    teams = [team(rng, and_fresh=i < n_fresh) for i in range(n)]
    pooled = ever([one.pooled for one in teams])
    fresh, fresh_candidate = (
        ever([getattr(one, how) for one in teams[:n_fresh]]) for how in ("fresh", "fresh_candidate")
    )
    print(f"| ten attempts, worse by the margin, {n:,} teams | one test, evidence pooled | {pooled:.3f} |")
    print(f"| {n_fresh:,} teams | both run anew, judged alone | {fresh:.3f} |")
    print(f"| {n_fresh:,} teams | candidate run anew, judged alone | {fresh_candidate:.3f} |")
    assert pooled <= 0.055 + (0 if n >= 10_000 else noise(0.055, n))
    # The simulated gate can pass, and what the gate forbids would let many through.
    assert pooled >= 0.03 - noise(0.03, n)
    assert fresh >= fresh_candidate >= 0.23 - (0 if n >= 10_000 else noise(0.23, n_fresh))


def test_150_teams_that_try_until_it_is_green_get_one_test():
    check_teams(150, 60, 1)


@pytest.mark.slow
def test_10000_teams_that_try_until_it_is_green_get_one_test():
    check_teams(10_000, 1_000, 2)


def test_trying_again_cannot_turn_a_fail_and_more_evidence_may_take_back_a_pass():
    rng, seen = np.random.default_rng(3), set()
    for _ in range(200):
        latent = Latent.draw(SHAPES[ATTEMPTS, ATTEMPTS], rng)
        first = attempt(of_trials(latent, slice(1), slice(1)), 1, ())
        all_evidence = of_trials(latent, slice(ATTEMPTS), slice(ATTEMPTS))
        second = attempt(all_evidence, 2, [first])
        seen.add((first.verdict, all_evidence.verdict, second.verdict))
        assert second.verdict in (first.verdict, "inconclusive")
        assert second.verdict == "inconclusive" or second.verdict == all_evidence.verdict
    assert {("inconclusive", "fail", "inconclusive"), ("fail", "fail", "fail")} <= seen
    assert {("pass", "fail", "inconclusive"), ("inconclusive", "pass", "inconclusive")} <= seen


# --- a chain of releases, each a little worse ---

RELEASES, STEP, CHAIN_CASES = 10, 0.01, 1_500
CHAIN = GatePolicy(metrics=(MetricRule(metric="grade", margin=0.02, range=(0.0, 1.0)),))


@dataclass(frozen=True)
class Chain:
    """Releases that passed before the first that did not, with the anchor and without; and how it was stopped."""

    anchored: int
    free: int
    verdict: str


def grades(release: int, skill: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A grade for each case: its own level, noise, and a point less for each release."""
    return np.clip(skill - STEP * release + rng.normal(0, 0.07, len(skill)), 0, 1)


def chain(template: ScoreTable, rng: np.random.Generator) -> Chain:
    skill = rng.uniform(0.4, 0.7, CHAIN_CASES)
    releases = [grades(k, skill, rng) for k in range(RELEASES + 1)]

    def gated(anchored: bool) -> tuple[int, str]:
        for k in range(1, RELEASES + 1):
            last = against(template, releases[k - 1], releases[k], CHAIN)
            since = against(template, releases[0], releases[k], against_anchor(CHAIN)) if anchored and k > 1 else None
            found = decide(last, CHAIN, anchor=since)
            if found.verdict != "pass":
                return k - 1, found.verdict
        return RELEASES, "pass"

    (stopped, verdict), (free, _) = gated(True), gated(False)
    return Chain(stopped, free, verdict)


def against(template: ScoreTable, base: np.ndarray, cand: np.ndarray, policy: GatePolicy):
    table = replace(template, score=np.concatenate([base, cand]))
    return compare(table, policy, baseline="base", candidate="cand")


def check_chains(n: int, seed: int) -> None:
    template = paired_table(np.zeros(CHAIN_CASES), np.zeros(CHAIN_CASES), metric="grade")
    rng = np.random.default_rng(seed)
    chains = [chain(template, rng) for _ in range(n)]
    shares = [sum(one.anchored >= k for one in chains) / n for k in range(RELEASES + 1)]
    through = sum(one.free == RELEASES for one in chains) / n
    passed = " / ".join(f"{share:.2f}" for share in shares[1:5])
    print(f"| {n} chains, with the anchor | release 1 / 2 / 3 / 4 passes {passed} |")
    print(f"| without | all ten pass {through:.2f}, on average {sum(one.free for one in chains) / n:.1f} |")
    # Release 2 is worse than the anchor by exactly the margin, release 3 by more.
    assert shares[1] >= 0.95 - noise(0.95, n)
    assert shares[2] <= 0.055 + noise(0.055, n)
    assert shares[3] == 0
    assert through >= 0.80 - noise(0.80, n)
    assert {one.verdict for one in chains} <= {"inconclusive", "fail"}


def test_8_chains_of_small_drops_are_stopped_by_the_anchor():
    check_chains(8, 4)


@pytest.mark.slow
def test_200_chains_of_small_drops_are_stopped_by_the_anchor():
    check_chains(200, 5)


# --- ten metrics at once ---

TEN = GatePolicy(
    metrics=tuple(
        MetricRule(metric=f"m{i}", margin=0.1 if i < 5 else 0.3, range="binary" if i < 5 else None) for i in range(10)
    )
)
MODELS = [Binary(0.65, cluster=0.1, case=0.3, cluster_shock=0.1)] * 3 + [Binary(0.95, cluster=0.1, case=0.3)] * 2
MODELS = [*MODELS, *[Normal(0.0, cluster=0.3, case=0.7, cluster_shock=0.3)] * 5]  # type: ignore[list-item]


def check_ten(draws: int, seed: int) -> None:
    shape, rng = Shape.of_sizes([5] * 60), np.random.default_rng(seed)
    found = [
        judge([pairs_of(shape, model, Latent.draw(shape, rng), 0.0) for model in MODELS], TEN) for _ in range(draws)
    ]
    fails = sum(one.verdict == "fail" for one in found) / draws
    alone = sum(any(metric.verdict == "fail" for metric in one.metrics) for one in found) / draws
    passes = sum(one.verdict == "pass" for one in found) / draws
    print(f"| ten metrics, {draws:,} draws | fails {fails:.3f} | some metric alone {alone:.3f} | passes {passes:.3f} |")
    assert fails <= 0.055 + (0 if draws >= 10_000 else noise(0.055, draws))
    # What Holm is for, and that the policy is not mute.
    assert alone >= 0.20
    assert fails >= 0.02 - noise(0.02, draws)


def test_150_policies_of_ten_unchanged_metrics_fail_as_one_would():
    check_ten(150, 6)


@pytest.mark.slow
def test_10000_policies_of_ten_unchanged_metrics_fail_as_one_would():
    check_ten(10_000, 7)
