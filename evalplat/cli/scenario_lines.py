"""Scenarios on a terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import yaml

from evalplat.records import Case, Episode, Score, ToolCall, counted

if TYPE_CHECKING:
    from evalplat.sdk.scenario import Linted, Played


def listed(cases: Sequence[Case]) -> str:
    """A line a scenario."""
    width = max(len(case.id) for case in cases)
    lines = [f"{case.id:<{width}}  {case.scenario.goal if case.scenario else ''}" for case in cases]
    clusters = len({case.cluster or case.id for case in cases})
    return "\n".join([*lines, f"{counted(len(cases), 'scenario')} in {counted(clusters, 'cluster')}"])


def whole(case: Case) -> str:
    """One scenario as YAML, as it will be played."""
    data = case.model_dump(mode="json", exclude_defaults=True)
    scenario = data.pop("scenario")
    return yaml.safe_dump({**data, **scenario}, sort_keys=False, allow_unicode=True, width=120).rstrip()


def cases_json(cases: Sequence[Case]) -> str:
    """`evalplat.scenarios/1`."""
    dumped = [case.model_dump(mode="json", exclude_defaults=True) for case in cases]
    return json.dumps({"schema": "evalplat.scenarios/1", "cases": dumped}, ensure_ascii=False, indent=2)


def linted_json(done: Linted) -> str:
    """`evalplat.scenario-lint/1`."""
    findings = [
        {
            "path": str(found.path), "line": found.line, "scenario": found.scenario, "kind": found.kind,
            "message": found.message, "fix": found.fix,
        }
        for found in done.findings
    ]  # fmt: skip
    body = {"schema": "evalplat.scenario-lint/1", "files": done.n_files, "findings": findings, "errors": done.errors}
    return json.dumps(body, ensure_ascii=False, indent=2)


def lint_summary(done: Linted) -> str:
    """How much was found in how many files. Where one is unreadable nothing reads as clean; empty: nothing to read."""
    read = done.n_files - done.n_unreadable
    said = []
    if done.findings or (read and not done.errors):
        said.append(f"{counted(len(done.findings), 'finding')} in {counted(read, 'file')}")
    if done.n_unreadable:
        said.append(f"{done.n_unreadable} unreadable")
    return ", ".join(said)


def played_json(done: Played) -> str:
    """`evalplat.scenario-played/1`."""
    body = {
        "schema": "evalplat.scenario-played/1",
        "target": {**done.target.model_dump(mode="json"), "instrument": done.target.is_instrument},
        "case": done.case.model_dump(mode="json", exclude_defaults=True),
        "trial": done.trial.model_dump(mode="json"),
        "checks": [check.model_dump(mode="json") for check in done.checks],
        "passed": done.passed,
    }
    return json.dumps(body, ensure_ascii=False, indent=2)


def transcript(done: Played) -> str:
    """Who said what, which calls and faults lay between, how it ended, and every check."""
    return "\n".join(_lines(done))


def _lines(done: Played) -> Iterator[str]:
    scenario, episode = done.case.scenario, done.trial.episode
    assert scenario is not None
    yield f"{done.case.id}, seed of the trial {done.trial.seed}, by {done.target.name}"
    yield f"user: {scenario.persona}"
    yield f"goal: {scenario.goal}"
    yield ""
    if episode is not None:
        yield from _talk(episode)
        yield ""
        work = f"{counted(episode.turns, 'reply', 'replies')}, {counted(len(episode.tool_calls), 'tool call')}"
        yield f"ended: {episode.ended} after {work}"
    if done.trial.failure is not None:
        yield f"failed: {done.trial.failure.kind}: {done.trial.failure.message}"
    for check in done.checks:
        passed = isinstance(check, Score) and check.value == 1.0
        why = check.explanation if isinstance(check, Score) else f"{check.failure.kind}: {check.failure.message}"
        yield f"  {'pass' if passed else 'FAIL'}  {check.metric:<10}  {why}"


def _talk(episode: Episode) -> Iterator[str]:
    turn = 0
    model_faults = [fault for fault in episode.faults if fault.hit == "model"]
    for position, message in enumerate(episode.messages):
        yield f"{message.at_s:7.1f} s  {message.role:<5}  {message.text}"
        if message.role == "user":
            turn += 1
            later = [other.at_s for other in episode.messages[position + 1 :]]
            end = later[0] if later else episode.seconds
            events = [(call.at_s, _call(call)) for call in episode.tool_calls if call.turn == turn]
            events += [
                (fault.at_s, f"the model meets {fault.kind} (request {fault.step})")
                for fault in model_faults
                if message.at_s <= fault.at_s < max(end, message.at_s + 1e-9)
            ]
            for at_s, text in sorted(events, key=lambda event: event[0]):
                yield f"{at_s:7.1f} s    -    {text}"


def _call(call: ToolCall) -> str:
    args = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in call.args.items())
    came = f"error: {call.error}" if call.error is not None else json.dumps(call.result, ensure_ascii=False)
    fault = f"  [fault: {call.fault}]" if call.fault is not None else ""
    return f"{call.tool}({args}) -> {came}{fault}"
