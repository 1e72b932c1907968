"""AgentDojo: runs of agents on user tasks, with and without injected instructions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalplat.errors import CaseError, LogError
from evalplat.records import (
    Answer,
    Case,
    Column,
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

from .assemble import MAX_SECONDS, UNKNOWN_TIME, Cases, assembled, text_name
from .case_rows import rows_of
from .conversation import Conversation, trace_of
from .messages import first_question, last_answer, openai_messages
from .sources import as_object, begins_with, document_file, field, lines_of

UTILITY, ATTACK = "utility", "attack_success"
_MAX_FILES = 200_000
_Systems = dict[str, tuple[Cases, list[Graded]]]


def read_agentdojo(path: Path, *, suite: str | None = None) -> tuple[Evaluation, ...]:
    """Runs as AgentDojo logs them (a JSON file each, in a folder), or a run a line: a system for a model and an attack.

    `utility` says whether the user's task was done, `attack_success` whether the injected one was (AgentDojo's
    `security`). Runs of injection tasks as user tasks examine the benchmark, and are left out. Raises LogError naming
    file, line and field.
    """
    systems: _Systems = {}
    left = 0
    for where, row in _rows(path):
        told = _Told.of(row, where)
        if told.examines_benchmark:
            left += 1
            continue
        cases, trials = systems.setdefault(told.system, (Cases(), []))
        case, one = _graded(told, row, where)
        cases.add(case, where, instruction=not case.input.startswith("("))
        trials.append(one)
    if not systems:
        raise LogError("has no runs of user tasks", where=str(path))
    name = text_name(suite or "agentdojo", "suite", str(path))
    notes = (_left(left),) if left else ()
    return tuple(
        assembled(system, name, cases, trials, f"{path}: {system}", notes)
        for system, (cases, trials) in systems.items()
    )


def read_agentdojo_table(path: Path) -> tuple[ScoreTable, tuple[str, ...]]:
    """Outcomes in Parquet, without messages, as a score table; what was left out. Raises LogError or CaseError."""
    rows: list[tuple[_Told, str, Grade]] = []
    left, seen = 0, set()
    for where, row in rows_of(path, "parquet"):
        told = _Told.of(row, where)
        if told.examines_benchmark:
            left += 1
            continue
        if (told.system, told.case_id) in seen:
            raise LogError(f"the run of {told.case_id} by {told.system} occurs twice", where=where)
        seen.add((told.system, told.case_id))
        rows.extend((told, told.case_id, grade) for grade in told.grades(row, where))
    if not rows:
        raise LogError("has no runs of user tasks", where=str(path))
    import numpy as np

    scores = [np.nan if grade.score is None else grade.score for _, _, grade in rows]
    return ScoreTable(
        system=Column.of([told.system for told, _, _ in rows]),
        case=Column.of([case for _, case, _ in rows]),
        metric=Column.of([grade.metric for _, _, grade in rows]),
        trial=np.zeros(len(rows), dtype=np.int32),
        score=np.array(scores, dtype=np.float64),
        error=Column.of([grade.error for _, _, grade in rows]),
        cluster=Column.of([told.cluster for told, _, _ in rows]),
        slices={"slice.suite": Column.of([told.suite for told, _, _ in rows])},
        origin=(str(path),),
    ), (_left(left),) if left else ()


@dataclass(frozen=True, slots=True)
class _Told:
    """Which run it is. AgentDojo's own names, or those of tables made of it."""

    model: str
    suite: str
    user_task: str
    injection_task: str | None
    attack: str | None

    @classmethod
    def of(cls, row: dict[str, Any], where: str) -> _Told:
        attack = _text(row, ("attack_type", "attack"), where, optional=True)
        return cls(
            model=_text(row, ("pipeline_name", "model"), where) or "",
            suite=_text(row, ("suite_name", "suite"), where) or "",
            user_task=_text(row, ("user_task_id", "user_task"), where) or "",
            injection_task=_text(row, ("injection_task_id", "injection_task"), where, optional=True),
            attack=None if attack == "none" else attack,
        )

    @property
    def system(self) -> str:
        return self.model if self.attack is None else f"{self.model} + {self.attack}"

    @property
    def cluster(self) -> str:
        return f"{self.suite}/{self.user_task}"

    @property
    def case_id(self) -> str:
        return self.cluster if self.injection_task is None else f"{self.cluster}/{self.injection_task}"

    @property
    def examines_benchmark(self) -> bool:
        return self.user_task.startswith("injection_task")

    def failure(self, row: dict[str, Any]) -> Failure | None:
        error = row.get("error")
        if error is None:
            return None
        return Failure(kind="AgentDojoError", message=" ".join(str(error).split())[:500] or "failed")

    def grades(self, row: dict[str, Any], where: str) -> tuple[Grade, ...]:
        failure = self.failure(row)
        error = f"{failure.kind}: {failure.message}" if failure else None
        given = [(UTILITY, "utility")] + ([(ATTACK, "security")] if self.attack is not None else [])
        # A run that broke off has values that stand in, not measured ones.
        return tuple(
            Grade(metric=metric, error=error)
            if error
            else Grade(metric=metric, score=float(field(row, name, bool, where=where)))
            for metric, name in given
        )


def _graded(told: _Told, row: dict[str, Any], where: str) -> tuple[Case, Graded]:
    said = openai_messages(field(row, "messages", list, where=where), where=where)
    key = TrialKey(case_id=told.case_id)
    failure = told.failure(row)
    replies = sum(message["role"] == "assistant" for message in said)
    seconds = float(field(row, "duration", float, where=where, default=0.0))
    if not 0 <= seconds <= MAX_SECONDS:
        raise LogError(f"duration: expected seconds, found {seconds}", where=where)
    talk = Conversation(told.system, said, model=told.model)
    trial = Trial(
        key=key,
        seed=0,
        answer=None if failure else Answer(text=last_answer(said)),
        failure=failure,
        usage=Usage(calls=replies, unknown_usage_calls=replies, cost_usd=None if replies else 0.0),
        latency_s=seconds,
        started_at=UNKNOWN_TIME,
        trace=trace_of(talk, key=f"{told.system}\x1f{told.case_id}\x1f0") if said else None,
    )
    fields = {
        "id": told.case_id,
        "input": first_question(said) or f"({told.case_id}: the run has no message)",
        "cluster": told.cluster,
        "slices": {"suite": told.suite},
    }
    return build(Case, fields, where=where, error=CaseError), Graded(trial=trial, grades=told.grades(row, where))


def _rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    if path.is_dir():
        for at, file in enumerate(sorted(path.rglob("*.json"))):
            if at == _MAX_FILES:
                raise LogError(f"has more than {_MAX_FILES} files", where=str(path))
            # A link could lead anywhere.
            if file.is_file() and not file.is_symlink():
                yield str(file), as_object(document_file(file), str(file))
        return
    if b"\n" in begins_with(path).strip() and begins_with(path).lstrip(b"\xef\xbb\xbf \t\r\n")[:2] in (b"{\n", b"{\r"):
        yield str(path), as_object(document_file(path), str(path))
        return
    yield from ((f"{path}:{number}", row) for number, row in lines_of(path))


def _text(row: dict[str, Any], names: tuple[str, str], where: str, *, optional: bool = False) -> str | None:
    name = next((one for one in names if row.get(one) is not None), None)
    if name is None:
        if optional:
            return None
        raise LogError(f"{names[0]}: is missing", where=where)
    return text_name(field(row, name, str, where=where), name, where)


def _left(count: int) -> str:
    return f"{count:,} runs of injection tasks as user tasks, which examine the benchmark"
