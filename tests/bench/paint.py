"""First paint of the page of 50,000 trials beside that of a small one, in turn in one browser.

    python tests/bench/paint.py

Prints medians in milliseconds and their ratio, and the bytes of both pages.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from instruments.shop_runs import shop

from evalplat.reports import render_html

ROUNDS = 9
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]"


def painted(browser: Browser, file: Path) -> float:
    """Milliseconds from the navigation's start to the first contentful paint, in a fresh context."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(file.as_uri())
    page.wait_for_function(f"{PAINT} !== undefined")
    at = float(page.evaluate(f"{PAINT}.startTime"))
    context.close()
    return at


def main() -> None:
    """Both pages in turn."""
    taken: dict[str, list[float]] = {"small": [], "large": []}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        for name, made in (("small", shop()), ("large", shop(5_000, 5))):
            file = Path(folder) / f"{name}.html"
            file.write_text(render_html(made.gate_page()), encoding="utf-8")
            print(f"{name:<6} {file.stat().st_size:>10,} bytes")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for _ in range(ROUNDS + 1):
            for name, times in taken.items():
                times.append(painted(browser, Path(folder) / f"{name}.html"))
        browser.close()
    medians = {name: statistics.median(times[1:]) for name, times in taken.items()}
    for name, value in medians.items():
        print(f"{name:<6} {value:8.0f} ms to first paint (median of {ROUNDS})")
    print(f"ratio  {medians['large'] / medians['small']:8.2f}")


if __name__ == "__main__":
    main()
