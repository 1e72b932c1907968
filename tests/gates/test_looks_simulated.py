"""A gate that looks, by simulation: score tables in, `next_step` asked, its errors, verdicts and calls counted.

`pytest tests/gates/test_looks_simulated.py -m slow -s` prints the rows of evalplat/gates/README.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import pytest
from instruments.look_streams import Arms, PairStreams, Planned, Tally, ended, tally

from evalplat.gates import Binary, Latent, Normal, Shape
from evalplat.records import Decision, GatePolicy, MetricRule, Stopping

Draw = Callable[[np.random.Generator], Arms]


def noise(rate: float, streams: int) -> float:
    """Three Monte Carlo standard errors of a share."""
    return 3 * math.sqrt(rate * (1 - rate) / streams)


def policy(margin: float, **fields: object) -> GatePolicy:
    return GatePolicy(metrics=(MetricRule(metric="m", margin=margin, range="binary"),), **fields)


# --- independent binary pairs, one test of 80 % power ---

DISCORDANCE, MARGIN = 0.20, 0.05
FIXED = (1.644854 + 0.841621) ** 2 * DISCORDANCE / MARGIN**2
"""494.6 pairs: the textbook's sample for 80 % power at one look."""

LARGEST = 560
"""The largest sample that gives the gate the power that it has at one look of 495 pairs: .795, as Tango's test goes in
steps."""


def pairs(change: float, n: int = LARGEST) -> Draw:
    up, down = rates_of(change)

    def draw(rng: np.random.Generator) -> Arms:
        moved = rng.choice((1.0, -1.0, 0.0), n, p=(up, down, 1 - up - down))
        same = rng.integers(0, 2, n)
        return np.where(moved == 0, same, moved < 0), np.where(moved == 0, same, moved > 0)

    return draw


def rates_of(change: float) -> tuple[float, float]:
    return (DISCORDANCE + change) / 2, (DISCORDANCE - change) / 2


def counts_of(planned: Planned, arms: Arms) -> np.ndarray:
    """(looks, 2): pairs gained and lost up to each look, in the gate's order."""
    change = (arms[1] - arms[0])[planned.order]
    return np.array([[(change[:end] > 0).sum(), (change[:end] < 0).sum()] for end in planned.schedule.cases])


def test_the_counts_of_a_stream_decide_it():
    # A small test, so that streams come to the same counts often.
    planned, rng = Planned.of(policy(0.15, stopping=Stopping(looks=3)), 60), np.random.default_rng(1)
    by_counts = PairStreams(planned)
    for change in (0.0, -0.15):
        for _ in range(60):
            arms = pairs(change, 60)(rng)
            assert by_counts.end(counts_of(planned, arms)) == ended(planned.gate(arms))
    # Many ends were known from other streams.
    assert by_counts.asked < 90


def check_pairs(streams: int, seed: int) -> None:
    found, rng = PairStreams(Planned.of(policy(MARGIN), LARGEST)), np.random.default_rng(seed)
    none, worse = (found.tally(*rates_of(change), streams, rng) for change in (0.0, -MARGIN))
    print(none.row("independent pairs", "no change", FIXED))
    print(worse.row("independent pairs", "worse by the margin", FIXED))
    if streams >= 10_000:
        half = found.tally(*rates_of(-MARGIN / 2), streams, rng)
        print(half.row("independent pairs", "worse by half of the margin", FIXED))
    assert none.fails <= 0.055 + (noise(0.055, streams) if streams < 10_000 else 0)
    assert worse.passes <= 0.055 + (noise(0.055, streams) if streams < 10_000 else 0)
    assert none.passes >= 0.795 - noise(0.795, streams)
    assert worse.fails >= 0.60 - noise(0.60, streams)
    assert none.calls / FIXED <= 0.83 + (0.05 if streams < 10_000 else 0)
    assert worse.calls / FIXED <= 0.65 + (0.05 if streams < 10_000 else 0)


def test_80_streams_of_pairs_keep_their_errors_and_save_calls():
    check_pairs(80, 2)


@pytest.mark.slow
def test_10000_streams_of_pairs_keep_their_errors_and_save_calls():
    check_pairs(10_000, 3)


def estimates(streams: int, change: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Of streams that go through the gate one by one: the median-unbiased estimates, and the plain ones."""
    planned, rng = Planned.of(policy(MARGIN), LARGEST), np.random.default_rng(seed)
    found = [planned.gate(pairs(change)(rng)).metrics[0].comparison for _ in range(streams)]
    return np.array([one.median_unbiased for one in found]), np.array([one.difference for one in found])


@pytest.mark.slow
@pytest.mark.parametrize("change", [0.0, -MARGIN])
def test_the_estimate_after_a_stop_is_above_the_truth_in_half_of_1000_streams(change):
    unbiased, plain = estimates(1_000, change, 4)
    above, plain_above = ((found > change).mean() + (found == change).mean() / 2 for found in (unbiased, plain))
    print(f"| estimate, truth {change:g} | above it: {above:.3f} | the plain one: {plain_above:.3f} |")
    assert abs(above - 0.5) <= 0.01 + noise(0.5, 1_000)


# --- clusters whose skills move by themselves in each arm; rates near the ceiling ---


def flat(mean: float, rng: np.random.Generator, n: int) -> np.ndarray:
    return mean + rng.uniform(-0.2, 0.2, n)


def two_point(mean: float, rng: np.random.Generator, n: int) -> np.ndarray:
    """One cluster in ten is .15 below the others."""
    return mean + 0.015 - 0.15 * (rng.random(n) < 0.1)


def shocked(clusters: int, size: int, change: float, level: float, rates: Callable[..., np.ndarray]) -> Draw:
    def draw(rng: np.random.Generator) -> Arms:
        by_arm = [np.repeat(rates(mean, rng, clusters), size) for mean in (level, level + change)]
        base, cand = (rng.random(clusters * size) < rate for rate in by_arm)
        return base, cand

    return draw


CLUSTERED = {
    "100 clusters of 5": (100, 5, 0.09, 0.60, flat),
    "20 clusters of 20": (20, 20, 0.12, 0.60, flat),
    "60 clusters of 5 at .97": (60, 5, 0.05, 0.97, two_point),
}


def check_clustered(name: str, streams: int, seed: int) -> None:
    clusters, size, margin, level, rates = CLUSTERED[name]
    planned = Planned.of(policy(margin), clusters * size, cluster_size=size)
    rng = np.random.default_rng(seed)
    none, worse = (
        tally(planned, lambda change=change: shocked(clusters, size, change, level, rates)(rng), streams)
        for change in (0.0, -margin)
    )
    print(none.row(f"{name}, margin {margin}", "no change", clusters * size))
    print(worse.row(f"{name}, margin {margin}", "worse by the margin", clusters * size))
    assert none.fails <= 0.065 + noise(0.065, streams)
    assert worse.passes <= 0.065 + noise(0.065, streams)
    # Neither test is mute, and calls are saved.
    assert none.passes >= 0.65 - noise(0.65, streams)
    assert worse.fails >= 0.40 - noise(0.40, streams)
    assert none.calls < 0.9 * clusters * size
    assert worse.calls < 0.7 * clusters * size


def test_80_streams_of_20_clusters_keep_their_errors():
    check_clustered("20 clusters of 20", 80, 5)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(CLUSTERED))
def test_800_streams_of_clusters_keep_their_errors(name):
    check_clustered(name, 800, 6)


@pytest.mark.slow
def test_10000_streams_of_pairs_near_the_ceiling_keep_their_errors():
    level, margin, n = 0.97, 0.03, 443
    found, rng = PairStreams(Planned.of(policy(margin), n)), np.random.default_rng(7)
    for change, truth in ((0.0, "no change"), (-margin, "worse by the margin")):
        cand = level + change
        one = found.tally((1 - level) * cand, level * (1 - cand), 10_000, rng)
        print(one.row("443 independent pairs at .97, margin .03", truth, n))
        assert (one.passes if change else one.fails) <= 0.065
        assert (one.fails if change else one.passes) >= 0.40


# --- estimand suite: 200 fixed scenarios, a kept baseline of 20 trials each ---

SCENARIOS, KEPT, TRIALS = 200, 20, 2
FRESH = 655
"""Candidate calls of a paired gate with a baseline run beside it, for 80 % power."""


def fresh(power: float) -> float:
    """The same for another power, by formula: 2 v (z_.95 + z_power)^2 / .05^2."""
    rates = scenario_rates(0.0)
    return float(2 * (rates * (1 - rates)).mean() * (1.644854 + NormalDist().inv_cdf(power)) ** 2 / 0.05**2)


def scenario_rates(change: float) -> np.ndarray:
    """Quantiles of a Beta distribution: mean .7, mean of p (1 - p) .1324; the drop is in proportion to the rate."""
    from scipy.special import betaincinv

    mean, within = 0.7, 0.1324
    size = 1 / (1 - within / (mean * (1 - mean))) - 1
    rates = betaincinv(mean * size, (1 - mean) * size, (np.arange(SCENARIOS) + 0.5) / SCENARIOS)
    return rates * (rates.mean() + change) / rates.mean()


def suite_tally(estimand: str, change: float, streams: int, seed: int) -> Tally:
    planned = Planned.of(policy(0.05, estimand=estimand), SCENARIOS, trials=(KEPT, TRIALS))
    base, cand, rng = scenario_rates(0.0), scenario_rates(change), np.random.default_rng(seed)

    def draw() -> Arms:
        order = rng.permutation(SCENARIOS)  # the gate's order is fixed: which scenario comes when is not
        kept = rng.random((SCENARIOS, KEPT)) < base[order, None]
        return kept, rng.random((SCENARIOS, TRIALS)) < cand[order, None]

    return tally(planned, draw, streams)


def test_the_655_calls_are_those_of_the_formula():
    assert fresh(0.80) == pytest.approx(FRESH, abs=1)


def check_suite(estimand: str, streams: int, seed: int) -> None:
    none, worse = (suite_tally(estimand, change, streams, seed + i) for i, change in enumerate((0.0, -0.05)))
    print(none.row(f"200 scenarios, {estimand}", "no change", FRESH))
    print(worse.row(f"200 scenarios, {estimand}", "worse by the margin", FRESH))
    assert none.fails <= 0.055 + noise(0.055, streams)
    assert worse.passes <= 0.055 + noise(0.055, streams)
    # Two trials a case are the fewest that tell their noise; 400 calls at most are just short of 80 %.
    assert none.passes >= 0.785 - noise(0.785, streams)
    assert worse.fails >= 0.45 - noise(0.45, streams)
    same_power = fresh(min(none.passes, 0.80)) if streams > 500 else FRESH
    print(f"a gate with a fresh baseline needs {same_power:.0f} candidate calls for the power {none.passes:.3f}")
    assert max(none.calls, worse.calls) <= same_power / 2


def test_50_suites_need_half_of_the_candidate_calls():
    check_suite("suite", 50, 8)


@pytest.mark.slow
@pytest.mark.parametrize(("estimand", "streams"), [("suite", 2_400), ("population", 800)])
def test_suites_need_half_of_the_candidate_calls(estimand, streams):
    check_suite(estimand, streams, 9)


# --- ten metrics at once ---


def ten_metrics(streams: int, seed: int) -> tuple[float, float]:
    """Shares of unchanged agents that a policy of ten independent gating metrics, in looks, fails and passes."""
    cases = 100
    rules = tuple(
        MetricRule(metric=f"m{i}", margin=0.15 if i < 5 else 0.4, range="binary" if i < 5 else None) for i in range(10)
    )
    planned = Planned.of(GatePolicy(metrics=rules, stopping=Stopping(looks=3)), cases)
    rng, shape = np.random.default_rng(seed), Shape(cases)
    models = [Binary(0.65, case=0.3)] * 5 + [Normal(0.0, case=0.7)] * 5

    def gate() -> Decision:
        return planned.gate(*(model.arms(shape, Latent.draw(shape, rng), 0.0) for model in models))

    verdicts = [gate().verdict for _ in range(streams)]
    return verdicts.count("fail") / streams, verdicts.count("pass") / streams


@pytest.mark.slow
def test_ten_unchanged_metrics_in_looks_fail_no_more_often_than_one():
    fails, passes = ten_metrics(500, 10)
    none = f"{passes:.3f} | {fails:.3f} | {1 - passes - fails:.3f}"
    print(f"| ten metrics, 100 cases, three looks | no change | 500 | {none} | |")
    assert fails <= 0.055 + noise(0.055, 500)
