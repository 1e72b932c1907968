"""Numbers that a page shows, against the records that it was made of."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evalplat.reports import numbers

if TYPE_CHECKING:
    from playwright.sync_api import Page

NO_RESULT = re.compile(r"\b\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?)?|\b\d\d:\d\d\b|\b[0-9a-f]{12,64}\b")
"""Dates and hashes."""

NUMBER = re.compile(r"(?<![\w.])[+\-−]?\d(?:[\d,]*\d)?(?:\.\d+)?(?:e[+\-]?\d+)?")

READ = """() => [...document.querySelectorAll('section.panel')].flatMap((panel) => {
  const found = [];
  const add = (text, element) => {
    if (!/\\d/.test(text) || element.closest('script, style, .chart, .tl-tick')) return;
    const at = element.closest('[data-from]');
    found.push({ panel: panel.id, text, at: at && at.dataset.from, value: at && at.dataset.value,
                 whole: at && at.textContent });
  };
  const walk = document.createTreeWalker(panel, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) add(node.data, node.parentElement);
  for (const one of panel.querySelectorAll('[aria-label]')) add(one.getAttribute('aria-label'), one);
  return found;
})"""


@dataclass(frozen=True)
class Text:
    """A text with digits. `at` are the places of its numbers and `value` their raw values, where the page says them."""

    panel: str
    text: str
    at: str | None
    value: str | None
    whole: str | None


def texts_of(page: Page) -> list[Text]:
    """All texts of an open page's panels, and what is read aloud for its drawings."""
    return [Text(**one) for one in page.evaluate(READ)]


def lookup(records: Any, place: str) -> Any:
    """What stands at `metrics.0.difference`."""
    for part in place.split("."):
        records = records[int(part)] if isinstance(records, list) else records[part]
    return records


def rounds_to(raw: float, shown: str) -> bool:
    """Whether `shown` is `raw` rounded: as it is, in percent or thousandths, or as what a ratio changes in percent."""
    text = shown.replace("−", "-").replace(",", "").lstrip("+")
    number = float(text)
    decimals = len(text.partition("e")[0].partition(".")[2])
    # Half a unit of the last digit shown; trailing zeros may have been left out, so three digits always count.
    off = 0.500001 * 10**-decimals
    if number and "e" not in text:
        off = min(off, max(0.500001 * 10 ** (math.floor(math.log10(abs(number))) - 2), 0.500001 * 10**-decimals))
    return any(abs(number - one) <= off for one in (raw, -raw, raw * 100, -raw * 100, raw * 1000, (raw - 1) * 100))


def explained(records: Any) -> set[str]:
    """Every number, without its sign, that a page may show of JSON-like records: their numbers in each of the page's
    forms, how many things a list has, and what their texts say."""
    told: set[str] = set()
    for one in _leaves(records):
        if isinstance(one, str):
            told |= unsigned(one)
        else:
            for text in _forms(one):
                told |= unsigned(text)
    return told


def unsigned(text: str) -> set[str]:
    """The numbers in a text, without signs."""
    return {found.lstrip("+-−") for found in NUMBER.findall(NO_RESULT.sub(" ", text))}


def _leaves(value: Any) -> Iterator[str | float]:
    if isinstance(value, dict):
        yield len(value)
        if "input_tokens" in value and "output_tokens" in value:
            yield value["input_tokens"] + value["output_tokens"]
        if "flips" in value:
            yield sum(flip["change"] < 0 for flip in value["flips"])
            yield sum(flip["change"] > 0 for flip in value["flips"])
        if "start_unix_nano" in value:
            yield (value["end_unix_nano"] - value["start_unix_nano"]) / 1e9
        for key, part in value.items():
            yield str(key)
            yield from _leaves(part)
    elif isinstance(value, list | tuple):
        yield len(value)
        for part in value:
            yield from _leaves(part)
    elif isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        yield value


def _forms(number: float) -> Iterator[str]:
    yield str(number)
    yield numbers.value(number)
    yield numbers.percent(number)
    yield numbers.value(number * 100)
    yield f"{number * 100:,.1f} {(number - 1) * 100:,.1f} {100 * number:g}"
    if number >= 0:
        yield numbers.money(number)
        yield numbers.seconds(number)
        yield numbers.p_value(number)
    if float(number).is_integer():
        yield numbers.count(int(number))
