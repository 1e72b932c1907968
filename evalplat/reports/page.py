"""A page of panels. Each is written by itself: one that breaks becomes a card that says so, and the page lives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from . import numbers, words
from .interval import scale
from .markup import inline, plain, shown
from .plotly_script import PackedScript, csp_hash, packed_plotly

LIMIT_BYTES = 6_000_000
"""No page is larger."""

_PANEL_BYTES = 150_000
"""No panel is larger unless it says so: what would be is replaced by a card. The limits of a page's panels, plotly's
script and a megabyte of cases together stay below LIMIT_BYTES."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of a page. `build` gives the template's variables, or None where there is nothing to show."""

    id: str
    title: str
    template: str
    build: Callable[[], dict[str, Any] | None]
    limit: int = _PANEL_BYTES


@dataclass(frozen=True, slots=True)
class Written:
    """A panel as HTML."""

    id: str
    title: str
    html: Markup

    @property
    def n_bytes(self) -> int:
        """Size in UTF-8."""
        return len(self.html.encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates, autoescaped; a variable that is missing is an error, not an empty string."""
    env = Environment(
        loader=PackageLoader("evalplat.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters |= {"shown": shown, "inline": inline, "plain": plain}
    env.globals |= {"n": numbers, "w": words, "scale": scale}
    return env


def write(panel: Panel) -> Written | None:
    """The panel's HTML; a card with the error where it cannot be had; None where there is nothing to show."""
    try:
        variables = panel.build()
        if variables is None:
            return None
        html = environment().get_template(panel.template).render(panel=panel, **variables)
        written = Written(panel.id, panel.title, Markup(html))  # noqa: S704
        if written.n_bytes > panel.limit:
            raise ValueError(f"{written.n_bytes:,} bytes are more than the {panel.limit:,} that a page has room for")
    except Exception as err:  # noqa: BLE001 whatever breaks here must not take the verdict with it; the card names it
        return _card(panel, err)
    return written


def _card(panel: Panel, err: Exception) -> Written:
    html = environment().get_template("error.html.j2").render(panel=panel, kind=type(err).__name__, message=str(err))
    return Written(panel.id, panel.title, Markup(html))  # noqa: S704


def assemble(title: str, panels: Sequence[Written], footer: Written, *, charts: bool) -> str:
    """The whole document. `charts` puts plotly's script in."""
    css, script = _asset("page.css"), _asset("page.js")
    plotly = packed_plotly() if charts else None
    html = (
        environment()
        .get_template("page.html.j2")
        .render(
            title=title,
            csp=_policy(css, script, plotly),
            css=Markup(css),  # noqa: S704 ours
            script=Markup(script),  # noqa: S704 ours
            plotly=plotly,
            panels=panels,
            footer=footer,
        )
    )
    # What UTF-8 cannot carry has been marked in texts already; this holds for whatever else may come.
    return html.encode("utf-8", "replace").decode("utf-8")


def _policy(css: str, script: str, plotly: PackedScript | None) -> str:
    """The Content-Security-Policy: our style and scripts by their hashes, nothing from anywhere."""
    scripts, styles = csp_hash(script.encode()), csp_hash(css.encode())
    if plotly:
        # plotly.js makes an empty <style>, which it fills through the CSSOM.
        scripts, styles = f"{scripts} {plotly.csp_hash}", f"{styles} {csp_hash(b'')}"
    return f"default-src 'none'; script-src {scripts}; style-src {styles}; base-uri 'none'; form-action 'none'"


def overhead(*, charts: bool) -> int:
    """Bytes of a page beside its panels."""
    plotly = len(packed_plotly().base64) if charts else 0
    return plotly + len(_asset("page.css")) + len(_asset("page.js")) + 20_000


@lru_cache(maxsize=4)
def _asset(name: str) -> str:
    return (files("evalplat.reports") / "templates" / name).read_text(encoding="utf-8")
