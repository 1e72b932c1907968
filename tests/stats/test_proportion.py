"""Clopper-Pearson and Wilson."""

import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from evalplat.stats import clopper_pearson, wilson


def test_reference_17_of_20():
    assert wilson(17, 20).interval(0.95) == pytest.approx((0.639581, 0.947631), abs=5e-7)
    assert clopper_pearson(17, 20).interval(0.95) == pytest.approx((0.621073, 0.967929), abs=5e-7)


@st.composite
def counts(draw):
    n = draw(st.integers(1, 500))
    return draw(st.integers(0, n)), n


@given(counts(), st.floats(0.5, 0.999), st.floats(0.01, 0.99))
@settings(max_examples=100, deadline=None)
def test_agreement_with_scipy(count, confidence, null):
    k, n = count
    for mine, name in ((clopper_pearson(k, n), "exact"), (wilson(k, n), "wilson")):
        theirs = scipy.stats.binomtest(k, n).proportion_ci(confidence, method=name)
        assert mine.interval(confidence) == pytest.approx((theirs.low, theirs.high), rel=1e-9, abs=1e-12)
    for side, mine in (("less", clopper_pearson(k, n).p_below(null)), ("greater", clopper_pearson(k, n).p_above(null))):
        assert mine == pytest.approx(scipy.stats.binomtest(k, n, null, side).pvalue, rel=1e-9)


@given(counts(), st.floats(0.001, 0.499))
@settings(max_examples=100, deadline=None)
def test_bounds_are_where_their_tests_begin_to_reject(count, alpha):
    for result in (clopper_pearson(*count), wilson(*count)):
        low, high = result.lower(alpha), result.upper(alpha)
        assert 0 <= low <= result.estimate <= high <= 1
        if high < 1:
            assert result.p_below(high) == pytest.approx(alpha, rel=1e-6)
        if low > 0:
            assert result.p_above(low) == pytest.approx(alpha, rel=1e-6)


def test_rule_of_three_and_the_ends():
    assert clopper_pearson(0, 300).upper(0.05) == pytest.approx(1 - 0.05 ** (1 / 300), rel=1e-12)
    assert clopper_pearson(0, 10**9).upper(1e-12) == pytest.approx(2.763102e-8, rel=1e-6)
    assert clopper_pearson(0, 5).lower(0.05) == wilson(0, 5).lower(0.05) == 0.0
    assert clopper_pearson(5, 5).upper(0.05) == wilson(5, 5).upper(0.05) == 1.0


@pytest.mark.parametrize("method", [clopper_pearson, wilson])
@pytest.mark.parametrize(("k", "n"), [(-1, 5), (6, 5), (0, 0), (0.5, 1)])
def test_bad_input_is_named(method, k, n):
    with pytest.raises(ValueError, match=r"must|exceeds"):
        method(k, n)
    with pytest.raises(ValueError, match="alpha"):
        method(1, 5).upper(0.0)
