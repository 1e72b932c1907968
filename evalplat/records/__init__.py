"""The frozen nouns that stages hand to each other."""

from .agent import AgentSpec, Guardrails, Limits, ModelSettings, Prompts, Retrieval, ToolRef
from .base import Record, canonical_json, content_hash
from .case import Case, Dataset, Expectation
from .decision import (
    AnchorCheck,
    Comparison,
    Decision,
    Finding,
    Flip,
    Interval,
    MetricComparison,
    MetricDecision,
    Needed,
    Sensitivity,
    Side,
    Verdict,
)
from .parse import build, parse_yaml
from .policy import GatePolicy, MetricRule, Stopping
from .report import CasePair, PartChange, ReportData, RunCard, RunReportData
from .score import Column, Score, ScoreFailure, ScoreTable, ScoringContext
from .sequential import Calls, Look, LookMetric, Protocol
from .suite import Run, RunInfo, ScorerSpec, Suite, TargetInfo
from .summary import Summary, SystemSummary
from .trace import Span, SpanEvent, Trace
from .trial import Answer, Citation, Failure, Outcome, Trial, TrialKey, Usage

__all__ = [
    "AgentSpec",
    "AnchorCheck",
    "Answer",
    "Calls",
    "Case",
    "CasePair",
    "Citation",
    "Column",
    "Comparison",
    "Dataset",
    "Decision",
    "Expectation",
    "Failure",
    "Finding",
    "Flip",
    "GatePolicy",
    "Guardrails",
    "Interval",
    "Limits",
    "Look",
    "LookMetric",
    "MetricComparison",
    "MetricDecision",
    "MetricRule",
    "ModelSettings",
    "Needed",
    "Outcome",
    "PartChange",
    "Prompts",
    "Protocol",
    "Record",
    "ReportData",
    "Retrieval",
    "Run",
    "RunCard",
    "RunInfo",
    "RunReportData",
    "Score",
    "ScoreFailure",
    "ScoreTable",
    "ScorerSpec",
    "ScoringContext",
    "Sensitivity",
    "Side",
    "Span",
    "SpanEvent",
    "Stopping",
    "Suite",
    "Summary",
    "SystemSummary",
    "TargetInfo",
    "ToolRef",
    "Trace",
    "Trial",
    "TrialKey",
    "Usage",
    "Verdict",
    "build",
    "canonical_json",
    "content_hash",
    "parse_yaml",
]
