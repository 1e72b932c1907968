"""Words: numbers of a comparison as a person reads them. Display only: nothing is decided on a rounded value."""

from __future__ import annotations

from evalplat.records import MetricComparison


def state(found: MetricComparison) -> str:
    """What was found: `correct: 39.0 % -> 34.7 % (-4.3 points)`."""
    label = found.metric if found.statistic == "mean" else f"{found.metric} ({found.statistic})"
    if found.slice is not None:
        label = f"{label} on {found.slice}"
    if found.baseline is None or found.candidate is None or found.difference is None:
        return label
    change = ratio(found.difference) if found.statistic == "ratio" else signed(found, found.difference)
    return f"{label}: {level(found, found.baseline)} -> {level(found, found.candidate)} ({change})"


def span(found: MetricComparison) -> str:
    """The interval: `the difference is between -6.7 and -1.9 points (90 % confidence)`."""
    confidence = f"({_percent(found.confidence)} confidence)"
    if found.ci_low is None or found.ci_high is None:
        return (
            "the interval has an open end" if found.ci_low is not None or found.ci_high is not None else "no interval"
        )
    if found.ci_low == found.ci_high:
        upper = found.worse_share_upper
        most = "" if upper is None else f", and at most {upper:.2%} of them could have got worse"
        alike = "nothing varies between" if not found.difference else "it is the same difference in all"
        return f"{alike} {unit(found)}{most}"
    if found.rule in ("at_least", "at_most"):
        return f"it is between {level(found, found.ci_low)} and {level(found, found.ci_high)} {confidence}"
    if found.statistic == "ratio":
        return f"the change is between {ratio(found.ci_low)} and {ratio(found.ci_high)} {confidence}"
    low, high = signed(found, found.ci_low), signed(found, found.ci_high)
    return f"the difference is between {low.removesuffix(' points')} and {high} {confidence}"


def _percent(share: float) -> str:
    """`90%`; near 1 with as many digits as tell it from 1."""
    digits = 0
    while digits < 8 and float(f"{100 * share:.{digits}f}") >= 100:
        digits += 1
    return f"{100 * share:.{digits}f}%"


def unit(found: MetricComparison) -> str:
    """What is independent: clusters, or cases where they are not clustered."""
    return "clusters" if found.clustered else "cases"


def worsening(found: MetricComparison) -> str:
    """What a change for the worse is: a drop, or a rise where lower is better."""
    return "drop" if found.direction == "higher" or found.statistic.startswith("pass^") else "rise"


def level(found: MetricComparison, number: float) -> str:
    """A mean: in per cent where the metric is a share."""
    return f"{100 * number:.1f} %" if _is_share(found) else f"{number:.4g}"


def value(found: MetricComparison, number: float) -> str:
    """A size, such as a margin: in points where the metric is a share, in per cent where the statistic is a ratio."""
    if found.statistic == "ratio":
        return f"{100 * number:.3g} %"
    return f"{100 * number:.3g} points" if _is_share(found) else f"{number:.4g}"


def signed(found: MetricComparison, number: float) -> str:
    """A difference with its sign."""
    return f"{100 * number:+.1f} points" if _is_share(found) else f"{number:+.4g}"


def ratio(number: float) -> str:
    """A ratio as a change: 1.63 is `+63.0 %`."""
    return f"{100 * (number - 1):+.1f} %"


def _is_share(found: MetricComparison) -> bool:
    return found.range in ("binary", (0.0, 1.0)) or found.statistic.startswith("pass^")
