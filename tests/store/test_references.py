"""Run ids, aliases, and what is said where neither fits."""

from __future__ import annotations

import pytest
from instruments.kept_runs import make_run, make_scores, make_suite, make_summary

from evalplat.errors import InputError, ReferenceUnknown
from evalplat.store import Store


def keep(store: Store, run_id: str, suite_name: str = "support desk") -> None:
    suite = make_suite(suite_name)
    run = make_run(run_id, suite)
    store.save_run(run, suite, make_scores(run, suite), make_summary(run))


def test_alias_follows_the_latest_setting(store: Store) -> None:
    keep(store, "r-1")
    keep(store, "r-2")
    store.set_alias("production", "r-1")
    assert store.resolve("production") == "r-1"
    store.set_alias("production", "r-2")
    assert store.resolve("production", suite="support desk") == "r-2"
    assert {run.run_id: run.aliases for run in store.runs()} == {"r-1": (), "r-2": ("production",)}


def test_alias_of_two_suites_needs_the_suite(store: Store) -> None:
    keep(store, "r-1")
    keep(store, "r-2", "billing")
    store.set_alias("production", "r-1")
    store.set_alias("production", "r-2")
    assert store.resolve("production", suite="billing") == "r-2"
    with pytest.raises(ReferenceUnknown, match="2 suites: say which with --suite"):
        store.resolve("production")
    with pytest.raises(ReferenceUnknown, match=r"there are no runs in .*, suite nowhere"):
        store.resolve("production", suite="nowhere")
    assert [run.run_id for run in store.runs("billing")] == ["r-2"]
    assert {run.run_id for run in store.runs()} == {"r-1", "r-2"}


def test_unknown_names_near_ones(store: Store) -> None:
    keep(store, "v2-20261120-a")
    keep(store, "v3-20261120-b")
    store.set_alias("production", "v2-20261120-a")
    with pytest.raises(
        ReferenceUnknown, match=r"'producton' is no run and no alias in sqlite.*; there are production$"
    ):
        store.resolve("producton")
    with pytest.raises(ReferenceUnknown, match=r"there are .*v2-20261120-a"):
        store.resolve("0" * 32)


def test_alias_needs_a_kept_run_and_a_plain_name(store: Store) -> None:
    keep(store, "r-1")
    with pytest.raises(ReferenceUnknown, match="run r-7 is not in"):
        store.set_alias("production", "r-7")
    for alias in ("", "a b", "`; --", "x" * 101):
        with pytest.raises(InputError):
            store.set_alias(alias, "r-1")


@pytest.mark.parametrize("run_id", ["it's", 'say "so"', "a`b", "ünïcode · 1", "100%"])
def test_any_run_id_is_found(store: Store, run_id: str) -> None:
    keep(store, run_id)
    assert store.resolve(run_id) == run_id
    assert store.load_run(run_id).info.id == run_id
