"""html_of and text_of: one card, two ways to write it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from evalplat import records
from evalplat.records.selftest import Selftest

from . import cases, decisions, histories, parts, plans
from .as_html import card_html
from .as_text import card_text
from .card import Card

KINDS: Mapping[type[Any], Callable[[Any], Card]] = {
    records.AgentDiff: parts.agent_diff_card,
    records.AgentSpec: parts.agent_card,
    records.Case: cases.case_card,
    records.CasePair: cases.pair_card,
    records.Comparison: decisions.comparison_card,
    records.Curated: parts.curated_card,
    records.Dataset: cases.dataset_card,
    records.DatasetDiff: parts.dataset_diff_card,
    records.DatasetFacts: parts.facts_card,
    records.Decision: decisions.decision_card,
    records.Finding: decisions.finding_card,
    records.GatePolicy: parts.policy_card,
    records.MetricComparison: decisions.measured_card,
    records.MetricDecision: decisions.metric_card,
    records.PendingCase: parts.pending_card,
    records.Plan: plans.plan_card,
    records.ReportData: decisions.report_card,
    records.Ranking: decisions.ranking_card,
    records.Run: cases.run_card,
    records.RunReportData: cases.run_report_card,
    records.ScoreTable: parts.scores_card,
    Selftest: plans.selftest_card,
    records.SeveralReportData: decisions.several_card,
    records.Suite: parts.suite_card,
    records.SuiteHistory: histories.history_card,
    records.Summary: cases.summary_card,
    records.Trace: cases.trace_card,
    records.Trial: cases.trial_card,
}
"""What has a card, and how it is made."""


def card_of(shown: object) -> Card:
    """The card of a record. Raises TypeError for what has none."""
    for kind in type(shown).__mro__:
        if kind in KINDS:
            return KINDS[kind](shown)
    raise TypeError(f"nothing is known to show of a {type(shown).__name__}")


def html_of(shown: object) -> str:
    """HTML without script or style sheet, everything escaped. Raises TypeError for what has no card."""
    return card_html(card_of(shown))


def text_of(shown: object) -> str:
    """Plain text in lines, nothing in it invisible. Raises TypeError for what has no card."""
    return card_text(card_of(shown))
