"""A sample of an Inspect log: a case, a trial of it, and its grades."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from evalplat.errors import CaseError, LogError
from evalplat.records import Answer, Case, Failure, Grade, Graded, Trace, Trial, TrialKey, Usage, build

from .asked import AskedFields
from .assemble import MAX_SECONDS, UNKNOWN_TIME, text_name
from .conversation import Conversation, trace_of
from .inspect_own import OwnHead, OwnSample
from .inspect_write import shown_messages, times_of
from .messages import Message, first_question, inspect_messages, last_answer, masked
from .sources import field as field_of
from .sources import label, shown

LATENCY, TOKENS = "latency_s", "tokens"
_LETTERS = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0, "yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
_ATTACHMENT = "attachment://"
_MAX_ATTACHED = 64 * 2**20


@dataclass(slots=True)
class SampleReader:
    """Samples of one log, read one after the other; it remembers which metrics there are and what was left out."""

    system: str
    model: str | None
    own: OwnHead | None
    cluster: str | None
    slices: tuple[str, ...]
    asked: AskedFields = field(init=False)
    _metrics: dict[str, None] = field(default_factory=dict)
    _left: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.asked = AskedFields("samples", "metadata", whole={"cluster": self.cluster}, slices=self.slices)

    def read(self, raw: dict[str, Any], where: str) -> tuple[Case, Graded]:
        """Case and trial, with the grades that the sample has. Raises LogError or CaseError naming the field."""
        own = OwnSample.of(raw, where) if self.own is not None else None
        key = TrialKey(case_id=identity(raw, where), trial=_epoch(raw, where))
        listed = _attached(field_of(raw, "messages", list, where=where, default=[]), raw, where)
        said = inspect_messages(listed, where=where)
        case = self._case(key.case_id, raw, own, where)
        trial = self._trial(key, raw, own, said, where)
        talk = Conversation(self.system, said, self._tools(raw, where), self.model, times_of(trial))
        trace = trace_of(talk, key=f"{self.system}\x1f{key.case_id}\x1f{key.trial}") if said else None
        if own is not None and (not own.traced or _fits(own.trace, case, trial, said)):
            trace = own.trace
        trial = trial.model_copy(update={"trace": trace})
        grades = self._grades(raw, trial, where)
        if own is not None:
            known = {grade.metric for grade in grades}
            grades += [grade for grade in own.errors if grade.metric not in known]
        elif self.own is None:
            known = {grade.metric for grade in grades}
            grades += [grade for grade in self._measured(raw, trial) if grade.metric not in known]
        self._metrics.update(dict.fromkeys(grade.metric for grade in grades))
        return case, Graded(trial=trial, grades=tuple(grades))

    def metrics(self) -> tuple[str, ...]:
        """The metrics that any sample has, in the order of their appearance; what trials took comes last."""
        return tuple(sorted(self._metrics, key=lambda metric: metric in (LATENCY, TOKENS)))

    def filled(self, one: Graded, metrics: Iterable[str]) -> tuple[Grade, ...]:
        """The grades of all metrics; what a sample lacks is an error, its failure where it broke off."""
        failure = one.trial.failure
        lack = f"{failure.kind}: {failure.message}" if failure else "NotScored: the log has no score"
        given = {grade.metric: grade for grade in one.grades}
        return tuple(given.get(metric) or Grade(metric=metric, error=lack) for metric in metrics)

    def notes(self, where: str) -> tuple[str, ...]:
        """What the log has and a run has no place for. Raises LogError for a cluster or slice that it has not."""
        lacking = self.asked.notes(where) if self.own is None else ()
        return (*(f"{what} of {count:,} samples" for what, count in self._left.items()), *lacking)

    def _case(self, number: str, raw: dict[str, Any], own: OwnSample | None, where: str) -> Case:
        return case_of(number, raw, dict(own.case) if own is not None else self._told(raw, where), where)

    def _told(self, raw: dict[str, Any], where: str) -> dict[str, Any]:
        """Cluster and slices out of the metadata."""
        metadata = field_of(raw, "metadata", dict, where=where, default={})
        told: dict[str, Any] = {"slices": {}}
        there = {name: value for name, value in metadata.items() if value is not None and str(value).strip()}
        self.asked.see(there.keys(), where)
        for name in (*self.slices, *((self.cluster,) if self.cluster else ())):
            value = there.get(name)
            if value is not None and not isinstance(value, str | int | float):
                raise LogError(f"metadata.{name}: expected text or a number, found {shown(value)}", where=where)
            if value is not None and name in self.slices:
                told["slices"][name] = str(value)
            if value is not None and name == self.cluster:
                told["cluster"] = str(value)
        for name in ("choices", "sandbox", "files", "setup"):
            if raw.get(name):
                self._left[name] += 1
        if metadata.keys() - {*self.slices, self.cluster}:
            self._left["other metadata"] += 1
        return told

    def _trial(
        self, key: TrialKey, raw: dict[str, Any], own: OwnSample | None, said: tuple[Message, ...], where: str
    ) -> Trial:
        output = field_of(raw, "output", dict, where=where, default={})
        text = field_of(output, "completion", str, where=f"{where}: output", default="") or last_answer(said)
        if own is not None:
            fields = dict(own.trial) | {"key": key}
            if fields.get("failure") is None:
                told = fields.get("answer")
                fields["answer"] = (told if isinstance(told, dict) else {}) | {"text": text}
            return build(Trial, fields, where=where, error=LogError)
        broken = raw.get("error")
        failure = None
        if broken is not None:
            message = broken.get("message") if isinstance(broken, dict) else broken
            failure = Failure(kind="InspectError", message=" ".join(str(message).split())[:500] or "failed")
        elif raw.get("invalidation") is not None:
            failure = Failure(kind="InspectInvalidated", message="a person declared the sample invalid")
        return Trial(
            key=key,
            seed=0,
            answer=Answer(text=masked(text)) if failure is None else None,
            failure=failure,
            usage=_usage(raw, said, where),
            latency_s=_positive(raw, "total_time", where),
            started_at=_moment(raw.get("started_at"), where),
        )

    def _tools(self, raw: dict[str, Any], where: str) -> tuple[Mapping[str, Any], ...]:
        """The tools of the first call of a model that had any."""
        if self.own is not None:
            return self.own.tools
        events = raw.get("events")
        for event in events if isinstance(events, list) else []:
            if isinstance(event, dict) and event.get("event") == "model" and event.get("tools"):
                tools = _attached(event["tools"], raw, where)
                listed = tools if isinstance(tools, list) else []
                return tuple(masked([tool for tool in listed if isinstance(tool, dict)]))
        return ()

    def _grades(self, raw: dict[str, Any], trial: Trial, where: str) -> list[Grade]:
        error = f"{trial.failure.kind}: {trial.failure.message}" if trial.failure else None
        grades = []
        for scorer, score in field_of(raw, "scores", dict, where=where, default={}).items():
            place = f"{where}: scores.{label(scorer)}"
            if not isinstance(score, dict) or "value" not in score:
                raise LogError(f"expected a score with a value, found {shown(score)}", where=place)
            value = score["value"]
            named = {f"{scorer}.{name}": one for name, one in value.items()} if isinstance(value, dict) else None
            for metric, one in (named or {scorer: value}).items():
                text_name(metric, "the name of the metric", place)
                if isinstance(one, list | dict):
                    self._left[f"lists scored by {scorer}"] += 1
                else:
                    grades.append(_grade(metric, one, error))
        return grades

    def _measured(self, raw: dict[str, Any], trial: Trial) -> list[Grade]:
        """What a trial took, where the log says it; of a failed one too."""
        error = f"{trial.failure.kind}: {trial.failure.message}" if trial.failure else None
        took = []
        if raw.get("total_time") is not None:
            took.append(Grade(metric=LATENCY, score=trial.latency_s, error=error))
        if raw.get("model_usage"):
            took.append(Grade(metric=TOKENS, score=float(trial.usage.total_tokens), error=error))
        return took


def case_of(number: str, raw: dict[str, Any], beside: dict[str, Any], where: str) -> Case:
    """The case of a sample, with the fields `beside` that Inspect has no place for. Raises CaseError or LogError."""
    asked = _attached(raw.get("input"), raw, where)
    text = first_question(inspect_messages(asked, where=f"{where}: input")) if isinstance(asked, list) else asked
    if not isinstance(text, str):
        raise LogError(f"input: expected text or messages, found {shown(asked)}", where=where)
    target = raw.get("target")
    answers = [one for one in (target if isinstance(target, list) else [target]) if one not in (None, "")]
    expect = beside.get("expect")
    told = (expect if isinstance(expect, dict) else {}) | ({"answers": answers} if answers else {})
    fields = beside | {"id": number, "input": masked(text) or f"(sample {number}: its input has no text)"}
    return build(Case, fields | ({"expect": told} if told else {}), where=where, error=CaseError)


def _fits(trace: Trace | None, case: Case, trial: Trial, said: tuple[Message, ...]) -> bool:
    """Whether a kept trace says what the messages say; else somebody changed one of them, and the messages count."""
    if trace is None:
        return False
    kept = inspect_messages(shown_messages(case, trial.model_copy(update={"trace": trace})), where="")
    return kept == said


def identity(raw: dict[str, Any], where: str) -> str:
    return text_name(str(field_of(raw, "id", (str, int), where=where)), "id", where)


def _epoch(raw: dict[str, Any], where: str) -> int:
    epoch = int(field_of(raw, "epoch", int, where=where, default=1))
    if not 1 <= epoch < 2**31:
        raise LogError(f"epoch: expected a number from 1, found {epoch}", where=where)
    return epoch - 1


def _grade(metric: str, value: Any, error: str | None) -> Grade:
    if isinstance(value, str):
        number = _LETTERS.get(value, _LETTERS.get(value.lower()))
        if number is None:
            try:
                number = float(value)
            except ValueError:
                number = math.nan
    else:
        number = math.nan if value is None else float(value)
    if math.isfinite(number):
        return Grade(metric=metric, score=number, error=error)
    why = "NotScored: the scorer gave no value" if value is None else f"NotANumber: {shown(value)}"
    return Grade(metric=metric, error=error or why)


def _usage(raw: dict[str, Any], said: tuple[Message, ...], where: str) -> Usage:
    """Tokens of all models; cached input counts as input. Calls are the replies that the messages show."""
    replies = sum(message["role"] == "assistant" for message in said)
    used = field_of(raw, "model_usage", dict, where=where, default={})
    into = out = 0
    cost: float | None = 0.0
    for model, one in used.items():
        place = f"{where}: model_usage.{label(model)}"
        if not isinstance(one, dict):
            raise LogError(f"expected an object, found {shown(one)}", where=place)
        for name in ("input_tokens", "input_tokens_cache_read", "input_tokens_cache_write"):
            into += _count(one, name, place)
        out += _count(one, "output_tokens", place)
        price = field_of(one, "total_cost", float, where=place, default=None)
        cost = None if cost is None or price is None or price < 0 else cost + float(price)
    if not used and replies:
        return Usage(calls=replies, unknown_usage_calls=replies, cost_usd=None)
    return Usage(input_tokens=into, output_tokens=out, calls=replies, cost_usd=cost)


def _count(usage: dict[str, Any], name: str, where: str) -> int:
    count = int(field_of(usage, name, int, where=where, default=0))
    if not 0 <= count < 2**53:
        raise LogError(f"{name}: expected a count, found {count}", where=where)
    return count


def _positive(raw: dict[str, Any], name: str, where: str) -> float:
    value = float(field_of(raw, name, float, where=where, default=0.0))
    if not 0 <= value <= MAX_SECONDS:
        raise LogError(f"{name}: expected seconds, found {value}", where=where)
    return value


def _moment(text: Any, where: str) -> datetime:
    if text is None:
        return UNKNOWN_TIME
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError) as err:
        raise LogError(f"started_at: expected a moment, found {shown(text)}", where=where) from err
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _attached(value: Any, raw: dict[str, Any], where: str) -> Any:
    """Long texts of a log stand apart, under `attachments`: back in their place, up to a limit."""
    attachments = raw.get("attachments")
    if not isinstance(attachments, dict) or not attachments:
        return value
    left = [_MAX_ATTACHED]

    def put_back(part: Any) -> Any:
        if isinstance(part, str) and part.startswith(_ATTACHMENT):
            text = attachments.get(part.removeprefix(_ATTACHMENT), part)
            left[0] -= len(text)
            if left[0] < 0:
                raise LogError(f"attachments: stand in its messages with more than {_MAX_ATTACHED} characters",
                               where=where)  # fmt: skip
            return text
        if isinstance(part, dict):
            return {key: put_back(one) for key, one in part.items()}
        return [put_back(one) for one in part] if isinstance(part, list) else part

    return put_back(value)
