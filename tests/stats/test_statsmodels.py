"""Agreement with statsmodels and scipy on random inputs."""

import numpy as np
import pytest
import scipy.stats
import statsmodels.api as sm
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar as sm_mcnemar
from statsmodels.stats.descriptivestats import sign_test
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from evalplat.stats import benjamini_hochberg, clopper_pearson, cluster_mean, holm, mcnemar, sign_flip, wilson

SEEDS = st.integers(0, 2**32 - 1)
P = st.floats(0, 1, allow_subnormal=False) | st.sampled_from([0.0, 0.01, 0.05, 1.0])


@given(st.integers(2, 30), st.integers(1, 8), SEEDS)
@settings(max_examples=60, deadline=None)
def test_standard_error_over_equal_clusters_is_that_of_statsmodels(n_clusters, size, seed):
    """With equal clusters CR2 is CR1 with G - 1 degrees of freedom: se, p-value and interval."""
    rng = np.random.default_rng(seed)
    clusters = rng.permutation(np.repeat(np.arange(n_clusters), size))
    y = rng.normal(0.2, 1, clusters.size) + rng.normal(size=n_clusters)[clusters]
    mine = cluster_mean(y, clusters)
    fit = sm.OLS(y, np.ones(y.size)).fit(cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True)
    assert (mine.estimate, mine.se) == pytest.approx((fit.params[0], fit.bse[0]), rel=1e-9)
    assert mine.p_value() == pytest.approx(fit.pvalues[0], rel=1e-6)
    assert mine.interval(0.9) == pytest.approx(tuple(fit.conf_int(0.1)[0]), rel=1e-8)


@given(st.lists(st.integers(1, 9), min_size=30, max_size=60), SEEDS)
@settings(max_examples=30, deadline=None)
def test_uneven_clusters_differ_from_cr0_by_their_leverage_alone(sizes, seed):
    """CR2 has 1 / (1 - n_g / n) on each cluster where CR0 has 1: between the smallest and the largest of these."""
    rng = np.random.default_rng(seed)
    clusters = np.repeat(np.arange(len(sizes)), sizes)
    y = rng.normal(size=clusters.size) + rng.normal(size=len(sizes))[clusters]
    fit = sm.OLS(y, np.ones(y.size)).fit(
        cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False, "df_correction": False}
    )
    low, high = (1 - share / clusters.size for share in (min(sizes), max(sizes)))
    assert fit.bse[0] / np.sqrt(low) * (1 - 1e-9) <= cluster_mean(y, clusters).se
    assert cluster_mean(y, clusters).se <= fit.bse[0] / np.sqrt(high) * (1 + 1e-9)


@given(st.integers(2, 200), SEEDS)
@settings(max_examples=40, deadline=None)
def test_without_clusters_it_is_hc2_and_the_one_sample_t_test(n, seed):
    y = np.random.default_rng(seed).normal(0.1, 2, n)
    mine = cluster_mean(y)
    fit = sm.OLS(y, np.ones(n)).fit(cov_type="HC2")
    assert mine.se == pytest.approx(fit.bse[0], rel=1e-9)
    assert mine.p_value(0.3) == pytest.approx(scipy.stats.ttest_1samp(y, 0.3).pvalue, rel=1e-8)


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar(b, c):
    assume(b + c > 0)
    theirs = sm_mcnemar([[7, b], [c, 11]], exact=True).pvalue
    assert mcnemar(b, c).p_exact == pytest.approx(min(1.0, theirs), rel=1e-9)


@given(st.integers(0, 60), st.integers(0, 60))
@settings(deadline=None)
def test_signs_flipped_are_the_sign_test(b, c):
    assume(b + c > 0)
    y = np.repeat([1.0, -1.0, 0.0], [b, c, 5])
    assert sign_flip(y, seed=0).p_value == pytest.approx(min(1.0, sign_test(y)[1]), rel=1e-9)


@given(st.integers(1, 2000), st.floats(0, 1), st.floats(0.5, 0.999))
def test_proportions(n, share, confidence):
    k = round(share * n)
    for mine, name in ((wilson, "wilson"), (clopper_pearson, "beta")):
        theirs = proportion_confint(k, n, 1 - confidence, method=name)
        assert mine(k, n).interval(confidence) == pytest.approx(theirs, rel=1e-9, abs=1e-12)


@given(st.lists(P, min_size=1, max_size=40))
@settings(max_examples=10, deadline=None)  # multipletests takes 0.1 s
def test_families_of_p_values(p):
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], abs=1e-12)
    assert benjamini_hochberg(p) == pytest.approx(multipletests(p, method="fdr_bh")[1], abs=1e-12)
