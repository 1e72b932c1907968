"""tau-bench: trajectories of an agent with a simulated user, with a reward each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from evalplat.errors import CaseError, LogError
from evalplat.records import (
    Answer,
    Case,
    Evaluation,
    Failure,
    Grade,
    Graded,
    ScoreTable,
    Trial,
    TrialKey,
    Usage,
    build,
)

from .assemble import UNKNOWN_TIME, Cases, assembled, text_name
from .conversation import Conversation, trace_of
from .grades import TableGrades
from .messages import last_answer, masked, openai_messages
from .sources import as_object, begins_with, document_file, field, lines_of, shown

METRIC = "reward"


def read_tau_bench(
    path: Path,
    *,
    tools: Path | None = None,
    scores: ScoreTable | None = None,
    suite: str | None = None,
    system: str | None = None,
) -> Evaluation:
    """Trajectories as tau-bench writes them (a JSON array), or a trajectory a line.

    `tools` is a JSON file of function definitions; `scores` a table of one system on the same trials, that gives their
    clusters and more metrics, and must not contradict the rewards. Raises LogError or ScoreTableError naming file,
    line or position, and field.
    """
    defined = _tools(tools) if tools is not None else ()
    grades = TableGrades.of(scores) if scores is not None else None
    name = text_name(suite or path.stem, "suite", str(path))
    who = text_name(system or (grades.system if grades else name), "system", str(path))
    cases, trials, left = Cases(), [], 0
    for where, row in _rows(path):
        one = _trajectory(row, who, defined, where)
        cases.add(_case(row, one.trial, grades, where), where, instruction=_task(row).get("instruction"))
        trials.append(one if grades is None else grades.joined(one, where))
        left += bool(row.get("gold_actions") or _task(row).get("actions"))
    if grades is not None:
        grades.check_all_used(path)
    notes = (f"gold actions of {left:,} trajectories have no place in a run",) if left else ()
    return assembled(who, name, cases, trials, path, notes)


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    if begins_with(path).lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"[":
        yield from ((f"{path}:{number}", row) for number, row in lines_of(path))
        return
    for at, row in enumerate(document_file(path), start=1):
        yield f"{path}: trajectory {at}", as_object(row, f"{path}: trajectory {at}")


def _trajectory(row: dict[str, Any], who: str, tools: tuple[Mapping[str, Any], ...], where: str) -> Graded:
    key = TrialKey(
        case_id=_task_id(row, where), trial=_at_least_0(field(row, "trial", int, where=where, default=0), where)
    )
    said = openai_messages(field(row, "messages" if "messages" in row else "traj", list, where=where), where=where)
    reward = float(field(row, "reward", (int, float), where=where))
    broken = _error(row)
    replies = sum(message["role"] == "assistant" for message in said)
    trace = trace_of(Conversation(who, said, tools), key=f"{who}\x1f{key.case_id}\x1f{key.trial}") if said else None
    trial = Trial(
        key=key,
        seed=0,
        answer=None if broken else Answer(text=last_answer(said)),
        failure=Failure(kind="TauBenchError", message=broken) if broken else None,
        # Who called the model knows what it took; the log does not say.
        usage=Usage(calls=replies, unknown_usage_calls=replies, cost_usd=None if replies else 0.0),
        latency_s=0.0,
        started_at=UNKNOWN_TIME,
        trace=trace,
    )
    error = f"TauBenchError: {broken}" if broken else None
    return Graded(trial=trial, grades=(Grade(metric=METRIC, score=reward, error=error),))


def _case(row: dict[str, Any], trial: Trial, grades: TableGrades | None, where: str) -> Case:
    task = _task(row)
    instruction = field(task, "instruction", str, where=where, default="")
    user = field(task, "user_id", str, where=where, default=None)
    cluster = grades.cluster(trial.key) if grades is not None else None
    given = masked(instruction) or f"(tau-bench task {trial.key.case_id}: its log has no instruction)"
    fields = {"id": trial.key.case_id, "input": given, "cluster": cluster or user}
    return build(Case, fields, where=where, error=CaseError)


def _task(row: dict[str, Any]) -> dict[str, Any]:
    """The task, in tau-bench's own place or laid flat."""
    info = row.get("info")
    task = info.get("task") if isinstance(info, dict) else None
    return task if isinstance(task, dict) else row


def _error(row: dict[str, Any]) -> str | None:
    info = row.get("info")
    error = info.get("error") if isinstance(info, dict) else None
    return " ".join(str(error).split())[:500] or "failed" if error is not None else None


def _task_id(row: dict[str, Any], where: str) -> str:
    return text_name(str(field(row, "task_id", (int, str), where=where)), "task_id", where)


def _at_least_0(number: int, where: str) -> int:
    if not 0 <= number < 2**31:
        raise LogError(f"trial: expected a number from 0, found {number}", where=where)
    return number


def _tools(path: Path) -> tuple[Mapping[str, Any], ...]:
    found = document_file(path)
    if not isinstance(found, list):
        raise LogError(f"expected a list of tools, found {shown(found)}", where=str(path))
    for at, tool in enumerate(found):
        inner = tool.get("function", tool) if isinstance(tool, dict) else None
        if not isinstance(inner, dict) or not isinstance(inner.get("name"), str):
            raise LogError(f"{at}: expected a function definition with a name, found {shown(tool)}", where=str(path))
    return tuple(masked(found))
