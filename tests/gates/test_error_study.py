"""The error study: a fast part in every test run, a part of every cell in `make slow`, all of it in tests/bench."""

from __future__ import annotations

import pytest
from instruments.error_study import ALPHA, LIMIT, Cell, cells, gates, lower_bound, planned_margin
from instruments.error_tables import HEADING, README, load, section

FAST = (
    Cell("30 x 1", 1, "0.65", "sharp"),
    Cell("100 in fives", 5, "0.95", "weak"),
    Cell("160 in twenties", 1, "0.65", "weak"),
    Cell("200 in twenties", 1, "normal", "weak"),
    Cell("200, largest 30 %", 1, "0.65", "weak"),
    Cell("300 in fives", 1, "lognormal", "sharp"),
)
"""Near the ceiling, few clusters, uneven ones, one long tail."""


def holds(cell: Cell, count: int, chunk: int) -> None:
    found = gates(cell, chunk, count, load()["cells"][cell.name]["margin"])
    for truth, wrong in (("unchanged", "fail"), ("worse", "pass")):
        errors = found[truth][wrong]
        assert lower_bound(errors, count) <= LIMIT, f"{cell.name}: {errors} of {count} {truth} candidates {wrong}"
    # A gate that never answers makes no error either.
    assert found["unchanged"]["pass"] >= count / 8
    assert found["worse"]["fail"] >= count / 3


@pytest.mark.parametrize("cell", FAST, ids=lambda cell: cell.name)
def test_six_cells_hold_their_error_rates(cell: Cell):
    holds(cell, 500, chunk=10_000)


@pytest.mark.slow
@pytest.mark.parametrize("cell", list(cells()), ids=lambda cell: cell.name)
def test_every_cell_holds_its_error_rates(cell: Cell):
    holds(cell, 500, chunk=20_000)


def test_the_kept_study_is_whole_and_holds():
    found = load()["cells"]
    assert set(found) == {cell.name for cell in cells()}
    for name, entry in found.items():
        assert entry["gates"] >= 10_000, name
        assert sum(entry["unchanged"].values()) == sum(entry["worse"].values()) == entry["gates"]
        assert lower_bound(entry["unchanged"]["fail"], entry["gates"]) <= LIMIT, name
        assert lower_bound(entry["worse"]["pass"], entry["gates"]) <= LIMIT, name


def test_the_kept_study_is_of_these_cells():
    """Counts are reproducible: a changed generator, margin or seed would make the kept ones somebody else's."""
    cell = FAST[0]
    assert load()["cells"][cell.name]["margin"] == pytest.approx(planned_margin(cell), rel=1e-9)


def test_the_page_shows_the_kept_study():
    page = README.read_text(encoding="utf-8")
    shown = page[page.index(HEADING) :]
    assert shown.partition("\n## ")[0].rstrip() == section(load()).rstrip()


def test_alpha_is_the_policy_s_default():
    assert FAST[0].policy(0.1).metrics[0].alpha == ALPHA
