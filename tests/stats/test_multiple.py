"""Holm and Benjamini-Hochberg."""

import itertools

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from evalplat.stats import benjamini_hochberg, holm

P = (0.001, 0.012, 0.014, 0.031, 0.2)


def test_reference():
    assert holm(P) == pytest.approx([0.005, 0.048, 0.048, 0.062, 0.2])
    assert benjamini_hochberg(P) == pytest.approx([0.005, 0.07 / 3, 0.07 / 3, 0.03875, 0.2])


@given(st.lists(st.floats(0, 1) | st.sampled_from([0.0, 0.01, 0.05, 1.0]), min_size=1, max_size=6))
def test_holm_is_closed_testing_by_bonferroni(p):
    """The adjusted p-value of a claim is the largest Bonferroni p-value of any family that holds it."""
    families = [f for size in range(1, len(p) + 1) for f in itertools.combinations(range(len(p)), size)]
    closed = [max(min(1, len(f) * min(p[j] for j in f)) for f in families if i in f) for i in range(len(p))]
    assert holm(p) == pytest.approx(closed, abs=1e-12)


@given(st.lists(st.floats(0, 1) | st.sampled_from([0.0, 0.01, 0.05, 1.0]), min_size=1, max_size=40))
def test_benjamini_hochberg_agrees_with_scipy(p):
    assert benjamini_hochberg(p) == pytest.approx(scipy.stats.false_discovery_control(p), abs=1e-12)
    assert (holm(p) >= benjamini_hochberg(p) - 1e-12).all()


@pytest.mark.parametrize("size", [1, 5, 50])
def test_agreement_with_statsmodels(size):
    p = np.random.default_rng(size).beta(0.4, 2, size)
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], abs=1e-12)
    assert benjamini_hochberg(p) == pytest.approx(multipletests(p, method="fdr_bh")[1], abs=1e-12)


def test_an_empty_family_stays_empty():
    assert holm([]).shape == benjamini_hochberg(np.zeros(0)).shape == (0,)


@pytest.mark.parametrize("p", [[-0.1], [1.1], [float("nan")], [[0.5]]])
def test_bad_input_is_named(p):
    for method in (holm, benjamini_hochberg):
        with pytest.raises(ValueError, match="p must"):
            method(p)
