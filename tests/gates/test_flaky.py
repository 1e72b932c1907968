"""Cases whose trials disagree, and one system on parts of its cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from instruments.tables import paired_table

from evalplat.gates import flaky, slice_means, summarize
from evalplat.stats import pass_hat_k


@given(st.lists(st.lists(st.sampled_from([0.0, 1.0]), min_size=3, max_size=3), min_size=1, max_size=40))
def test_flaky_are_those_neither_always_right_nor_always_wrong(rows: list[list[float]]):
    values = np.array(rows)
    found = flaky(paired_table(values, values), system="base", metric="m")
    right = values.sum(axis=1).astype(int)
    if set(np.unique(values)) <= {0.0, 1.0}:
        assert found is not None
        assert found.n_asked == len(rows)
        assert found.n_flaky == int(((right > 0) & (right < 3)).sum())
        assert {(one.case_id, one.right, one.trials) for one in found.cases} == {
            (f"c{i}", int(k), 3) for i, k in enumerate(right) if 0 < k < 3
        }
        # pass^1 - pass^3 is what the flaky cases cost; it is 0 exactly where there is none.
        lost = (values.mean(axis=1) - pass_hat_k(right, np.full(len(rows), 3), 3)).sum()
        assert (lost > 1e-12) == (found.n_flaky > 0)


def test_the_most_doubtful_first_a_failed_trial_is_not_right_and_the_good_end_may_be_0():
    values = np.array([[1.0, 1, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1], [0, 0, 0, 0]])
    table = paired_table(values, values, errors={("base", 2, 0): "Timeout"})
    found = flaky(table, system="base", metric="m")
    assert found is not None
    assert [(one.case_id, one.right) for one in found.cases] == [("c1", 2), ("c0", 3), ("c2", 3)]
    turned = flaky(table, system="base", metric="m", good=0.0)
    assert turned is not None
    assert [(one.case_id, one.right) for one in turned.cases] == [("c1", 2), ("c0", 1)]


def test_one_trial_a_case_or_scores_between_say_nothing():
    assert flaky(paired_table([1.0, 0], [1.0, 0]), system="base", metric="m") is None
    graded = np.array([[0.5, 0.2], [0.1, 1.0]])
    assert flaky(paired_table(graded, graded), system="base", metric="m") is None
    assert flaky(paired_table(graded, graded), system="base", metric="other") is None


def test_slice_means_are_summaries_of_the_rows_of_the_slice():
    rng = np.random.default_rng(3)
    base = (rng.random(60) < 0.7).astype(float)
    topics = ["refund", "billing", "plan"] * 20
    table = paired_table(base, base, slices={"slice.topic": topics})
    found = [one for one in slice_means(table) if one.summary.system == "base"]
    assert [one.value for one in found] == ["billing", "plan", "refund"]
    for one in found:
        part = np.array([value == one.value for value in topics])
        alone = summarize(paired_table(base[part], base[part])).systems[0]
        assert one.summary.n_cases == 20
        assert one.summary.mean == pytest.approx(alone.mean)
        assert one.summary.ci_low == pytest.approx(alone.ci_low)
    assert slice_means(table, ("other",)) == ()
