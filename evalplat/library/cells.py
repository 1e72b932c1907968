"""Records that show themselves in IPython: formatters by the name of the type, so that nothing is loaded for it."""

from __future__ import annotations

import sys
from typing import Any

_RECORDS = {
    "agent": ("AgentSpec",),
    "agent_diff": ("AgentDiff",),
    "case": ("Case",),
    "curation": ("Curated", "PendingCase"),
    "dataset": ("Dataset",),
    "dataset_report": ("DatasetDiff", "DatasetFacts"),
    "decision": ("Comparison", "Decision", "Finding", "MetricComparison", "MetricDecision"),
    "history": ("SuiteHistory",),
    "plan": ("Plan",),
    "policy": ("GatePolicy",),
    "ranking": ("Ranking",),
    "report": ("CasePair", "ReportData", "RunReportData"),
    "score": ("ScoreTable",),
    "selftest": ("Selftest",),
    "several": ("SeveralReportData",),
    "suite": ("Run", "Suite"),
    "summary": ("Summary",),
    "trace": ("Trace",),
    "trial": ("Trial",),
}
_RESULTS = {"gated": ("Gated",), "several": ("GatedSeveral",), "run": ("RunDone",), "history": ("SuiteOverTime",)}

SHOWN = (
    *(f"evalplat.records.{home}:{name}" for home, found in _RECORDS.items() for name in found),
    *(f"evalplat.sdk.{home}:{name}" for home, found in _RESULTS.items() for name in found),
)
"""What shows itself, as MODULE:NAME."""

_registered: set[int] = set()


def register() -> bool:
    """Tell IPython how to show records, once for each shell; False where there is no shell."""
    core = sys.modules.get("IPython.core.getipython")
    shell = None if core is None else core.get_ipython()
    if shell is None:
        return False
    if id(shell) not in _registered:
        _registered.add(id(shell))
        formatters = shell.display_formatter.formatters
        for place in SHOWN:
            module, _, name = place.partition(":")
            formatters["text/html"].for_type_by_name(module, name, _html)
            formatters["text/plain"].for_type_by_name(module, name, _plain)
    return True


def _html(shown: object) -> str:
    from .show import html

    return html(shown)


def _plain(shown: object, printer: Any, cycle: bool) -> None:
    from .show import text

    printer.text("..." if cycle else text(shown))
