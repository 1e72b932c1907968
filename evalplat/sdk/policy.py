"""The policy of a gate: a file, the suite's own, or one metric stated on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from evalplat.errors import InputError
from evalplat.records import GatePolicy, MetricRule
from evalplat.records.policy import ValueRange
from evalplat.suites import load_policy, load_suite


def policy_of(
    *,
    policy: Path | None = None,
    suite: Path | None = None,
    metric: str | None = None,
    margin: float | None = None,
    direction: Literal["higher", "lower"] | None = None,
    alpha: float | None = None,
    value_range: str | None = None,
    cluster: str | None = None,
    anchor: str | None = None,
    looks: int | None = None,
) -> GatePolicy | None:
    """A GatePolicy from what was stated; None where nothing was and the runs' own suite has to say.

    Raises InputError where too much or too little is stated.
    """
    stated = of_a_metric(metric, margin=margin, direction=direction, alpha=alpha, value_range=value_range)
    if policy is not None:
        refuse_beside_a_policy(stated)
    if metric is not None:
        found = _stated(metric, margin, direction or "higher", 0.05 if alpha is None else alpha, value_range)
    elif stated:
        raise InputError(f"{', '.join(stated)} needs --metric")
    elif policy is not None:
        found = load_policy(policy)
    elif suite is not None:
        loaded = load_suite(suite).policy
        if loaded is None:
            raise InputError("names no policy; add `policy: gate.yaml`, or give --policy", where=str(suite))
        found = loaded
    elif anchor is not None or looks is not None:
        raise InputError("--anchor and --looks need --policy, --suite, or --metric and --margin")
    else:
        return None
    changed = {name: value for name, value in {"cluster": cluster, "anchor": anchor}.items() if value is not None}
    found = found.model_copy(update=changed)
    if looks is None:
        return found
    return found.model_copy(update={"stopping": found.stopping.model_copy(update={"looks": looks})})


def of_a_metric(metric: str | None, **options: object) -> list[str]:
    """Options that were stated, of those that describe a metric."""
    named = {"metric": metric, **{"range" if name == "value_range" else name: one for name, one in options.items()}}
    return [f"--{name}" for name, value in named.items() if value is not None]


def refuse_beside_a_policy(stated: Sequence[str]) -> None:
    """Raises InputError where what describes a metric would be ignored, as the policy says it all."""
    if stated:
        raise InputError(f"--policy and {', '.join(stated)} exclude each other: the policy says it all")


def _stated(
    metric: str, margin: float | None, direction: Literal["higher", "lower"], alpha: float, value_range: str | None
) -> GatePolicy:
    if margin is None:
        raise InputError("--metric needs --margin: the largest drop that you would tolerate")
    try:
        rule = MetricRule(
            metric=metric, margin=margin, direction=direction, alpha=alpha, range=_range(value_range)
        )  # fmt: skip
    except ValidationError as err:
        first = err.errors(include_url=False)[0]
        option = first["loc"][0] if first["loc"] else "metric"
        raise InputError(f"--{option}: {first['msg'].removeprefix('Value error, ')}") from err
    return GatePolicy(metrics=(rule,))


def _range(text: str | None) -> ValueRange | None:
    if text is None or text == "binary":
        return text  # type: ignore[return-value]
    try:
        low, high = (float(part) for part in text.split(","))
    except ValueError as err:
        raise InputError(f"--range: expected `binary` or LO,HI, found {text!r}") from err
    if not low < high:
        raise InputError(f"--range: expected LO below HI, found {text!r}")
    return (low, high)
