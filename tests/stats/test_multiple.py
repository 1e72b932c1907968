"""Holm and Benjamini-Hochberg."""

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


@given(st.lists(st.floats(0, 1) | st.sampled_from([0.0, 0.01, 0.05, 1.0]), min_size=1, max_size=40))
def test_agreement_with_statsmodels_and_scipy(p):
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], abs=1e-12)
    assert benjamini_hochberg(p) == pytest.approx(scipy.stats.false_discovery_control(p), abs=1e-12)
    assert (holm(p) >= benjamini_hochberg(p) - 1e-12).all()


def test_an_empty_family_stays_empty():
    assert holm([]).shape == benjamini_hochberg(np.zeros(0)).shape == (0,)


@pytest.mark.parametrize("p", [[-0.1], [1.1], [float("nan")], [[0.5]]])
def test_bad_input_is_named(p):
    for method in (holm, benjamini_hochberg):
        with pytest.raises(ValueError, match="p must"):
            method(p)
