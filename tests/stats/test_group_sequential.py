"""boundaries, repeated_p and their kin: bounds of tests that are looked at several times."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr

from evalplat.stats import (
    EARLY,
    STEADY,
    Spending,
    boundaries,
    conditional_power,
    futility,
    median_unbiased,
    obrien_fleming_spending,
    operating,
    repeated_p,
    stagewise_interval,
)

FIVE = (0.2, 0.4, 0.6, 0.8, 1.0)


@st.composite
def looks(draw, most=5):
    """Shares of one to `most` looks, at least .02 apart."""
    steps = draw(st.lists(st.integers(1, 20), min_size=1, max_size=most))
    whole = max(sum(steps) + draw(st.integers(0, 20)), 5)
    return tuple(float(s) / whole for s in np.cumsum(steps))


def paths(n, shares, drift=0.0, seed=0):
    """z of `n` Brownian paths at `shares`."""
    steps = np.diff(shares, prepend=0.0)
    increments = np.random.default_rng(seed).standard_normal((n, len(steps))) * np.sqrt(steps) + drift * steps
    return np.cumsum(increments, axis=1) / np.sqrt(shares)


# --- bounds ---


@pytest.mark.parametrize(
    ("alpha", "expected"),
    [
        (0.025, (4.876885, 3.357012, 2.680280, 2.289817, 2.031032)),
        (0.05, (4.229195, 2.888136, 2.298090, 1.961820, 1.739703)),
    ],
)
def test_five_equal_looks_have_the_published_bounds(alpha, expected):
    assert boundaries(FIVE, alpha).z == pytest.approx(expected, abs=1e-5)


@given(st.floats(1e-12, 0.999))
def test_one_look_at_the_whole_is_the_fixed_test_to_the_last_bit(alpha):
    found = boundaries([1.0], alpha)
    assert found.nominal == found.spent == (alpha,)
    assert repeated_p([1.0], [alpha]) == alpha


def test_two_looks_agree_with_the_bivariate_normal():
    found = boundaries([0.3, 0.7], 0.05)
    both_below = scipy.stats.multivariate_normal.cdf(found.z, cov=[[1, (3 / 7) ** 0.5], [(3 / 7) ** 0.5, 1]])
    assert 1 - both_below == pytest.approx(obrien_fleming_spending(0.7, 0.05), abs=1e-7)


def test_simulated_paths_cross_as_often_as_was_spent():
    shares, n = (0.25, 0.4, 0.45, 0.9), 400_000
    found = boundaries(shares, 0.1)
    crossed = np.maximum.accumulate(paths(n, shares) >= found.z, axis=1).mean(axis=0)
    error = 4 * np.sqrt(np.array(found.spent) / n) + 1 / n
    assert (np.abs(crossed - found.spent) < error).all()


@given(looks(), st.floats(1e-8, 0.5))
@settings(max_examples=30, deadline=None)
def test_bounds_look_back_only_and_spend_no_more_than_alpha(shares, alpha):
    found = boundaries(shares, alpha)
    assert found.nominal == pytest.approx(scipy.stats.norm.sf(found.z), rel=1e-9)
    assert found.spent[-1] <= alpha
    assert all(np.diff((0.0, *found.spent)) >= 0)
    # No level is above the error spent so far, and together they are at least that.
    assert all(level <= spent * (1 + 1e-9) for level, spent in zip(found.nominal, found.spent, strict=True))
    assert sum(found.nominal) >= found.spent[-1] * (1 - 1e-9)
    assert boundaries(shares[:-1], alpha).z == pytest.approx(found.z[:-1], rel=1e-9) if len(shares) > 1 else True


def test_a_look_left_out_leaves_its_error_to_the_next():
    assert boundaries([0.6, 1.0], 0.05).spent == boundaries([0.2, 0.6, 1.0], 0.05).spent[1:]
    assert boundaries([0.6], 0.05).nominal[0] > boundaries([0.4, 0.6], 0.05).nominal[1]


def test_a_look_too_early_to_decide_anything_has_no_bound():
    found = boundaries([0.001, 1.0], 0.01)
    assert (found.z[0], found.nominal[0]) == (np.inf, 0.0)
    assert found.nominal[1] == pytest.approx(0.01, rel=1e-9)


def test_the_spending_function_at_its_ends():
    assert obrien_fleming_spending(1.0, 0.05) == 0.05
    assert obrien_fleming_spending(0.5, 0.05) == pytest.approx(2 * scipy.stats.norm.sf(1.959964 / 0.5**0.5), rel=1e-5)
    assert obrien_fleming_spending(1e-5, 0.05) == 0.0


# --- error spent early ---


def test_what_is_spent_early_is_the_plain_function_on_a_shorter_plan():
    half = Spending(horizon=0.5)
    assert boundaries([0.1, 0.3], 0.05, half).nominal == pytest.approx(boundaries([0.2, 0.6], 0.05).nominal, rel=1e-9)
    done = boundaries([0.25, 0.5, 1.0], 0.05, half)
    assert done.spent == pytest.approx((obrien_fleming_spending(0.5, 0.05), 0.05, 0.05))
    assert (done.z[2], done.nominal[2]) == (np.inf, 0.0)


@given(looks(), st.floats(1e-6, 0.5), st.floats(0.1, 1), st.floats(0, 1))
@settings(max_examples=30, deadline=None)
def test_whatever_the_horizon_no_more_than_alpha_is_spent(shares, alpha, horizon, reserve):
    found = boundaries(shares, alpha, Spending(horizon, reserve))
    assert found.spent[-1] <= alpha * (1 + 1e-12)
    assert all(np.diff((0.0, *found.spent)) >= -1e-15)
    assert sum(found.nominal) >= found.spent[-1] * (1 - 1e-9)
    assert boundaries([1.0], alpha, Spending(horizon, reserve)).nominal == (alpha,)


def test_paths_cross_early_bounds_as_often_as_was_spent():
    found, n = boundaries(FIVE, 0.05, EARLY), 400_000
    crossed = np.maximum.accumulate(paths(n, FIVE, seed=5) >= found.z, axis=1).mean(axis=0)
    assert (np.abs(crossed - found.spent) < 4 * np.sqrt(np.array(found.spent) / n)).all()
    assert found.spent[2] > 0.9 * 0.05


@pytest.mark.parametrize("change", [{"horizon": 0.0}, {"horizon": 1.1}, {"reserve": -0.1}, {"reserve": np.nan}])
def test_a_spending_that_cannot_be_is_refused(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        Spending(**change)


# --- repeated p-value ---


@given(looks(), st.floats(1e-6, 0.9), st.sampled_from([STEADY, EARLY]), st.data())
@settings(max_examples=30, deadline=None)
def test_a_look_exactly_on_its_bound_has_that_alpha(shares, alpha, spending, data):
    nominal = boundaries(shares, alpha, spending).nominal
    look = data.draw(st.integers(0, len(shares) - 1))
    p = [1.0] * len(shares)
    p[look] = nominal[look]
    if nominal[look] > 1e-300:
        assert repeated_p(shares, p, spending) == pytest.approx(alpha, rel=1e-8)


@given(looks(), st.data())
@settings(max_examples=20, deadline=None)
def test_it_is_small_exactly_when_the_bound_is_crossed(shares, data):
    p = data.draw(st.lists(st.floats(1e-9, 1), min_size=len(shares), max_size=len(shares)))
    alpha = data.draw(st.floats(1e-4, 0.5))
    value = repeated_p(shares, p)
    crossed = any(q <= level for q, level in zip(p, boundaries(shares, alpha).nominal, strict=True))
    if abs(value / alpha - 1) > 1e-9:
        assert crossed == (value <= alpha)


@given(looks(), st.data())
@settings(max_examples=20, deadline=None)
def test_smaller_p_values_never_make_it_larger_and_a_look_never_takes_back(shares, data):
    n = len(shares)
    p = np.array(data.draw(st.lists(st.floats(0, 1), min_size=n, max_size=n)))
    value = repeated_p(shares, p)
    assert p.min() <= value * (1 + 1e-9) + 1e-299
    assert repeated_p(shares, p * data.draw(st.floats(0, 1))) <= value * (1 + 1e-9)
    if n > 1:
        assert value <= repeated_p(shares[:-1], p[:-1]) * (1 + 1e-9)


@given(looks(), st.floats(1e-6, 0.9), st.floats(1e-3, 1), st.sampled_from([STEADY, EARLY]))
@settings(max_examples=50, deadline=None)
def test_a_larger_alpha_lowers_every_bound(shares, alpha, share, spending):
    """What makes it valid: whoever rejects at alpha rejects at every larger one."""
    small, large = (boundaries(shares, a, spending).z for a in (alpha * share, alpha))
    assert all(a >= b - 1e-7 for a, b in zip(small, large, strict=True) if np.isfinite(a))


def test_its_ends():
    assert repeated_p(FIVE, [1] * 5) == 1.0
    assert repeated_p(FIVE, [1, 0, 1, 1, 1]) == 0.0
    assert repeated_p([0.5], [1.0]) == repeated_p([1.0], [1.0]) == 1.0


def test_under_the_null_it_is_uniform():
    p = [repeated_p(FIVE, ndtr(-z)) for z in paths(150, FIVE, seed=3)]
    assert scipy.stats.kstest(p, "uniform").pvalue > 0.001


# --- estimate after an early stop ---


@given(st.floats(-5, 5), st.floats(0.01, 10), st.floats(0.1, 1))
def test_one_look_or_no_bounds_leave_the_estimate_as_it_is(estimate, se, share):
    assert median_unbiased([share], [], [], estimate, se) == estimate
    assert median_unbiased([share / 2, share], [np.inf], [-np.inf], estimate, se) == estimate
    low, high = stagewise_interval([share], [], [], estimate, se, 0.9)
    assert (low, high) == pytest.approx((estimate - 1.6448536 * se, estimate + 1.6448536 * se), abs=1e-6 * se)


@given(looks(4), st.data())
@settings(max_examples=30, deadline=None)
def test_turning_the_signs_turns_the_estimate(shares, data):
    n = len(shares) - 1
    upper = data.draw(st.lists(st.floats(-1, 4) | st.just(np.inf), min_size=n, max_size=n))
    lower = [u - data.draw(st.floats(0.2, 4)) for u in upper]
    z, se = data.draw(st.floats(-4, 4)), data.draw(st.floats(0.01, 10))
    there = median_unbiased(shares, upper, lower, z * se, se)
    back = median_unbiased(shares, [-x for x in lower], [-x for x in upper], -z * se, se)
    assert there == pytest.approx(-back, abs=1e-6 * se)
    low, high = stagewise_interval(shares, upper, lower, z * se, se, 0.8)
    assert low < there < high


def test_an_early_stop_is_corrected_towards_the_middle_by_the_textbooks_amount():
    """Two looks, stopped at the second: p by the bivariate normal."""
    estimate, se = 0.9, 0.4
    value = median_unbiased([0.5, 1.0], [2.0], [-2.0], estimate, se)
    drift = value / se * np.array([0.5**0.5, 1.0])
    cov = [[1, 0.5**0.5], [0.5**0.5, 1]]
    joint = scipy.stats.multivariate_normal(mean=-drift, cov=cov).cdf
    # P(Z1 >= 2) + P(-2 < Z1 < 2, Z2 >= z), with -Z on the axes.
    p = scipy.stats.norm.sf(2 - drift[0]) + joint([2.0, -estimate / se]) - joint([-2.0, -estimate / se])
    assert p == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("drift", [-2.5, -1.0, 0.0, 1.0])
def test_after_stopping_on_either_side_the_estimate_is_median_unbiased(drift):
    """Pass against margin 2.5 and fail against 0, each at .05, as a gate stops; the plain estimate is off by .05."""
    n, margin, se = 300, 2.5, 1 / np.sqrt(FIVE)
    z = np.array(boundaries(FIVE, 0.05).z)
    upper, lower = z - margin / se, -z
    seen = paths(n, FIVE, drift, seed=11)
    last = np.argmax(np.c_[(seen >= upper) | (seen <= lower), np.ones(n, bool)], axis=1).clip(max=4)
    below = 0
    for path, k in zip(seen, last, strict=True):
        below += median_unbiased(FIVE[: k + 1], upper[:k], lower[:k], path[k] * se[k], se[k]) < drift
    assert abs(below / n - 0.5) < 3.5 * 0.5 / n**0.5


def test_a_look_at_which_nothing_would_have_gone_on_is_left_out():
    assert median_unbiased([0.3, 0.6, 1.0], [-1.0, 2.0], [-0.5, -2.0], 0.9, 0.4) == median_unbiased(
        [0.6, 1.0], [2.0], [-2.0], 0.9, 0.4
    )


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"upper": [1.0, 2.0]}, "upper"),
        ({"lower": []}, "lower"),
        ({"upper": [np.nan]}, "upper"),
        ({"se": 0.0}, "se"),
        ({"estimate": np.inf}, "estimate"),
        ({"shares": [1.0, 0.5]}, "shares"),
    ],
)
def test_a_stop_that_cannot_be_is_refused(change, named):
    arguments = {"shares": [0.5, 1.0], "upper": [2.0], "lower": [-2.0], "estimate": 0.1, "se": 1.0}
    with pytest.raises(ValueError, match=named):
        median_unbiased(**(arguments | change))


# --- futility ---


@given(st.floats(-3, 4), st.floats(-2, 6), st.floats(0.05, 0.95), st.floats(1, 3))
@settings(max_examples=10, deadline=None)
def test_conditional_power_is_how_often_paths_end_above_the_bound(z, effect, share, bound):
    n = 100_000
    rest = np.random.default_rng(2).standard_normal(n) * np.sqrt(1 - share)
    # The drift of S(t) = z sqrt(t) that makes the mean of z at `share` equal to `effect`.
    ends = z * share**0.5 + rest + effect / share**0.5 * (1 - share)
    p = conditional_power(z, effect, share, bound)
    assert abs((ends >= bound).mean() - p) < 5 * np.sqrt(p * (1 - p) / n) + 1e-4


def test_futility_begins_where_the_fail_test_has_spent_its_error_and_hope_is_gone():
    early = futility(-3.0, 1.0, 0.4, 1.7)
    late = futility(-3.0, 1.0, 0.6, 1.7)
    assert (early.futile, late.futile) == (False, True)
    assert early.conditional_power < late.least
    assert not futility(-3.0, 1.0, 0.6, 1.7, spending=STEADY).futile
    assert not futility(1.5, 1.0, 0.6, 1.7).futile
    assert futility(-np.inf, 1.0, 0.6, 1.7).conditional_power == 0.0
    assert futility(np.inf, 1.0, 0.6, 1.7).conditional_power == 1.0


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((np.nan, 1.0, 0.5, 1.7), "z"),
        ((0.0, np.inf, 0.5, 1.7), "effect"),
        ((0.0, 1.0, 1.0, 1.7), "share"),
        ((0.0, 1.0, 0.5, np.inf), "bound"),
    ],
)
def test_futility_of_what_cannot_be_is_refused(arguments, named):
    with pytest.raises(ValueError, match=named):
        futility(*arguments)


# --- operating characteristics ---


def test_one_look_is_the_fixed_design():
    found = operating(1, 0.05, 0.8)
    assert found.inflation == 1.0
    assert found.no_change.passes == pytest.approx(0.8)
    assert (found.at_margin.passes, found.no_change.fails) == pytest.approx((0.05, 0.05))
    assert found.no_change.calls == found.at_margin.calls == 1.0


@pytest.mark.parametrize(("looks", "power", "published"), [(2, 0.8, 1.008), (5, 0.8, 1.028), (5, 0.9, 1.026)])
def test_without_futility_the_inflation_is_near_that_of_obrien_and_fleming(looks, power, published):
    """Jennison & Turnbull 2000, table 2.4 (two-sided .05); the spending kind spends a little earlier."""
    found = operating(looks, 0.025, power, futility=False)
    assert found.inflation == pytest.approx(published, abs=0.006)
    assert found.at_margin.fails == pytest.approx(found.no_change.passes)


@pytest.mark.parametrize("futile", [True, False])
def test_the_integral_agrees_with_simulated_paths(futile):
    found, n = operating(5, 0.05, 0.8, futility=futile), 100_000
    margin = 2.486475 * found.inflation**0.5
    to_pass, to_fail = boundaries(FIVE, 0.05).z, boundaries(FIVE, 0.05, EARLY if futile else STEADY).z
    for change, truth in ((0.0, found.no_change), (-0.5, found.half_margin), (-1.0, found.at_margin)):
        z = paths(n, FIVE, change * margin, seed=7)
        verdict, calls = np.full(n, "?"), np.full(n, found.inflation)
        for k, share in enumerate(FIVE):
            going = verdict == "?"
            passing = z[:, k] + margin * share**0.5 >= to_pass[k]
            failing = ~passing & (z[:, k] <= -to_fail[k])
            hope = scipy.stats.norm.cdf(
                ((z[:, k] + margin * share**0.5) * share**0.5 + margin * (1 - share) - to_pass[-1])
                / max(1e-9, 1 - share) ** 0.5
            )
            futile_now = ~passing & ~failing & (hope < 0.3) & (share >= 0.44) & futile & (share < 1)
            for mark, now in (("p", passing), ("f", failing), ("i", futile_now)):
                verdict[going & now] = mark
            calls[going & (verdict != "?")] = found.inflation * share
        error = 4 * 0.5 / n**0.5
        assert abs((verdict == "p").mean() - truth.passes) < error
        assert abs((verdict == "f").mean() - truth.fails) < error
        assert abs(calls.mean() - truth.calls) < error


@pytest.mark.parametrize(
    ("arguments", "named"), [((0,), "looks"), ((21,), "looks"), ((5, 0.6), "alpha"), ((5, 0.05, 0.01), "power")]
)
def test_a_design_that_cannot_be_is_refused(arguments, named):
    with pytest.raises(ValueError, match=named):
        operating(*arguments)


# --- malformed input ---


@pytest.mark.parametrize(
    "shares", [[], [0.0, 1.0], [0.5, 1.1], [0.5, 0.5], [0.6, 0.5], [0.5, 0.505], [np.nan], [-0.1], [[0.5]], ["a"]]
)
def test_shares_that_are_no_plan_are_refused(shares):
    with pytest.raises(ValueError, match="shares"):
        boundaries(shares, 0.05)
    with pytest.raises(ValueError, match="shares"):
        repeated_p(shares, [0.5] * len(shares))


@pytest.mark.parametrize("p", [[0.1], [0.1, 1.1], [0.1, -0.1], [0.1, np.nan]])
def test_p_values_that_are_none_are_refused(p):
    with pytest.raises(ValueError, match="p"):
        repeated_p([0.5, 1.0], p)


@pytest.mark.parametrize("alpha", [0.0, 1.0, np.nan, -0.1])
def test_alpha_is_a_share(alpha):
    with pytest.raises(ValueError, match="alpha"):
        boundaries(FIVE, alpha)
