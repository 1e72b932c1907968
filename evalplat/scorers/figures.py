"""Numbers that a text states, as they are written: digits, not words; neither units nor `million` are read."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from .wording import normalize

_RUN = re.compile(r"(?<![^\W\d])(?<!\d)([0-9](?:[0-9.,:/'^-]*[0-9])?)(e[+-]?[0-9]{1,3}(?![0-9a-z]))?")
_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)?|[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]{1,3}(?:'[0-9]{3})+(?:\.[0-9]+)?")
_CURRENCY = frozenset("$€£¥₹")
_MAX_DIGITS = 400


@dataclass(frozen=True, slots=True)
class Stated:
    """A number in a text. `value` is None where digits stand in a form that is no single number (3-5, 10:30, 1.2.3)."""

    text: str
    value: float | None


def stated_numbers(text: str) -> tuple[Stated, ...]:
    """All numbers in a text, in order.

    Read: `1,234.50`, `1'234`, `4.95`, `.5`, `-5`, `$5`, `-$5`, `5%` (as 5), `5kg` (as 5), `1e-3`. Digits right after
    a letter (`v5`) are a name. The decimal mark is the point; `4,95` and `1.234,50` are not read.
    """
    text = normalize(text)
    return tuple(_stated(text, match) for match in _RUN.finditer(text))


def close(value: float, expected: float, *, absolute: float = 0.0, relative: float = 0.0) -> bool:
    """Whether `value` is within the larger tolerance of `expected`; the rounding of binary fractions is forgiven."""
    allowed = max(absolute, relative * abs(expected))
    return abs(value - expected) <= allowed * (1 + 1e-9) + 1e-12 * abs(expected)


def _stated(text: str, match: re.Match[str]) -> Stated:
    start = match.start()
    sign, point = "", ""
    if (
        start > 0
        and text[start - 1] == "."
        and (start == 1 or not (text[start - 2].isalnum() or text[start - 2] == "."))
    ):
        point, start = ".", start - 1
    if start > 0 and text[start - 1] in _CURRENCY:
        start -= 1
    if (
        start > 0
        and text[start - 1] == "-"
        and (start == 1 or not (text[start - 2].isalnum() or text[start - 2] in "-)"))
    ):
        sign, start = "-", start - 1
    run, exponent = match.group(1), match.group(2) or ""
    value = None
    if len(run) <= _MAX_DIGITS and (run.isdigit() if point else _PLAIN.fullmatch(run)):
        number = float(sign + point + run.replace(",", "").replace("'", "") + exponent)
        value = number if math.isfinite(number) else None
    return Stated(text[start : match.end()], value)
