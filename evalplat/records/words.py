"""counted: a number with its noun, as a person would write it."""

from __future__ import annotations


def counted(count: float, noun: str, plural: str | None = None) -> str:
    """`1 case`, `2,000 cases`; `plural` where it is not the noun with an s."""
    many = f"{noun}s" if plural is None else plural
    return f"{count:,g} {noun if count == 1 else many}" if count < 1e6 else f"{count:,.0f} {many}"
