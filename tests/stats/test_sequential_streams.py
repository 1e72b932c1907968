"""Streams of simulated pairs through the bounds, with futility: errors, verdicts and calls.

`pytest tests/stats/test_sequential_streams.py -m slow -s` prints the table of evalplat/stats/README.md.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.special import ndtr, ndtri, stdtr

from evalplat.stats import EARLY, LEAST_HOPE, STEADY, boundaries, clopper_pearson, futility, operating, tango

LOOKS = 5
FEWEST_DIFFERING = 5


@dataclass(frozen=True)
class Stream:
    """What a gate sees, (streams, looks): z of both tests on the normal scale, margin / se, clusters that differ."""

    z_pass: np.ndarray
    z_fail: np.ndarray
    effect: np.ndarray
    differing: np.ndarray
    allowed: np.ndarray  # (streams,) at the end a pass with fewer than 5 differing clusters needs this


@dataclass(frozen=True)
class Tally:
    passes: float
    fails: float
    futile: float
    calls: float  # share of the largest sample


def binary(n, streams, up, down, margin, rng):
    """Pairs that are their own clusters: Tango's score tests."""
    sizes = np.diff(np.round(np.linspace(0, n, LOOKS + 1)).astype(int))
    counts = np.stack([rng.multinomial(size, [up, down, 1 - up - down], streams) for size in sizes], axis=1).cumsum(1)
    b, c, seen = counts[..., 0], counts[..., 1], sizes.cumsum()
    spread = np.sqrt(tango_variance(b, c, seen, -margin))
    worse = np.array([clopper_pearson(int(k), n).upper(0.05) for k in range(FEWEST_DIFFERING)])
    last = np.minimum(c[:, -1], FEWEST_DIFFERING - 1)
    return Stream(
        (b - c + seen * margin) / spread,
        (b - c) / np.sqrt(np.maximum(b + c, 1)),
        seen * margin / spread,
        b + c,
        ((b + c)[:, -1] >= FEWEST_DIFFERING) | (worse[last] < margin),
    )


def tango_variance(b, c, n, delta):
    linear = -b - c + (2 * n - b + c) * delta
    product = -c * delta * (1 - delta)
    q = (np.sqrt(linear**2 - 8 * n * product) - linear) / (4 * n)
    return n * (2 * q + delta * (1 - delta))


def clustered(clusters, size, streams, base, cand, margin, rng):
    """Clusters of `size` pairs: each side's rate in a cluster is drawn by `base` and `cand`; t on cluster means."""
    shape = (streams, clusters)
    d = (rng.binomial(size, cand(rng, shape)) - rng.binomial(size, base(rng, shape))) / size
    at = np.round(np.linspace(0, clusters, LOOKS + 1)).astype(int)[1:]
    mean = d.cumsum(1)[:, at - 1] / at
    variance = ((d**2).cumsum(1)[:, at - 1] - at * mean**2) / (at - 1)
    se = np.sqrt(np.maximum(variance, 1e-12) / at)
    df = at - 1.0
    differing = (d != 0).cumsum(1)[:, at - 1]
    worse = np.array([clopper_pearson(k, clusters).upper(0.05) for k in range(clusters + 1)])
    enough = (differing[:, -1] >= FEWEST_DIFFERING) | (worse[(d < 0).sum(1)] < margin)
    return Stream(-normal(df, -(mean + margin) / se), normal(df, mean / se), margin / se, differing, enough)


def normal(df, t):
    """The z with the p-value of t."""
    return ndtri(np.clip(stdtr(df, t), 1e-300, 1 - 1e-16))


def run(stream, clusters, *, near_bound=False, futile=True):
    """Each stream to its end, by the rules of a gate."""
    streams = len(stream.z_pass)
    share = np.round(np.linspace(0, clusters, LOOKS + 1))[1:] / clusters
    tested = (stream.differing >= FEWEST_DIFFERING) & (share * clusters >= 8)
    tested[:, -1] = True
    first = tested.argmax(1)
    verdict, calls = np.full(streams, "?"), np.ones(streams)
    alpha = 0.05
    for start in range(LOOKS):
        mine = first == start
        to_pass = boundaries(share[start:], alpha / 2 if near_bound else alpha).z
        to_fail = boundaries(share[start:], alpha, EARLY if futile else STEADY).z
        for k in range(start, LOOKS):
            going = mine & (verdict == "?")
            passing = stream.z_pass[:, k] >= to_pass[k - start]
            failing = ~passing & (stream.z_fail[:, k] <= -to_fail[k - start])
            if k == LOOKS - 1:
                passing &= stream.allowed
            hopeless = np.zeros(streams, bool)
            if futile and EARLY.horizon <= share[k] < 1:
                t = share[k]
                ends = stream.z_pass[:, k] * t**0.5 + stream.effect[:, k] / t**0.5 * (1 - t)
                hopeless = ndtr((ends - to_pass[-1]) / (1 - t) ** 0.5) < LEAST_HOPE
            for mark, now in (("p", passing), ("f", failing), ("u", hopeless & ~passing & ~failing)):
                verdict[going & now] = mark
            calls[going & (verdict != "?")] = share[k]
    return Tally((verdict == "p").mean(), (verdict == "f").mean(), (verdict == "u").mean(), calls.mean())


# --- the kinds of streams: what is simulated, at 0 and at the margin ---

MARGIN, DISCORDANCE = 0.05, 0.20
FIXED = (1.644854 + 0.841621) ** 2 * DISCORDANCE / MARGIN**2  # 494.6


def two_point(mean):
    """One cluster in ten is .15 below the others."""
    return lambda rng, shape: mean + 0.015 - 0.15 * (rng.random(shape) < 0.1)


def flat(mean):
    """Rates anywhere within .2 of the mean."""
    return lambda rng, shape: mean + rng.uniform(-0.2, 0.2, shape)


def of_binary(streams, change, seed, futile=True):
    n = round(FIXED * operating(LOOKS, futility=futile).inflation)
    up, down = (DISCORDANCE + change) / 2, (DISCORDANCE - change) / 2
    return run(binary(n, streams, up, down, MARGIN, np.random.default_rng(seed)), n, futile=futile), n / FIXED


def of_ceiling_pairs(streams, change, seed):
    """443 independent pairs, baseline .97, margin .03."""
    base, cand = 0.97, 0.97 + change
    made = binary(443, streams, (1 - base) * cand, base * (1 - cand), 0.03, np.random.default_rng(seed))
    return run(made, 443)


def of_clusters(clusters, margin, size=5):
    def kind(streams, change, seed):
        made = clustered(clusters, size, streams, flat(0.6), flat(0.6 + change), margin, np.random.default_rng(seed))
        return run(made, clusters)

    return kind


def of_ceiling_clusters(clusters, margin):
    def kind(streams, change, seed):
        rng = np.random.default_rng(seed)
        made = clustered(clusters, 5, streams, two_point(0.97), two_point(0.97 + change), margin, rng)
        return run(made, clusters, near_bound=True)

    return kind


OTHERS = {
    "300 clusters of 5, margin .05": (of_clusters(300, 0.05), 0.05),
    "100 clusters of 5, margin .09": (of_clusters(100, 0.09), 0.09),
    "40 clusters of 5, margin .14": (of_clusters(40, 0.14), 0.14),
    "60 clusters of 20, margin .07": (of_clusters(60, 0.07, 20), 0.07),
    "20 clusters of 20, margin .12": (of_clusters(20, 0.12, 20), 0.12),
    "ceiling .97, 443 pairs, margin .03": (of_ceiling_pairs, 0.03),
    "ceiling .97, 60 clusters of 5, margin .05": (of_ceiling_clusters(60, 0.05), 0.05),
    "ceiling .97, 40 clusters of 5, margin .06": (of_ceiling_clusters(40, 0.06), 0.06),
}


def row(name, truth, tally, unit=1.0):
    none = 1 - tally.passes - tally.fails
    print(f"| {name} | {truth} | {tally.passes:.3f} | {tally.fails:.3f} | {none:.3f} | {tally.calls * unit:.3f} |")


# --- tests ---


def test_the_simulation_tests_as_the_engine_does():
    b, c, n = 9, 17, 120
    expected = tango(b, c, n).score(-0.05)
    assert (b - c + n * 0.05) / tango_variance(b, c, n, -0.05) ** 0.5 == pytest.approx(expected)
    found = futility(-0.4, 1.2, 0.6, 1.74)
    assert found.conditional_power == pytest.approx(ndtr((-0.4 * 0.6**0.5 + 1.2 / 0.6**0.5 * 0.4 - 1.74) / 0.4**0.5))


def check_binary(streams, seed, slack):
    none, unit = of_binary(streams, 0.0, seed)
    worse, _ = of_binary(streams, -MARGIN, seed + 1)
    row("pairs", "no change", none, unit)
    row("pairs", "worse by the margin", worse, unit)
    assert none.fails <= 0.055 + slack
    assert worse.passes <= 0.055 + slack
    assert none.passes >= 0.80 - 0.01 - slack
    assert none.calls * unit <= 0.83
    assert worse.calls * unit <= 0.65 + slack
    assert worse.fails >= 0.58 - slack
    assert unit < 1.13


def test_2000_streams_of_binary_pairs_keep_their_errors_and_save_calls():
    check_binary(2_000, 1, 0.015)


@pytest.mark.slow
def test_10000_streams_of_binary_pairs_keep_their_errors_and_save_calls():
    check_binary(10_000, 3, 0.0)
    for change in (0.0, -MARGIN / 2, -MARGIN):
        tally, unit = of_binary(10_000, change, 5, futile=False)
        row("pairs, no futility", change, tally, unit)
    half, unit = of_binary(10_000, -MARGIN / 2, 6)
    row("pairs", "worse by half of it", half, unit)


def check_other(name, streams, seed, most):
    kind, margin = OTHERS[name]
    none, worse = kind(streams, 0.0, seed), kind(streams, -margin, seed + 1)
    row(name, "no change", none)
    row(name, "worse by the margin", worse)
    assert none.fails <= most
    assert worse.passes <= most
    # Neither test is mute.
    assert none.passes > 0.3
    assert worse.fails > 0.3


@pytest.mark.parametrize("name", list(OTHERS))
def test_2000_clustered_and_ceiling_streams_keep_their_errors(name):
    check_other(name, 2_000, 11, 0.065 + 0.012)


@pytest.mark.slow
@pytest.mark.parametrize("name", list(OTHERS))
def test_10000_clustered_and_ceiling_streams_keep_their_errors(name):
    check_other(name, 10_000, 21, 0.065)
