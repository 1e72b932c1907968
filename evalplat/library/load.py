"""`ep.load_*`: files and kept runs as records."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .verb import Files, files, verb

if TYPE_CHECKING:
    from evalplat.records import AgentSpec, Dataset, Decision, GatePolicy, Run, ScoreTable, Suite


@verb
def load_suite(path: Path | str) -> Suite:
    """A suite.yaml with its datasets and policy. Raises SpecError or CaseError naming file, line and field."""
    from evalplat.suites import load_suite as load

    return load(path)


@verb
def load_dataset(ref: Path | str) -> Dataset:
    """A dataset, every case checked: a file, a name, NAME@v3, or run:RUN. Raises CaseError or ReferenceUnknown.

    >>> import json, pathlib
    >>> import evalplat as ep
    >>> _ = pathlib.Path("two.jsonl").write_text('{"id": "a", "input": "1+1"}\\n{"id": "b", "input": "2+2"}')
    >>> [case.id for case in ep.load_dataset("two").cases]
    ['a', 'b']
    """
    from evalplat.records import Dataset
    from evalplat.sdk.dataset import open_dataset

    named = open_dataset(str(ref))
    return Dataset(name=named.name, cases=tuple(case for _, case in named.cases.read()))


@verb
def load_policy(path: Path | str) -> GatePolicy:
    """A gate.yaml. Raises SpecError naming file, line and field."""
    from evalplat.suites import load_policy as load

    return load(path)


@verb
def load_agent(path: Path | str) -> AgentSpec:
    """An AGENT.yaml. `one.diff(other)` says what differs, a prompt line by line. Raises SpecError."""
    from evalplat.runtime.agents import load_agent as load

    return load(path)


@verb
def load_run(ref: str) -> Run:
    """A kept run with its trials and their traces, by id or alias. Raises ReferenceUnknown."""
    from evalplat.sdk.workspace import workspace

    store = workspace().store()
    return store.load_run(store.resolve(ref))


@verb
def load_scores(source: Files, *, cluster: str | None = None) -> ScoreTable:
    """Score tables (JSON Lines, CSV, Parquet), one path or several; a name that is no file is a kept run.

    Raises ScoreTableError naming file, row and column, or ReferenceUnknown.
    """
    from evalplat.sdk.workspace import workspace
    from evalplat.suites import read_score_table

    if isinstance(source, str) and not Path(source).is_file():
        store = workspace().store()
        return store.load_scores(store.resolve(source))
    return read_score_table(files(source), cluster=None if cluster == "none" else cluster)


@verb
def load_decision(path: Path | str) -> Decision:
    """A decision.json that a gate wrote. Raises InputError or SpecError."""
    from evalplat.errors import InputError
    from evalplat.reports import parse_decision_json

    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as err:
        raise InputError(f"cannot be read: {err.strerror or err}", where=str(path)) from err
    return parse_decision_json(text, where=str(path))
