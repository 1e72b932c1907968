"""The plugin that pytest loads: a marker, a fixture and an option. Nothing heavy is loaded before a gate runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .outcome import GateOutcome

MARKER = "evalplat_gate"
FIXTURE = "gated"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the pages go."""
    parser.getgroup("evalplat").addoption(
        "--evalplat-report-dir",
        metavar="DIR",
        default=".evalplat/pytest",
        help="Where each gate's page and decision.json go (default: %(default)s).",
    )


def pytest_configure(config: pytest.Config) -> None:
    """The marker is known, also under --strict-markers."""
    config.addinivalue_line(
        "markers",
        f"{MARKER}(suite, baseline, candidate, policy=None, scores=(), kept=None, trials=None, model=None, "
        "concurrency=4, on_inconclusive='fail'): a gate; the test fails unless it passes.",
    )


def pytest_itemcollected(item: pytest.Item) -> None:
    """A marked test is gated whether or not it asks for the fixture: a forgotten `assert` is no green test."""
    names = getattr(item, "fixturenames", None)
    if item.get_closest_marker(MARKER) is not None and names is not None and FIXTURE not in names:
        names.append(FIXTURE)


@pytest.fixture(name=FIXTURE)
def _gated(request: pytest.FixtureRequest) -> GateOutcome:
    """The gate of the marker: `passed`, `verdict`, `reasons`, `page`, `decision`."""
    from evalplat.errors import EvalplatError

    from .outcome import asked, gate

    marker = request.node.get_closest_marker(MARKER)
    if marker is None:
        why = f"the fixture {FIXTURE!r} needs @pytest.mark.{MARKER}(suite=..., baseline=..., candidate=...)"
        raise pytest.fail.Exception(why, pytrace=False)
    folder = Path(request.config.getoption("--evalplat-report-dir"))
    name = re.sub(r"[^\w.-]+", "-", request.node.nodeid).strip("-")
    try:
        outcome = gate(asked(marker.args, marker.kwargs), folder / name)
    except EvalplatError as err:
        why = f"no decision could be made: {err}"
        raise pytest.fail.Exception(why, pytrace=False) from None
    request.node.user_properties += [("evalplat_verdict", outcome.verdict), ("evalplat_page", str(outcome.page))]
    request.node.stash[_OUTCOME] = outcome
    return outcome


_OUTCOME: pytest.StashKey[Any] = pytest.StashKey()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Before the body: a gate that did not pass fails its test, in the words of the decision."""
    outcome = item.stash.get(_OUTCOME, None)
    if outcome is None or outcome.passed:
        return
    if outcome.verdict == "inconclusive" and outcome.on_inconclusive == "xfail":
        pytest.xfail(outcome.told)
    pytest.fail(outcome.told, pytrace=False)
