"""Exceptions into Failure records: what, where, in one line."""

from __future__ import annotations

import traceback
from datetime import datetime
from pathlib import Path
from time import perf_counter

from evalplat.records import Failure, Outcome, Trace, Usage

NOT_KNOWN = Usage(calls=1, unknown_usage_calls=1, cost_usd=None)
"""The usage of a call that was made and did not say what it used."""

_LONGEST = 400


def one_line(text: str, longest: int = _LONGEST) -> str:
    """`text` without line breaks, control characters and lone surrogates, at most `longest` characters."""
    brief = " ".join(text[: 4 * longest].split())
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in brief)
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"


def describe(error: BaseException) -> str:
    """Class name and message of an exception in one line."""
    name = type(error).__name__
    try:
        message = one_line(str(error))
    except Exception as broken:  # noqa: BLE001 - a foreign __str__ may do anything
        message = f"(its message cannot be read: {type(broken).__name__})"
    return f"{name}: {message}" if message else name


def place(error: BaseException) -> str:
    """`file:line` of the frame that raised, or nothing where there is none."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""


def failed(
    kind: str,
    message: str,
    *,
    started_at: datetime,
    clock_from: float,
    usage: Usage = NOT_KNOWN,
    trace: Trace | None = None,
) -> Outcome:
    """An Outcome that failed; `clock_from` is `perf_counter` at its start."""
    return Outcome(
        failure=Failure(kind=kind, message=one_line(message)),
        usage=usage,
        latency_s=perf_counter() - clock_from,
        started_at=started_at,
        trace=trace,
    )
