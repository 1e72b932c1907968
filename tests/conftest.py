"""What all tests share: where the shared data is, and that nothing is skipped in CI."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
IN_CI = os.environ.get("CI", "").lower() not in ("", "0", "false")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real outcomes and traces beside the repository; where they are absent, a test that needs them skips."""
    folder = SHARED / "data"
    if not folder.is_dir():
        if IN_CI and SHARED.is_dir():
            pytest.fail(f"{SHARED} is there, but {folder} is not")
        pytest.skip("needs ../shared/data, which is not here")
    return folder


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failure: nobody would see it."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not IN_CI or reporter is None or hasattr(session.config, "workerinput"):
        return
    skipped = reporter.stats.get("skipped", [])
    # Data that is nowhere near cannot be had; everything else a test needs is set up by `make system-deps`.
    unexcused = [report for report in skipped if SHARED.is_dir() or "shared/data" not in str(report.longrepr)]
    if unexcused and session.exitstatus == 0:
        reporter.write_line(f"{len(unexcused)} skipped tests: in CI that is a failure", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
