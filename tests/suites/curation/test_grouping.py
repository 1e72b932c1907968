"""Groups of failures, on failures whose groups are known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalplat.errors import InputError
from evalplat.runtime.retrieval.embedding import embed
from evalplat.runtime.retrieval.words import make_tokenizer
from evalplat.suites.curation import Failing, Grouping, group_failures

PLACES = ["Ireland", "Germany", "Spain", "France", "Norway", "Iceland"]
THINGS = ["kettle", "lamp", "phone", "chair", "book", "coat"]
PARCELS = [Failing(f"p{i}", f"How long does a parcel to {place} take?", ("correct",)) for i, place in enumerate(PLACES)]
REFUNDS = [Failing(f"r{i}", f"How do I get a refund for my {thing}?", ("correct",)) for i, thing in enumerate(THINGS)]
CRASHED = [Failing(f"c{i}", f"How do I get a refund for my {t}?", ("ToolFailed",)) for i, t in enumerate(THINGS)]
OTHERS = ["How do I change my password?", "How long is the guarantee?", "How do I reach you?"]


def grouped(failing: Sequence[Failing], **options) -> Grouping:
    vectors = embed([one.asked for one in failing])
    return group_failures(failing, vectors, OTHERS, make_tokenizer(), **options)


def ids(found: Grouping, failing: Sequence[Failing]) -> list[set[str]]:
    return [{failing[at].case_id[0] for at in group.members} for group in found.groups]


def test_what_was_asked_and_what_failed_both_part_failures():
    failing = [*PARCELS, *REFUNDS, *CRASHED]
    found = grouped(failing)
    assert ids(found, failing) == [{"p"}, {"r"}, {"c"}]
    assert [len(group.members) for group in found.groups] == [6, 6, 6]
    assert found.groups[0].name.startswith("correct: ")
    assert {"parcel"} <= set(found.groups[0].words) <= {"parcel", "long", "take"}
    assert "refund" in found.groups[1].words
    assert found.groups[2].name.startswith("ToolFailed")
    assert found.groups[2].failed == {"ToolFailed": 6}
    assert found.silhouette is not None
    assert found.silhouette > 0.4


def test_the_order_of_failures_changes_no_group():
    failing = [*PARCELS, *REFUNDS, *CRASHED]
    order = np.random.default_rng(5).permutation(len(failing))
    shuffled = [failing[at] for at in order]
    one, other = grouped(failing), grouped(shuffled)
    members = [
        {frozenset(source[at].case_id for at in group.members): (group.name, group.words) for group in found.groups}
        for found, source in ((one, failing), (other, shuffled))
    ]
    assert members[0] == members[1]
    assert grouped(failing) == one


def test_a_single_failure_and_equal_failures_are_one_group():
    assert [group.members for group in grouped(PARCELS[:1]).groups] == [(0,)]
    same = [Failing(f"s{i}", "Where is my parcel?", ("correct",)) for i in range(8)]
    found = grouped(same)
    assert len(found.groups) == 1
    assert found.silhouette is None


def test_so_many_groups_as_were_asked_for():
    failing = [*PARCELS, *REFUNDS]
    assert ids(grouped(failing, n_groups=2), failing) == [{"p"}, {"r"}]
    assert len(grouped(failing, n_groups=5).groups) == 5
    assert len(grouped(failing, n_groups=12).groups) == 12
    with pytest.raises(InputError, match="--groups: expected 1 to 12, the number of failed cases, found 13"):
        grouped(failing, n_groups=13)
    with pytest.raises(InputError, match="expected 1 to 3,000 failed cases, found 0"):
        group_failures([], np.zeros((0, 2)), [], str.split)


@settings(deadline=None)  # the first import takes seconds
@given(st.integers(0, 2**32 - 1), st.integers(3, 24))
def test_groups_and_silhouette_are_those_of_another_library(seed: int, n: int):
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.metrics import rand_score, silhouette_score

    from evalplat.suites.curation.grouping import silhouette

    rng = np.random.default_rng(seed)
    vectors = np.abs(rng.normal(size=(n, 3)))  # no distance is cut at 0.5, so none ties
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    failing = [Failing(f"x{at}", f"question {at}", ("correct",)) for at in range(n)]
    k = int(rng.integers(2, n))
    made = group_failures(failing, vectors, [], str.split, n_groups=k)
    labels = np.empty(n, dtype=np.int64)
    for label, group in enumerate(made.groups):
        labels[list(group.members)] = label
    apart = np.round(0.5 * (1 - np.maximum(vectors @ vectors.T, 0)), 9)
    apart = (apart + apart.T) / 2
    np.fill_diagonal(apart, 0)
    theirs = AgglomerativeClustering(n_clusters=k, metric="precomputed", linkage="average").fit_predict(apart)
    assert silhouette(apart, labels) == pytest.approx(silhouette_score(apart, labels, metric="precomputed"), abs=1e-7)
    assert rand_score(theirs, labels) == 1.0
    assert made.silhouette == pytest.approx(silhouette(apart, labels))
