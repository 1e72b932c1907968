"""import: outcomes and traces of other tools as runs in the store, and their cases as datasets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path

from evalplat.errors import CaseError, InputError
from evalplat.records import Case, Evaluation
from evalplat.suites import cases_aside, exchange, read_score_table

from .imported import Imported, keep_evaluation, keep_table
from .workspace import workspace


def import_tau_bench(
    path: Path | str,
    *,
    tools: Path | str | None = None,
    scores: Sequence[Path | str] = (),
    suite: str | None = None,
    system: str | None = None,
    out: Path | None = None,
) -> Imported:
    """Keep trajectories of tau-bench as a run. See `exchange.read_tau_bench`; `out` is where the cases go, too."""
    found = exchange.read_tau_bench(
        Path(path),
        tools=None if tools is None else Path(tools),
        scores=read_score_table([Path(one) for one in scores]) if scores else None,
        suite=suite,
        system=system,
    )
    return _kept([found], path, out)[0]


def import_inspect(
    path: Path | str,
    *,
    cluster: str | None = None,
    slices: Sequence[str] = (),
    suite: str | None = None,
    system: str | None = None,
    out: Path | None = None,
) -> Imported:
    """Keep a log of Inspect as a run. See `exchange.read_inspect`."""
    return _kept(
        [exchange.read_inspect(Path(path), suite=suite, system=system, cluster=cluster, slices=slices)], path, out
    )[0]


def import_otlp(
    path: Path | str,
    *,
    case: str | None = None,
    cluster: str | None = None,
    slices: Sequence[str] = (),
    suite: str | None = None,
    system: str | None = None,
    out: Path | None = None,
) -> Imported:
    """Keep OTLP traces as a run. See `exchange.read_otlp`."""
    found = exchange.read_otlp(Path(path), suite=suite, system=system, case=case, cluster=cluster, slices=slices)
    return _kept([found], path, out)[0]


def import_agentdojo(path: Path | str, *, suite: str | None = None, out: Path | None = None) -> list[Imported]:
    """Keep runs of AgentDojo, a run for each model and attack; of outcomes in Parquet their scores alone.

    See `exchange.read_agentdojo`. Raises InputError where `out` is asked of outcomes, which have no inputs.
    """
    source = Path(path)
    if source.suffix != ".parquet":
        return _kept(exchange.read_agentdojo(source, suite=suite), path, out)
    if out is not None:
        raise InputError("--out: outcomes in Parquet have no inputs, so there are no cases to write", where=str(path))
    table, notes = exchange.read_agentdojo_table(source)
    store = workspace().store()
    return [
        keep_table(store, table.of_system(system), system, suite=suite or "agentdojo", ref=str(path), notes=notes)
        for system in table.systems
    ]


def import_run(path: Path | str, *, out: Path | None = None) -> Imported:
    """Keep a run that `evalplat export` wrote, under the id of its content."""
    return _kept([exchange.read_run(Path(path))], path, out)[0]


def _kept(found: Iterable[Evaluation], ref: Path | str, out: Path | None) -> list[Imported]:
    """What was read to its end; only then anything is written, the dataset aside until the store has all runs."""
    evaluations = list(found)
    cases = () if out is None else _cases(evaluations, str(ref))
    store = workspace().store()
    with cases_aside(out, cases) if out is not None else nullcontext():
        return [keep_evaluation(store, one, ref=str(ref)) for one in evaluations]


def _cases(evaluations: Iterable[Evaluation], ref: str) -> Iterable[Case]:
    """The cases of all systems, each once. Raises CaseError where two systems had different ones under one id."""
    cases: dict[str, Case] = {}
    for case in (case for one in evaluations for case in one.cases):
        if cases.setdefault(case.id, case) != case:
            raise CaseError(f"--out: case {case.id!r} is not the same for all systems", where=ref)
    return cases.values()
