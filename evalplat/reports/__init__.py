"""Reports: records -> HTML, Markdown, JUnit, decision.json, summary.json. Computes no statistic, touches no store."""

from .decision_json import decision_json, decisions_json, parse_decision_json
from .gate_page import render_html
from .history_json import history_json
from .history_page import change_of, level_in, render_history_html
from .junit import render_junit
from .markdown import render_markdown
from .plan_json import plan_json
from .run_page import render_run_html
from .selftest_json import selftest_json
from .selftest_page import render_selftest_html, truth_of
from .several_junit import render_several_junit
from .several_markdown import render_several_markdown
from .several_page import render_several_html
from .several_words import headline, level_of, of_all, places, verdict_of
from .summary_json import summary_json
from .words import attempted, course, not_by_more_cases

__all__ = [
    "attempted",
    "change_of",
    "course",
    "decision_json",
    "decisions_json",
    "headline",
    "history_json",
    "level_in",
    "level_of",
    "not_by_more_cases",
    "of_all",
    "parse_decision_json",
    "places",
    "plan_json",
    "render_history_html",
    "render_html",
    "render_junit",
    "render_markdown",
    "render_run_html",
    "render_selftest_html",
    "render_several_html",
    "render_several_junit",
    "render_several_markdown",
    "selftest_json",
    "summary_json",
    "truth_of",
    "verdict_of",
]
