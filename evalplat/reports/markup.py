"""Hostile text as HTML: escaped, its invisible characters shown as marks, cut where it is endless."""

from __future__ import annotations

import json
import re
import unicodedata
from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape

from .text import INVISIBLE, code_point, one_line, shortened

_RUN = re.compile(rf"({INVISIBLE.pattern})\1*")


def shown(text: str, limit: int = 8000) -> Markup:
    """All of `text` up to `limit` characters, then how many more there are in the run's artifacts."""
    raw, more = shortened(text, limit)
    raw = raw.replace("\r\n", "\n")
    parts: list[Markup] = []
    end = 0
    for found in _RUN.finditer(raw):
        parts += escape(raw[end : found.start()]), _mark(found.group())
        end = found.end()
    parts.append(escape(raw[end:]))
    if more:
        parts.append(
            Markup('<span class="more">… {} more characters, in the run’s artifacts</span>').format(f"{more:,}")
        )
    return Markup("").join(parts)


def inline(text: object, limit: int = 200) -> Markup:
    """A name on one line, kept apart from the direction of the text around it."""
    line = re.sub(r"\s*[\r\n\t]\s*", " ", str(text))
    return Markup("<bdi>{}</bdi>").format(shown(line, limit))


def plain(text: object, limit: int = 200) -> str:
    """For attributes, where no mark-up can stand; autoescape does the rest."""
    return one_line(text, limit)


def script_json(value: Any) -> Markup:
    """JSON for a data block: nothing in it can end the block or be taken for mark-up. ASCII only."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704


@lru_cache(maxsize=4096)
def _mark(run: str) -> Markup:
    name = unicodedata.name(run[0], "control character").lower()
    times = f" × {len(run):,}" if len(run) > 1 else ""
    return Markup('<span class="chr" title="{}">{}{}</span>').format(name, code_point(run[0]), times)
