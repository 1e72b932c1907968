"""Reports: records -> HTML, Markdown, JUnit, decision.json, summary.json. Computes no statistic, touches no store."""

from .decision_json import decision_json, decisions_json, parse_decision_json
from .gate_page import render_html
from .junit import render_junit
from .markdown import render_markdown
from .plan_json import plan_json
from .run_page import render_run_html
from .selftest_json import selftest_json
from .selftest_page import render_selftest_html, truth_of
from .summary_json import summary_json
from .words import course

__all__ = [
    "course",
    "decision_json",
    "decisions_json",
    "parse_decision_json",
    "plan_json",
    "render_html",
    "render_junit",
    "render_markdown",
    "render_run_html",
    "render_selftest_html",
    "selftest_json",
    "summary_json",
    "truth_of",
]
