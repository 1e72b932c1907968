"""Store: the experiment store's verbs. Everything of MLflow is behind them."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from evalplat.errors import InputError
from evalplat.records import DatasetVersion, Decision, Run, RunInfo, ScoreTable, Suite, Summary, Trial

from . import datasets, decisions, experiments, loading, runs, traces
from .artifacts import Content
from .door import Door
from .kept import StoredRun
from .kept_file import KeptDecision
from .location import DEFAULT_ROOT, locate

_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,99}")


class Store:
    """An experiment store: an MLflow experiment for a suite, an MLflow run for a run or a decision.

    Every method raises StoreError where the store cannot be reached, is full, or lost something.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    @classmethod
    def open(cls, uri: str | None = None, *, root: Path = DEFAULT_ROOT) -> Store:
        """The store at `uri`, else MLFLOW_TRACKING_URI, else `root`/mlflow.db, made where it is absent.

        `uri` is sqlite:///FILE, http(s)://SERVER, or postgresql, mysql or mssql://…. StoreError comes within
        10 seconds where it cannot be reached, and says how to go on.
        """
        return cls(Door.open(locate(uri, root)))

    @property
    def uri(self) -> str:
        """The store's address, without credentials."""
        return self._door.location.shown

    @property
    def ui_command(self) -> str:
        """What to type, or to open, in order to look at the store in MLflow's pages."""
        return self._door.location.ui_command

    def save_run(
        self,
        run: Run,
        suite: Suite,
        scores: ScoreTable,
        summary: Summary,
        *,
        files: Mapping[str, Content] | None = None,
    ) -> str:
        """Keep a run with its suite, scores, summary and more files by relative name; the MLflow run id.

        Saving the same run again completes what a crash left, and changes nothing where it is whole.
        Raises StoreError where the run is there with other trials or scores.
        """
        with self._door.using(f"cannot keep run {run.info.id}"):
            return runs.keep_run(self._door, run, suite, scores, summary, files or {})

    def save_scores(
        self, info: RunInfo, scores: ScoreTable, summary: Summary, *, files: Mapping[str, Content] | None = None
    ) -> str:
        """Keep the scores of a system that ran elsewhere as a run without trials; the MLflow run id.

        As `save_run`; `load_scores` and `run_info` give it back, `load_run` and `load_suite` raise ReferenceUnknown.
        """
        with self._door.using(f"cannot keep run {info.id}"):
            return runs.keep_scores(self._door, info, scores, summary, files or {})

    def log_traces(self, run_id: str, trials: Sequence[Trial]) -> int:
        """Show the traces of these trials of a kept run in MLflow's pages, linked to the run; how many are stored.

        A trial without a trace gets one span, with its question and its answer or failure. Doing it again adds
        nothing. Raises StoreError where fewer are stored than were emitted.
        """
        if not trials:
            return 0
        with self._door.using(f"cannot keep the traces of run {run_id}"):
            kept = loading.whole_run(self._door, run_id)
            questions = {case.id: case.input for case in loading.load_suite(self._door, run_id).cases}
            return traces.log_traces(self._door, kept, run_id, trials, questions)

    def save_decision(
        self,
        decision: Decision,
        *,
        suite: str | None,
        files: Mapping[str, Content] | None = None,
        at: datetime | None = None,
    ) -> str:
        """Keep a decision, with `decision.json`, the report and so on as `files`; the MLflow run id.

        `at` is when it was made, where that is not now.
        """
        with self._door.using("cannot keep the decision"):
            return decisions.keep_decision(self._door, decision, suite, files or {}, at)

    def register_dataset(self, version: DatasetVersion) -> str:
        """Show a version of a dataset among MLflow's datasets, with its hash and card; MLflow's id of it."""
        with self._door.using(f"cannot register the dataset {version.ref}"):
            return datasets.register_dataset(self._door, version)

    def load_run(self, run_id: str, *, traces: bool = True) -> Run:
        """A kept run, all of it, or without its traces, which take most of the room of a large one.

        Raises ReferenceUnknown where it is absent or only half there.
        """
        with self._door.using(f"cannot give run {run_id}"):
            return loading.load_run(self._door, run_id, traces=traces)

    def load_traces(self, run: Run, whole: Container[str]) -> Run:
        """A kept run that was loaded without traces, with them: whole for the trials of the cases `whole`, for others
        the spans of tool calls alone, without arguments and results. Raises ReferenceUnknown."""
        with self._door.using(f"cannot give the traces of run {run.info.id}"):
            return loading.load_traces(self._door, run, whole)

    def has_trials(self, run_id: str) -> bool:
        """Whether a kept run has trials and a suite: false where only scores were imported. Raises ReferenceUnknown."""
        with self._door.using(f"cannot give run {run_id}"):
            return loading.has_trials(self._door, run_id)

    def load_suite(self, run_id: str) -> Suite:
        """The suite as a kept run saw it. Raises ReferenceUnknown."""
        with self._door.using(f"cannot give the suite of run {run_id}"):
            return loading.load_suite(self._door, run_id)

    def load_scores(self, run_id: str) -> ScoreTable:
        """The scores of a kept run. Raises ReferenceUnknown."""
        with self._door.using(f"cannot give the scores of run {run_id}"):
            return loading.load_scores(self._door, run_id)

    def load_decision(self, mlflow_run_id: str) -> Decision:
        """A kept decision. Raises ReferenceUnknown."""
        with self._door.using(f"cannot give the decision {mlflow_run_id}"):
            return decisions.load_decision(self._door, mlflow_run_id)

    def decisions(
        self, suite: str, *, decision: str | None = None, last: int | None = None
    ) -> tuple[KeptDecision, ...]:
        """Kept decisions of a suite with the moment of each, the oldest first: all of them, or those that said
        `decision` (`ship`, `hold`, `needs-approval`), or the `last` so many."""
        with self._door.using(f"cannot list the decisions of suite {suite}"):
            return decisions.list_decisions(self._door, suite, decision=decision, last=last)

    def earlier_decisions(self, *, baseline: str, candidate: str, questions: str) -> tuple[Decision, ...]:
        """Kept decisions on the same change: `baseline` and `candidate` are fingerprints, `questions` the hash of cases
        and scorers; the oldest first."""
        with self._door.using("cannot look up earlier decisions"):
            return decisions.earlier_decisions(self._door, baseline, candidate, questions)

    def run_info(self, run_id: str) -> RunInfo:
        """What a kept run froze. Raises ReferenceUnknown."""
        with self._door.using(f"cannot give run {run_id}"):
            return loading.load_info(self._door, run_id)

    def runs(self, suite: str | None = None) -> tuple[StoredRun, ...]:
        """The kept runs of a suite, or of all, in figures; the newest first. Half-kept ones are left out."""
        with self._door.using("cannot list its runs"):
            return loading.list_runs(self._door, suite)

    def resolve(self, ref: str, *, suite: str | None = None) -> str:
        """The run id behind a run id, an alias, or an MLflow run id. Raises ReferenceUnknown that names near ones."""
        with self._door.using(f"cannot look up {ref}"):
            return loading.resolve(self._door, ref, suite)

    def aliases(self, suite: str) -> dict[str, str]:
        """The aliases of a suite, and the run id that each names."""
        with self._door.using(f"cannot list the aliases of suite {suite}"):
            return {
                alias: run_id
                for experiment in experiments.experiments(self._door, suite)
                for alias, run_id in experiments.aliases(experiment).items()
            }

    def set_alias(self, alias: str, run_id: str) -> None:
        """Let `alias`, such as `production`, name a kept run of its suite, instead of what it named.

        Raises InputError for a malformed alias, ReferenceUnknown where the run is absent or half there.
        """
        if not _ALIAS.fullmatch(alias):
            raise InputError(f"alias {alias!r}: expected letters, digits, `_`, `.` and `-`, at most 100")
        with self._door.using(f"cannot set the alias {alias}"):
            kept = loading.whole_run(self._door, run_id)
            experiments.set_alias(self._door, kept.info.experiment_id, alias, run_id)
