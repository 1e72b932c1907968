"""A headless Chromium for the tests that need one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from instruments.browsing import Visit, visiting

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker, one browser."""
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group("browser"))


# Of a module, not of the session: playwright's synchronous interface keeps an event loop running in this thread.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium; where it is missing the test skips, and in CI it fails."""
    chromium = shutil.which("chromium")
    if chromium is None:
        missing = "needs chromium, which is not here: make system-deps"
        if os.environ.get("CI", "").lower() not in ("", "0", "false"):
            pytest.fail(missing)
        pytest.skip(missing)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture
def visit(browser: Browser, tmp_path: Path) -> Iterator[Visit]:
    """Opens HTML from a file, and watches what it does."""
    with visiting(browser, tmp_path) as opened:
        yield opened
