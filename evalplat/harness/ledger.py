"""Ledger: every finished trial on disk, so that a run survives whatever ends its process."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from pydantic import ValidationError

from evalplat.errors import LedgerError, ReferenceUnknown
from evalplat.records import Record, Run, RunInfo, Suite, Trial, TrialKey, Usage

from .failures import one_line
from .ledger_file import connect, exclusive, explained, transaction

R = TypeVar("R", bound=Record)

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Tally:
    """How far a run is: finished trials, failed ones among them, and what all of them used."""

    done: int
    failed: int
    usage: Usage


class Ledger:
    """All runs of a project in one SQLite file (WAL, synchronous FULL). Safe to use from several threads.

    Several processes may write to it at once, each its own run. Every method raises LedgerError where the file cannot
    be read or written, and ReferenceUnknown for a run that it does not hold.
    """

    def __init__(self, path: Path | str) -> None:
        """Opens the file, and creates it with its folder where it is not there."""
        self.path = Path(path)
        self._mutex = threading.RLock()
        self._db = connect(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Nothing waits to be written."""
        with self._mutex, explained(self.path):
            self._db.close()

    # -- runs ------------------------------------------------------------------------------------------------------

    def create_run(self, info: RunInfo, suite: Suite) -> None:
        """Freeze what a run is before its first trial. Raises LedgerError where the id is taken."""
        if not _RUN_ID.fullmatch(info.id):
            raise ValueError(f"run id {info.id!r}: letters, digits, '.', '_' and '-', at most 64")
        frozen = (suite.fingerprint, suite.trials, suite.seed, len(suite.cases))
        if (info.suite_fingerprint, info.trials, info.seed, info.n_cases) != frozen:
            raise ValueError(f"run {info.id}: its RunInfo is not of this suite")
        body = suite.model_dump_json()
        sha256 = suite.content_hash
        with self._writing():
            if self._row("SELECT 1 FROM runs WHERE id = ?", info.id):
                raise LedgerError(f"ledger {self.path}: holds a run {info.id} already; take another id")
            if not self._row("SELECT 1 FROM suites WHERE sha256 = ?", sha256):
                self._db.execute("INSERT INTO suites (sha256, body) VALUES (?, ?)", (sha256, body))
                cases = [(sha256, case.id, position) for position, case in enumerate(suite.cases)]
                self._db.executemany("INSERT INTO suite_cases (suite, case_id, position) VALUES (?, ?, ?)", cases)
            self._db.execute(
                "INSERT INTO runs (id, suite, trials, info) VALUES (?, ?, ?, ?)",
                (info.id, sha256, info.trials, info.model_dump_json()),
            )

    def run_info(self, run_id: str) -> RunInfo:
        """What the run froze, and when it was closed."""
        row = self._row("SELECT info, closed_at FROM runs WHERE id = ?", run_id)
        if row is None:
            raise ReferenceUnknown(f"run {run_id!r} is not in the ledger {self.path}")
        return self._info(*row)

    def suite(self, run_id: str) -> Suite:
        """The suite as it was when the run was created."""
        row = self._row("SELECT body FROM suites JOIN runs ON runs.suite = suites.sha256 WHERE runs.id = ?", run_id)
        if row is None:
            raise ReferenceUnknown(f"run {run_id!r} is not in the ledger {self.path}")
        return self._read(Suite, row[0], f"the suite of run {run_id}")

    def runs(self) -> tuple[RunInfo, ...]:
        """All runs, oldest first."""
        rows = self._rows("SELECT info, closed_at FROM runs ORDER BY rowid")
        return tuple(self._info(*row) for row in rows)

    def close_run(self, run_id: str, at: datetime, *, looks: int | None = None) -> None:
        """Nothing can be recorded from now on. Closing twice changes nothing.

        `looks` is how many a gate took that steered the run. Raises LedgerError where trials are missing.
        """
        with self._writing():
            info = self.run_info(run_id)
            wanted = info.n_cases * info.trials
            if info.protocol is not None and looks is not None:
                wanted = info.protocol.cases[looks - 1] * info.protocol.trials_at(looks)
            missing = wanted - self.tally(run_id).done
            if missing > 0:
                raise LedgerError(f"run {run_id} cannot be closed: {missing} trials are not finished")
            if info.closed_at is None:
                open_info = RunInfo.model_validate({**dict(info), "looks": looks})
                closed = RunInfo.model_validate({**dict(open_info), "closed_at": at})
                text = closed.model_dump(mode="json")["closed_at"]
                self._db.execute(
                    "UPDATE runs SET closed_at = ?, info = ? WHERE id = ?", (text, open_info.model_dump_json(), run_id)
                )

    def adopt(self, run: Run, suite: Suite) -> int:
        """Take over a run that another ledger made, with its trials and its end; how many trials are new here.

        Nothing that is here changes: of a run that this ledger has, only what it lacks is added, and one that went on
        differently here is not closed. Doing it again, also after a crash in its midst, comes to the same.
        """
        info = run.info
        if self._row("SELECT 1 FROM runs WHERE id = ?", info.id) is None:
            self.create_run(RunInfo.model_validate({**dict(info), "closed_at": None, "looks": None}), suite)
        if self.run_info(info.id).closed_at is not None:
            return 0
        have = self.finished(info.id)
        lacking = [trial for trial in run.trials if trial.key not in have]
        self.record(info.id, *lacking)
        if info.closed_at is not None and have <= {trial.key for trial in run.trials}:
            self.close_run(info.id, info.closed_at, looks=info.looks)
        return len(lacking)

    def lock(self, run_id: str) -> AbstractContextManager[None]:
        """Hold the right to add trials to a run. Raises LedgerError where another process holds it."""
        self.run_info(run_id)  # an id that is not in the ledger names no file
        return self.claim(run_id, f"run {run_id}")

    def claim(self, name: str, what: str) -> AbstractContextManager[None]:
        """Hold `name` against all other processes; `what` is it called. Raises LedgerError where one holds it."""
        if not _RUN_ID.fullmatch(name):
            raise ValueError(f"name {name!r}: letters, digits, '.', '_' and '-', at most 64")
        return exclusive(self.path.parent / f"{self.path.name}.locks" / name, what)

    # -- trials ----------------------------------------------------------------------------------------------------

    def record(self, run_id: str, *trials: Trial) -> None:
        """Keep finished trials; all of them are on disk when this returns, or none.

        The same trial once more changes nothing; another one under the same key raises LedgerError, as does a run
        that is closed.
        """
        rows = [(t.key, t.failure is not None, t.usage.model_dump_json(), t.model_dump_json()) for t in trials]
        with self._writing():
            for key, failed, usage, body in rows:
                position = self._place_of(run_id, key)
                kept = self._row(
                    "SELECT body FROM trials WHERE run_id = ? AND position = ? AND trial = ?",
                    run_id, position, key.trial,
                )  # fmt: skip
                if kept is None:
                    self._db.execute(
                        "INSERT INTO trials (run_id, case_id, position, trial, failed, usage, body)"
                        " VALUES (?, ?, ?, ?, ?, ?, ?)",
                        (run_id, key.case_id, position, key.trial, failed, usage, body),
                    )
                elif kept[0] != body:
                    raise LedgerError(f"run {run_id} holds another trial {key.trial} of case {key.case_id!r} already")

    def _place_of(self, run_id: str, key: TrialKey) -> int:
        """Position of the trial's case in the suite of an open run that asks for this trial."""
        run = self._row("SELECT suite, trials, closed_at FROM runs WHERE id = ?", run_id)
        if run is None:
            raise ReferenceUnknown(f"run {run_id!r} is not in the ledger {self.path}")
        suite, trials, closed_at = run
        if closed_at is not None:
            raise LedgerError(f"run {run_id} is closed; no trial can be added")
        case = self._row("SELECT position FROM suite_cases WHERE suite = ? AND case_id = ?", suite, key.case_id)
        if case is None or key.trial >= trials:
            raise LedgerError(f"run {run_id} does not ask for trial {key.trial} of case {key.case_id!r}")
        return int(case[0])

    def finished(self, run_id: str) -> set[TrialKey]:
        """Keys of the trials that are kept."""
        rows = self._rows("SELECT case_id, trial FROM trials WHERE run_id = ?", run_id)
        return {TrialKey(case_id=case_id, trial=trial) for case_id, trial in rows}

    def tally(self, run_id: str) -> Tally:
        """How far the run is."""
        done = failed = 0
        usage = Usage()
        for was_failed, text in self._rows("SELECT failed, usage FROM trials WHERE run_id = ?", run_id):
            done, failed = done + 1, failed + was_failed
            usage += self._read(Usage, text, f"a usage of run {run_id}")
        return Tally(done, failed, usage)

    def trials(self, run_id: str) -> Iterator[Trial]:
        """The kept trials, ordered as the suite's cases are, then by trial; a few hundred in memory at a time."""
        self.run_info(run_id)
        keys = self._rows("SELECT rowid FROM trials WHERE run_id = ? ORDER BY position, trial", run_id)
        order = [key[0] for key in keys]
        for start in range(0, len(order), _PAGE):
            page = order[start : start + _PAGE]
            marks = ",".join("?" * len(page))
            bodies = dict(self._rows(f"SELECT rowid, body FROM trials WHERE rowid IN ({marks})", *page))  # noqa: S608
            for rowid in page:
                yield self._read(Trial, bodies[rowid], f"a trial of run {run_id}")

    def run(self, run_id: str) -> Run:
        """The run with all trials that are kept."""
        return Run(info=self.run_info(run_id), trials=tuple(self.trials(run_id)))

    # -- the file --------------------------------------------------------------------------------------------------

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._mutex, explained(self.path), transaction(self._db):
            yield

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with self._mutex, explained(self.path):
            return self._db.execute(query, values).fetchall()

    def _row(self, query: str, *values: object) -> tuple[Any, ...] | None:
        rows = self._rows(query, *values)
        return rows[0] if rows else None

    def _info(self, text: str, closed_at: str | None) -> RunInfo:
        info = self._read(RunInfo, text, "a run's description")
        return RunInfo.model_validate({**dict(info), "closed_at": closed_at}) if closed_at else info

    def _read(self, model: type[R], text: str, what: str) -> R:
        try:
            return model.model_validate_json(text)
        except ValidationError as err:
            complaint = one_line(str(err.errors(include_url=False)[0]["msg"]))
            raise LedgerError(f"ledger {self.path}: {what} cannot be read: {complaint}; restore a backup") from err
