"""SliceMean: one system and metric on the cases that have a property in common."""

from __future__ import annotations

from .base import Record
from .summary import SystemSummary


class SliceMean(Record):
    """`slice` is the column, such as `slice.topic`, and `value` what its cases have there; no interval is adjusted."""

    slice: str
    value: str
    summary: SystemSummary
