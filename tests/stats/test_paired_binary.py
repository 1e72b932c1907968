"""Tango's interval and McNemar's test."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar as sm_mcnemar

from evalplat.stats import mcnemar, tango


@pytest.mark.parametrize(
    ("cells", "interval"), [((1, 7, 21), (-0.517232, -0.026003)), ((12, 2, 60), (0.051176, 0.292456))]
)
def test_tango_reference(cells, interval):
    assert tango(*cells).interval(0.95) == pytest.approx(interval, abs=5e-7)


@st.composite
def cells(draw, top=400):
    n = draw(st.integers(1, top))
    b = draw(st.integers(0, n))
    return b, draw(st.integers(0, n - b)), n


def likelihood_score(b, c, n, delta):
    """Tango's statistic with the restricted estimate found by maximising the likelihood, not by his formula."""
    q = np.linspace(max(0.0, -delta), (1 - delta) / 2, 200_001)[1:-1]
    p = q + delta
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = [count * np.log(chance) if count else 0 for count, chance in ((b, p), (c, q), (n - b - c, 1 - p - q))]
    q = q[np.argmax(sum(logs))]
    return (b - c - n * delta) / math.sqrt(n * (2 * q + delta - delta**2))


@given(cells(60), st.floats(-0.9, 0.9))
@settings(max_examples=60, deadline=None)
def test_tango_maximises_the_restricted_likelihood(table, delta):
    assume(abs(delta) > 0.02 and table[0] + table[1] > 0)
    assert tango(*table).score(delta) == pytest.approx(likelihood_score(*table, delta), rel=2e-3, abs=2e-3)


@given(cells(), st.floats(0.001, 0.499))
@settings(max_examples=200, deadline=None)
def test_tango_bounds_are_where_its_test_begins_to_reject(table, alpha):
    result = tango(*table)
    z = scipy.stats.norm.isf(alpha)
    low, high = result.bound(alpha, "lower"), result.bound(alpha, "upper")
    assert -1 <= low <= result.estimate <= high <= 1
    step = 1e-9
    for at, sign in ((low, 1), (high, -1)):
        for inside in (at + sign * step, at + 2 * sign * step):
            if -1 < inside < 1 and abs(inside - result.estimate) > 4 * step:
                assert abs(result.score(inside)) < z + 1e-4 or abs(at) > 1 - 1e-6
        outside = at - sign * step
        if -1 < outside < 1:
            assert sign * result.score(outside) > z - 1e-4 or abs(at) > 1 - 1e-6


@given(cells(), st.floats(0.5, 0.999), st.floats(-0.99, 0.99))
@settings(max_examples=100, deadline=None)
def test_tango_mirrors(table, confidence, null):
    b, c, n = table
    low, high = tango(b, c, n).interval(confidence)
    assert tango(c, b, n).interval(confidence) == pytest.approx((-high, -low), abs=1e-12)
    assert tango(b, c, n).p_below(null) == pytest.approx(tango(c, b, n).p_above(-null), abs=1e-12)
    assert tango(b, c, n).p_below(null) + tango(b, c, n).p_above(null) == pytest.approx(1)


@given(cells())
def test_tango_at_zero_is_mcnemar_without_correction(table):
    b, c, n = table
    assume(b + c > 0)
    assert tango(b, c, n).score() == pytest.approx((b - c) / math.sqrt(b + c))
    theirs = sm_mcnemar([[n - b - c, b], [c, 0]], exact=False, correction=False).pvalue
    assert tango(b, c, n).p_value() == pytest.approx(theirs, rel=1e-9)


def test_tango_without_discordant_pairs_has_the_known_width():
    for n in (1, 20, 10**6):
        z2 = scipy.stats.norm.isf(0.05) ** 2
        assert tango(0, 0, n).interval(0.90) == pytest.approx((-z2 / (n + z2), z2 / (n + z2)), rel=1e-9)
    assert tango(0, 0, 20).p_value() == 1.0


def test_tango_at_the_ends_and_at_a_million():
    assert tango(20, 0, 20).interval(0.95)[1] == 1.0
    assert tango(0, 20, 20).interval(0.95)[0] == -1.0
    low, high = tango(130_000, 129_000, 10**6).interval(0.95)
    wald = 1.959964 * math.sqrt(259_000 - 1) / 10**6
    assert (low, high) == pytest.approx((0.001 - wald, 0.001 + wald), abs=2e-8)


def test_tango_beyond_one_half_lies_beyond_the_estimate():
    result = tango(12, 2, 60)
    assert result.bound(0.7, "lower") == pytest.approx(result.bound(0.3, "upper"), abs=1e-12)
    assert result.p_above(result.bound(0.7, "lower")) == pytest.approx(0.7)


def test_tango_holds_its_level():
    """True difference -0.05 with margin 0.05: never `better than the margin` much more often than 5 in 100."""
    rng = np.random.default_rng(0)
    for n, c in ((60, 0.10), (200, 0.05), (600, 0.20)):
        draws = rng.multinomial(n, [c - 0.05, c, 1.05 - 2 * c], size=3000)
        tables, counts = np.unique(draws, axis=0, return_counts=True)
        passes = [tango(int(b), int(w), n).bound(0.05, "lower") > -0.05 for b, w, _ in tables]
        assert np.dot(passes, counts) / 3000 < 0.065


def test_mcnemar_reference():
    result = mcnemar(1, 7)
    assert (result.p_exact, result.p_midp) == pytest.approx((0.0703125, 0.0390625), abs=1e-15)
    gsm8k = mcnemar(209, 152)
    assert (gsm8k.p_exact, gsm8k.p_midp) == pytest.approx((0.0031507, 0.0026874), abs=5e-8)
    assert mcnemar(64, 293).p_exact == pytest.approx(3.93e-36, rel=2e-3)


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_agrees_with_scipy(b, c):
    assume(b + c > 0)
    result = mcnemar(b, c)
    assert result.p_exact == pytest.approx(scipy.stats.binomtest(b, b + c).pvalue, rel=1e-9)
    point = scipy.stats.binom.pmf(min(b, c), b + c, 0.5)
    expected = 1.0 if b == c else 2 * (scipy.stats.binom.cdf(min(b, c), b + c, 0.5) - point / 2)
    assert result.p_midp == pytest.approx(expected, rel=1e-9)
    assert mcnemar(c, b).p_midp == result.p_midp <= result.p_exact <= 1


def test_mcnemar_edges():
    assert (mcnemar(0, 0).p_exact, mcnemar(0, 0).p_midp) == (1.0, 1.0)
    assert mcnemar(5, 5).p_midp == 1.0
    big = mcnemar(501_000, 499_000)
    assert big.p_midp == pytest.approx(2 * scipy.stats.norm.sf(2000 / 1000), rel=1e-3)
    assert mcnemar(0, 10**6).p_exact == 0.0


@pytest.mark.parametrize(
    "call",
    [
        lambda: tango(-1, 0, 5),
        lambda: tango(3, 3, 5),
        lambda: tango(0, 0, 0),
        lambda: tango(1.5, 0, 5),
        lambda: tango(1, 0, 5).p_below(1.0),
        lambda: tango(1, 0, 5).interval(95),
        lambda: mcnemar(-1, 0),
        lambda: mcnemar(1.0, 0),
    ],
)
def test_bad_input_is_named(call):
    with pytest.raises(ValueError, match=r"must|exceeds"):
        call()
