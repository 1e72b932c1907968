"""build: a suite's scorer specs into scorers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from evalplat.errors import SpecError
from evalplat.records import Record, ScorerSpec
from evalplat.records.suite import ScorerKind

from .abstention import Abstention, AbstentionOptions
from .base import AnswerScorer, Check, Measure, MeasureScorer, Scorer
from .citation import CitationCorrect, CitationOptions
from .contains import Contains, ContainsOptions
from .cost import Cost, CostOptions
from .episode import EpisodeCheck, EpisodeOptions, EpisodeScorer
from .episode_calls import ARGUMENTS, STEPS, TOOLS
from .episode_finish import BOUNDED, FINISHED
from .episode_state import END_STATE, RESISTED
from .episode_words import NEVER_SAID, SAID
from .exact import Exact, ExactOptions
from .expectation import Expectation, ExpectationOptions
from .latency import Latency, LatencyOptions
from .number import Number, NumberOptions
from .patterns import Regex, RegexOptions
from .schema import JsonSchema, JsonSchemaOptions
from .tokens import Tokens, TokensOptions

_CHECKS: Mapping[ScorerKind, tuple[type[Record], Callable[[Any], Check]]] = {
    "expectation": (ExpectationOptions, Expectation),
    "exact": (ExactOptions, Exact),
    "contains": (ContainsOptions, Contains),
    "regex": (RegexOptions, Regex),
    "number": (NumberOptions, Number),
    "json_schema": (JsonSchemaOptions, JsonSchema),
    "abstention": (AbstentionOptions, Abstention),
    "citation": (CitationOptions, CitationCorrect),
}
_MEASURES: Mapping[ScorerKind, tuple[type[Record], Callable[[Any], Measure]]] = {
    "latency": (LatencyOptions, Latency),
    "tokens": (TokensOptions, Tokens),
    "cost": (CostOptions, Cost),
}
_EPISODES: Mapping[ScorerKind, EpisodeCheck] = {
    "end_state": END_STATE,
    "steps": STEPS,
    "tools": TOOLS,
    "arguments": ARGUMENTS,
    "never_said": NEVER_SAID,
    "said": SAID,
    "resisted": RESISTED,
    "bounded": BOUNDED,
    "finished": FINISHED,
}


def build(specs: Sequence[ScorerSpec]) -> tuple[Scorer, ...]:
    """The scorers, in the order of the specs. Raises SpecError naming the metric and the option."""
    return tuple(_scorer(spec) for spec in specs)


def _scorer(spec: ScorerSpec) -> Scorer:
    if spec.kind in _CHECKS:
        model, make_check = _CHECKS[spec.kind]
        return AnswerScorer(spec.metric, make_check(_options(spec, model)))
    if spec.kind in _EPISODES:
        _options(spec, EpisodeOptions)
        return EpisodeScorer(spec.metric, _EPISODES[spec.kind])
    if spec.kind not in _MEASURES:
        raise SpecError("came with an import: only the tool that gave its scores can score again", where=_where(spec))
    model, make_measure = _MEASURES[spec.kind]
    return MeasureScorer(spec.metric, make_measure(_options(spec, model)))


def _options(spec: ScorerSpec, model: type[Record]) -> Record:
    where = _where(spec)
    try:
        return model.model_validate(spec.options)
    except ValidationError as err:
        first = err.errors(include_url=False, include_context=False)[0]
        name = ".".join(str(part) for part in first["loc"]) or "options"
        if first["type"] == "extra_forbidden":
            known = ", ".join(sorted(model.model_fields)) or "none"
            raise SpecError(f"unknown option {name!r}; the options are: {known}", where=where) from err
        raise SpecError(f"option {name!r}: {first['msg'].removeprefix('Value error, ')}", where=where) from err


def _where(spec: ScorerSpec) -> str:
    return f"scorer of {spec.metric!r} ({spec.kind})"
