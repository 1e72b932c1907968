"""Parts of a dataset: clusters stay whole, nothing moves, shares hold; weights from traffic."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalplat.errors import CaseError, InputError
from evalplat.records import Case
from evalplat.suites import CaseList, assign, group_of, kept_places, load_traffic, weigh, weighed

SHARES = {"train": 0.7, "dev": 0.1, "test": 0.2}


def cases(n: int, clusters: int | None = None, prefix: str = "c") -> list[Case]:
    return [
        Case(
            id=f"{prefix}{i}",
            input="x",
            cluster=f"k{i % clusters}" if clusters else None,
            slices={"topic": "rare" if (i % (clusters or n)) % 10 == 0 else "common"},
        )
        for i in range(n)
    ]


def listed(some: list[Case]) -> CaseList:
    return CaseList(tuple(some), where="here")


def by_case(some: list[Case], places: dict[tuple[str, str], str]) -> dict[str, str]:
    return {case.id: places[group_of(case)] for case in some}


@given(st.integers(2, 60), st.integers(0, 2**40), st.sampled_from([None, "topic"]), st.randoms(use_true_random=False))
def test_clusters_stay_whole_and_the_order_of_cases_counts_for_nothing(n, seed, stratify, random):
    some = cases(n, clusters=max(1, n // 3))
    places = assign(listed(some), SHARES, seed=seed, stratify=stratify)
    assert places.keys() == {group_of(case) for case in some}
    assert set(places.values()) <= SHARES.keys()
    shuffled = random.sample(some, n)
    assert assign(listed(shuffled), SHARES, seed=seed, stratify=stratify) == places


@pytest.mark.parametrize("stratify", [None, "topic"])
def test_cases_that_are_added_move_none(stratify):
    first = cases(300, clusters=100)
    places = assign(listed(first), SHARES, seed=7, stratify=stratify)
    more = [*cases(400, prefix="new"), *first, Case(id="late", input="x", cluster="k5", slices={"topic": "common"})]
    again = assign(listed(more), SHARES, seed=7, stratify=stratify, kept=places if stratify else None)
    assert {group: again[group] for group in places} == places
    assert by_case(more, again)["late"] == places["cluster", "k5"]
    assert assign(listed(first), SHARES, seed=8, stratify=stratify) != places


def test_shares_hold_on_average_and_within_each_stratum_to_a_cluster():
    some = cases(20_000)
    counts = Counter(assign(listed(some), SHARES, seed=1).values())
    # 5 standard deviations of a binomial
    assert all(abs(counts[p] - s * 20_000) < 5 * (s * (1 - s) * 20_000) ** 0.5 for p, s in SHARES.items())
    few = cases(500)
    places = by_case(few, assign(listed(few), SHARES, seed=1, stratify="topic"))
    for value, n in Counter(case.slices["topic"] for case in few).items():
        inside = Counter(places[case.id] for case in few if case.slices["topic"] == value)
        assert all(abs(inside[part] - share * n) <= 1 for part, share in SHARES.items())


def test_single_cases_of_many_strata_do_not_all_go_to_one_part():
    some = [Case(id=str(i), input="x", slices={"topic": f"t{i}"}) for i in range(200)]
    counts = Counter(assign(listed(some), {"a": 0.5, "b": 0.5}, seed=3, stratify="topic").values())
    assert 70 < counts["a"] < 130


def test_another_process_gives_the_same_parts():
    code = (
        "from evalplat.suites.dataset.split import place_of\n"
        "print(place_of(('cluster', 'k\u00e4'), 5), place_of(('case', 'k\u00e4'), 5))"
    )
    runs = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout for _ in "ab"
    }
    assert len(runs) == 1
    first, second = map(float, runs.pop().split())
    assert first != second and 0 <= first < 1 and 0 <= second < 1


def test_a_cluster_in_two_earlier_parts_is_refused():
    one = [Case(id="a", input="x", cluster="k")]
    other = [Case(id="b", input="x", cluster="k")]
    with pytest.raises(InputError, match="cluster 'k' is in 'train' and 'test'"):
        kept_places([("train", listed(one)), ("test", listed(other))])


@pytest.mark.parametrize(
    ("shares", "says"),
    [
        ({"a": 0.5}, "two parts"),
        ({"a": 0.5, "b": 0.4}, "sum to 0.9"),
        ({"a": 1.2, "b": -0.2}, "a=1.2 is not between"),
        ({"a": float("nan"), "b": 0.5}, "a=nan is not between"),
    ],
)
def test_shares_that_are_none(shares, says):
    with pytest.raises(InputError, match=says):
        assign(listed(cases(3)), shares, seed=0)


def table(folder, text):
    path = folder / "traffic.csv"
    path.write_text(text)
    return path


def test_weighted_cases_count_as_traffic_does(tmp_path):
    some = [Case(id=str(i), input="x", slices={"topic": "a" if i < 8 else "b"}) for i in range(10)]
    traffic = load_traffic(table(tmp_path, "slice.topic,count\na,50\nb,50\nc,100\n"))
    weighing = weigh(listed(some), traffic)
    assert weighing.weights == {"topic a": pytest.approx(0.625), "topic b": pytest.approx(2.5)}
    assert weighing.uncovered == {"topic c": 0.5}
    heavy = [weighed(case, traffic, weighing, "here") for case in some]
    assert sum(case.weight for case in heavy) == pytest.approx(10)
    assert weighing.effective_cases == pytest.approx(100 / sum(case.weight**2 for case in heavy))


def test_several_slices_are_a_table_of_combinations(tmp_path):
    some = [Case(id=t + u, input="x", slices={"t": t, "l": u}) for t in "ab" for u in "xy"]
    traffic = load_traffic(table(tmp_path, "t,l,share\na,x,0.4\na,y,0.3\nb,x,0.2\nb,y,0.1\n"))
    weights = weigh(listed(some), traffic).weights
    assert list(weights.values()) == [pytest.approx(w) for w in (1.6, 1.2, 0.8, 0.4)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "expected a header"),
        ("topic,weight\na,1\n", "expected a header"),
        ("topic,share\na,-1\n", "row 2, column share: expected a number of 0 or more"),
        ("topic,share\na,much\n", "row 2, column share: expected a number, found 'much'"),
        ("topic,share\na,1\na,2\n", "row 3: topic a occurs twice"),
        ("topic,share\na,1,2\n", "row 2: expected 2 columns, found 3"),
        ("topic,share\na,0\n", "no share is above 0"),
    ],
)
def test_a_table_of_traffic_that_is_none(tmp_path, text, says):
    with pytest.raises(InputError, match=says):
        load_traffic(table(tmp_path, text))


@pytest.mark.parametrize(("slices", "says"), [({}, "has no slice 'topic'"), ({"topic": "b"}, "no traffic for topic b")])
def test_a_case_without_traffic_cannot_weigh_nothing(tmp_path, slices, says):
    with pytest.raises(CaseError, match=says):
        weigh(
            listed([Case(id="q", input="x", slices=slices)]), load_traffic(table(tmp_path, "topic,share\na,1\nb,0\n"))
        )
