"""What a verb's result shows of itself: the record in it that `reports` knows how to show."""

from __future__ import annotations

from .evidence import run_report_data
from .gated import Gated
from .history import SuiteOverTime
from .run import RunDone
from .several import GatedSeveral


def shown_of(result: object) -> object:
    """The record to show of a result; a record is itself."""
    if isinstance(result, Gated):
        return result.report
    if isinstance(result, GatedSeveral):
        return result.report
    if isinstance(result, SuiteOverTime):
        return result.history
    if isinstance(result, RunDone):
        return run_report_data(result.run, result.table, result.suite)
    return result


def table_of(result: object, part: str | None, *, figure: bool = False) -> object:
    """The record of a result that is a table (or a figure), where the result has several."""
    if isinstance(result, Gated):
        return result.decision
    if isinstance(result, SuiteOverTime):
        return result.history
    if isinstance(result, RunDone):
        found: dict[str | None, object] = {"scores": result.table, "systems": result.summary}
        return result.summary if figure else found.get(part, result.run)
    return result
