"""Runs as logs of Inspect AI (`.eval`), and cases as its samples: what it has no place for lies in its metadata."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from evalplat.records import Case, Evaluation, Grade, Graded, Trial
from evalplat.suites.files import replaced

from .assemble import UNKNOWN_TIME
from .conversation import Conversation, conversation_of, trace_of
from .inspect_own import KEY, OwnHead, OwnSample
from .messages import Message, inspect_messages

_NO_MODEL = "none/none"
_ZIP_BEGINS = (1980, 1, 1, 0, 0, 0)


def write_inspect(path: Path, evaluation: Evaluation) -> None:
    """The run as an `.eval` log, whole or not at all. Raises InputError where it cannot be written."""
    head = _head(evaluation)
    cases = {case.id: case for case in evaluation.cases}
    with replaced(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        spec = _spec(evaluation, head)
        plan: dict[str, Any] = {"name": "plan", "steps": [], "config": {}}
        _member(archive, "_journal/start.json", {"version": 2, "eval": spec, "plan": plan})
        summaries = []
        for one in evaluation.trials:
            sample = _sample(cases[one.trial.key.case_id], one, head)
            _member(archive, f"samples/{sample['id']}_epoch_{sample['epoch']}.json", sample)
            summaries.append({name: value for name, value in sample.items() if name in _SUMMARY} | _ended(one.trial))
        _member(archive, "summaries.json", summaries)
        _member(archive, "header.json", _header(evaluation, spec, plan))


def write_samples(path: Path, cases: Iterable[Case]) -> int:
    """Cases as a dataset of Inspect, a sample a line; how many. Raises InputError where it cannot be written."""
    count = 0
    with replaced(path) as file:
        for case in cases:
            sample: dict[str, Any] = {"id": case.id, "input": case.input, "target": _target(case)}
            sample["metadata"] = {**case.slices, KEY: {"case": _beside(case)}}
            file.write(f"{json.dumps(sample, ensure_ascii=False)}\n".encode())
            count += 1
    return count


def shown_messages(case: Case, trial: Trial) -> list[dict[str, Any]]:
    """The messages of a trial in Inspect's form: those of its trace, else its input and its answer."""
    talk = conversation_of(trial.trace) if trial.trace is not None else None
    if talk is not None:
        return list(_inspect_form(talk.messages))
    said: list[dict[str, Any]] = [{"role": "user", "content": case.input}]
    if trial.answer is not None:
        said.append({"role": "assistant", "content": trial.answer.text})
    return said


_SUMMARY = ("id", "epoch", "input", "target", "scores", "model_usage", "started_at", "total_time")


def _head(evaluation: Evaluation) -> OwnHead:
    talks = [conversation_of(one.trial.trace) for one in evaluation.trials if one.trial.trace is not None]
    first = next((talk for talk in talks if talk is not None), None)
    return OwnHead(
        system=evaluation.system,
        suite=evaluation.suite,
        dataset=evaluation.dataset,
        seed=evaluation.seed,
        metrics=tuple(spec.metric for spec in evaluation.scorers),
        model=first.model if first is not None else None,
        tools=tuple(dict(tool) for tool in first.tools) if first is not None else (),
    )


def _spec(evaluation: Evaluation, head: OwnHead) -> dict[str, Any]:
    epochs = max(one.trial.key.trial for one in evaluation.trials) + 1
    began = min(one.trial.started_at for one in evaluation.trials)
    return {
        "run_id": evaluation.digest[:22],
        "eval_id": evaluation.digest[22:44],
        "created": began.isoformat(),
        "task": evaluation.suite,
        "task_id": evaluation.digest[-20:],
        "task_version": 0,
        "dataset": {"name": evaluation.dataset, "samples": len(evaluation.cases)},
        "model": head.model or _NO_MODEL,
        "config": {"epochs": epochs},
        "scorers": [{"name": spec.metric} for spec in evaluation.scorers],
        "metadata": {KEY: head.model_dump(mode="json")},
    }


def _header(evaluation: Evaluation, spec: dict[str, Any], plan: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": 2,
        "status": "success",
        "eval": spec,
        "plan": plan,
        "results": {
            "total_samples": len(evaluation.trials),
            "completed_samples": sum(one.trial.failure is None for one in evaluation.trials),
            "scores": [_mean(spec.metric, evaluation.trials) for spec in evaluation.scorers],
        },
        "stats": {"started_at": spec["created"], "completed_at": spec["created"]},
    }


def _mean(metric: str, trials: Sequence[Graded]) -> dict[str, Any]:
    scores = [grade.score for one in trials for grade in one.grades if grade.metric == metric and _plain(grade)]
    found = [score for score in scores if score is not None]
    mean = {"mean": {"name": "mean", "value": sum(found) / len(found)}} if found else {}
    return {"name": metric, "scorer": metric, "scored_samples": len(found),
            "unscored_samples": len(trials) - len(found), "metrics": mean}  # fmt: skip


def _sample(case: Case, one: Graded, head: OwnHead) -> dict[str, Any]:
    trial = one.trial
    messages = shown_messages(case, trial)
    said = inspect_messages(messages, where=trial.key.case_id)
    talk = Conversation(head.system, said, head.tools, head.model, times_of(trial))
    derived = trace_of(talk, key=f"{head.system}\x1f{trial.key.case_id}\x1f{trial.key.trial}")
    own = OwnSample(
        case=_beside(case),
        trial=_trial_beside(trial),
        errors=tuple(grade for grade in one.grades if not _plain(grade)),
        traced=trial.trace is not None,
        trace=None if trial.trace == derived else trial.trace,
    )
    sample: dict[str, Any] = {
        "id": case.id,
        "epoch": trial.key.trial + 1,
        "input": case.input,
        "target": _target(case),
        "messages": messages,
        "output": {
            "model": head.model or _NO_MODEL,
            "choices": [],
            "completion": trial.answer.text if trial.answer is not None else "",
        },
        "scores": {grade.metric: {"value": grade.score} for grade in one.grades if _plain(grade)},
        "metadata": {**case.slices, KEY: own.model_dump(mode="json", exclude_defaults=True)},
    }
    if trial.usage.total_tokens:
        usage = {"input_tokens": trial.usage.input_tokens, "output_tokens": trial.usage.output_tokens}
        sample["model_usage"] = {sample["output"]["model"]: usage | {"total_tokens": trial.usage.total_tokens}}
    if trial.started_at != UNKNOWN_TIME:
        sample |= {"started_at": trial.started_at.isoformat(), "total_time": trial.latency_s}
    if trial.failure is not None:
        message = f"{trial.failure.kind}: {trial.failure.message}"
        sample["error"] = {"message": message, "traceback": "", "traceback_ansi": ""}
    return sample


def times_of(trial: Trial) -> tuple[int, int] | None:
    """Beginning and end of a trial in Unix nanoseconds; None where its source does not say."""
    if trial.started_at == UNKNOWN_TIME:
        return None
    start = (trial.started_at - UNKNOWN_TIME) // timedelta(microseconds=1) * 1000
    return start, start + int(trial.latency_s * 1e9)


def _ended(trial: Trial) -> dict[str, Any]:
    ended = {"completed": trial.failure is None}
    return ended | ({"error": f"{trial.failure.kind}: {trial.failure.message}"} if trial.failure else {})


def _beside(case: Case) -> dict[str, Any]:
    return case.model_dump(
        mode="json", exclude={"id": True, "input": True, "expect": {"answers"}}, exclude_defaults=True
    )


def _trial_beside(trial: Trial) -> dict[str, Any]:
    beside = trial.model_dump(
        mode="json", exclude={"key": True, "trace": True, "answer": {"text"}}, exclude_defaults=True
    )
    return beside | {"seed": trial.seed, "latency_s": trial.latency_s, "started_at": trial.started_at.isoformat()}


def _target(case: Case) -> str | list[str]:
    answers = list(case.expect.answers)
    return answers[0] if len(answers) == 1 else answers or ""


def _plain(grade: Grade) -> bool:
    return grade.error is None


def _inspect_form(messages: Sequence[Message]) -> Iterator[dict[str, Any]]:
    names: dict[str, str] = {}
    for message in messages:
        parts = message["parts"]
        if message["role"] == "tool":
            for part in parts:
                yield _tool_message(part, names)
            continue
        texts = [part for part in parts if part["type"] in ("text", "reasoning")]
        content: Any = [_block(part) for part in texts]
        if len(texts) <= 1 and all(part["type"] == "text" for part in texts):
            content = texts[0]["content"] if texts else ""
        shown: dict[str, Any] = {"role": message["role"], "content": content}
        calls = [part for part in parts if part["type"] == "tool_call"]
        if calls and message["role"] == "assistant":
            shown["tool_calls"] = [_call(part) for part in calls]
        names |= {str(part.get("id")): part["name"] for part in calls}
        yield shown


def _block(part: Message) -> dict[str, Any]:
    name = "reasoning" if part["type"] == "reasoning" else "text"
    return {"type": part["type"], name: part["content"]}


def _call(part: Message) -> dict[str, Any]:
    arguments = part.get("arguments")
    whole = isinstance(arguments, dict)
    call = {"id": str(part.get("id") or ""), "function": part["name"], "type": "function"}
    call["arguments"] = arguments if whole else {}
    if not whole and arguments is not None:
        call["parse_error"] = f"not an object: {json.dumps(arguments, ensure_ascii=False)}"
    return call


def _tool_message(part: Message, names: dict[str, str]) -> dict[str, Any]:
    shown: dict[str, Any] = {"role": "tool", "content": str(part.get("response", ""))}
    if part.get("id") is not None:
        shown["tool_call_id"] = str(part["id"])
        if str(part["id"]) in names:
            shown["function"] = names[str(part["id"])]
    if part.get("error") is not None:
        shown["error"] = {"type": "unknown", "message": str(part["error"])}
    return shown


def _member(archive: zipfile.ZipFile, name: str, content: Any) -> None:
    # A fixed time: the same run is the same file.
    info = zipfile.ZipInfo(name, _ZIP_BEGINS)
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, json.dumps(content, ensure_ascii=False, allow_nan=False))
