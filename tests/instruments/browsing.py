"""A page in a headless Chromium, with everything that it did."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

WATCH = """
window.breaches = [];
document.addEventListener('securitypolicyviolation', (e) => window.breaches.push(e.effectiveDirective));
"""


@dataclass
class Opened:
    """A page with what it did: console messages, uncaught errors, dialogs, requests, breaches of its policy."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def wait_for_chart(self) -> None:
        self.page.locator("#explore").scroll_into_view_if_needed()
        self.page.wait_for_selector("html[data-chart=ready]", timeout=30_000)

    def open_all(self) -> None:
        """Every case, trace and other part that can be opened."""
        self.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true })")

    def check_quiet(self) -> None:
        """It said nothing, asked nobody, broke no rule, and nothing foreign ran."""
        assert self.said == []
        assert self.asked == []
        assert self.page.evaluate("document.documentElement.dataset.broken") is None
        assert self.page.evaluate("window.breaches") == []
        assert self.page.evaluate("window.pwned") is None

    def check_fits(self) -> None:
        """No sideways scroll."""
        width = self.page.viewport_size["width"]
        assert self.page.evaluate("document.documentElement.scrollWidth") <= width


class Visit(Protocol):
    """Opens HTML from a file."""

    def __call__(self, html: str, *, width: int = ..., scheme: str = ..., script: bool = ...) -> Opened: ...


@contextmanager
def visiting(browser: Browser, folder: Path) -> Iterator[Visit]:
    """Pages opened inside are closed at the end."""
    contexts = []

    def visit(html: str, *, width: int = 1280, scheme: str = "light", script: bool = True) -> Opened:
        file = folder / "report.html"
        file.write_bytes(html.encode("utf-8"))
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script
        )
        contexts.append(context)
        page = context.new_page()
        seen = Opened(page)
        page.on("console", lambda message: seen.said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: seen.said.append(f"uncaught: {error}"))

        def refuse(dialog: object) -> None:
            seen.said.append("dialog")
            dialog.dismiss()

        page.on("dialog", refuse)

        def route(route: Route) -> None:
            if route.request.url == file.as_uri():
                route.continue_()
            else:
                seen.asked.append(route.request.url)
                route.abort()

        page.route("**/*", route)
        page.add_init_script(WATCH)
        page.goto(file.as_uri())
        return seen

    try:
        yield visit
    finally:
        for context in contexts:
            context.close()
