"""Numbers as a person reads them. Shown values are rounded; decision.json holds them unrounded."""

from __future__ import annotations

import math
from collections.abc import Callable

from evalplat.records import MetricComparison

ABSENT = "–"
MINUS = "−"


def value(number: float | None) -> str:
    """About three significant digits, no exponent between 1e-7 and 1e7; a true minus sign."""
    if number is None:
        return ABSENT
    if number == 0:
        return "0"
    magnitude = abs(number)
    if magnitude >= 1e7 or magnitude < 1e-7:
        text = f"{magnitude:.3g}"
    elif magnitude >= 1000:
        text = f"{magnitude:,.0f}"
    else:
        decimals = 2 - math.floor(math.log10(magnitude))
        text = f"{magnitude:.{max(decimals, 1)}f}".rstrip("0").rstrip(".")
    return f"{MINUS}{text}" if number < 0 else text


def signed(number: float | None) -> str:
    """`value` with a plus sign where it is positive."""
    return f"+{value(number)}" if number is not None and number > 0 else value(number)


def level(number: float | None, metric: MetricComparison) -> str:
    """A level of the metric: in percent where it is a share."""
    if number is None or not is_share(metric):
        return value(number)
    return percent(number)


def change(number: float | None, metric: MetricComparison) -> str:
    """A difference with its sign: in points of percent for shares, in percent for ratios."""
    if number is None:
        return ABSENT
    if metric.statistic == "ratio":
        return _tenths((number - 1) * 100, "%")
    return _tenths(number * 100, "points") if is_share(metric) else signed(number)


def size(number: float | None, metric: MetricComparison) -> str:
    """The size of a difference, such as a margin: in points for shares, in percent for ratios."""
    if number is None:
        return ABSENT
    if metric.statistic == "ratio":
        return f"{value(number * 100)} %"
    return f"{value(number * 100)} points" if is_share(metric) else value(number)


def span(low: float | None, high: float | None, show: Callable[[float | None], str]) -> str:
    """`low … high`, the unit once; an open end is said."""
    if low is None and high is None:
        return ABSENT
    first = "open" if low is None else show(low)
    last = "open" if high is None else show(high)
    unit = last.partition(" ")[2]
    return f"{first.removesuffix(' ' + unit) if unit else first} … {last}"


def percent(number: float | None) -> str:
    """A share in percent."""
    return ABSENT if number is None else f"{number * 100:.1f} %".replace("-", MINUS)


def is_share(metric: MetricComparison) -> bool:
    """Whether the metric's values are shares, shown in percent."""
    if metric.statistic == "ratio":
        return False
    return metric.range in ("binary", (0.0, 1.0)) or metric.statistic.startswith("pass^")


def p_value(number: float | None) -> str:
    """A p-value; below 0.0001 only that."""
    if number is None:
        return ABSENT
    return "< 0.0001" if number < 0.0001 else f"{number:.4f}"


def seconds(number: float | None) -> str:
    """A duration in the unit that fits."""
    if number is None:
        return ABSENT
    if number < 0.001:
        return f"{number * 1e6:.0f} µs"
    if number < 1:
        return f"{number * 1000:.0f} ms"
    return f"{number:.2f} s" if number < 100 else f"{number:,.0f} s"


def money(number: float | None) -> str:
    """US dollars; None is a cost that nobody can know."""
    if number is None:
        return "unknown"
    return f"${number:,.2f}" if number >= 1 else f"${number:.4f}" if number >= 0.01 else f"${value(number)}"


def minutes(number: float | None) -> str:
    """A duration given in minutes, in the unit that fits; what nobody waits for is not told to the second."""
    if number is None:
        return ABSENT
    if number < 1:
        return "less than a minute"
    return f"{number:.0f} min" if number < 120 else f"{number / 60:,.1f} h"


def count(number: int | None) -> str:
    """A whole number with thousands apart."""
    return ABSENT if number is None else f"{number:,}"


def _tenths(number: float, unit: str) -> str:
    text = f"{number:+,.1f}"
    text = "0.0" if text in ("+0.0", "-0.0") else text.replace("-", MINUS)
    return f"{text} {unit}"
