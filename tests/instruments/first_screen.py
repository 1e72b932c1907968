"""The first screen of a page as an image: python tests/instruments/first_screen.py PAGE.html IMAGE.png"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path


def main(page: str, image: str) -> None:
    """Needs Debian's chromium: make system-deps."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("needs chromium, which is not here: make system-deps")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--headless", "--no-sandbox"])
        opened = browser.new_page(viewport={"width": 1280, "height": 1500}, color_scheme="light")
        opened.goto(Path(page).resolve().as_uri())
        opened.screenshot(path=image)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
