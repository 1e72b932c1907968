"""KeptFile: what a gate of one suite needs on a machine that forgets, in one file (schema `evalplat.kept/1`).

manifest.json           schema, version, suite, aliases, runs, and SHA-256 and size of every other member
decisions.jsonl         a decision a line, the oldest first, with the moment it was kept
suites/SHA256.json      each suite once
runs/KEY.jsonl          a run: what it froze, then a trial a line, with its trace
scores/KEY.json         its scores, where it had ended and was scored
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import AwareDatetime, Field, ValidationError

from evalplat import __version__
from evalplat.errors import InputError
from evalplat.records import Decision, Record, Run, RunInfo, ScoreTable, Suite, Trial
from evalplat.records.base import Name

from .json_text import json_line
from .kept_zip import read_zip, write_zip
from .names import clipped, run_key
from .table_json import table_from_json, table_to_json

SCHEMA = "evalplat.kept/1"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FileRun:
    """A run in a kept file. `suite` is None where only scores were imported; `scores` is None where the run is of a
    ledger alone: begun by a gate and not ended, or ended and not scored."""

    run: Run
    suite: Suite | None
    scores: ScoreTable | None

    @property
    def id(self) -> str:
        """Its id."""
        return self.run.info.id


class KeptDecision(Record):
    """A decision and when it was kept."""

    at: AwareDatetime
    decision: Decision


@dataclass(frozen=True, slots=True)
class KeptFile:
    """All of one suite that is kept. Runs and decisions are in the order in which they were made; `version` is that of
    the evalplat that wrote it."""

    suite: str
    runs: tuple[FileRun, ...]
    decisions: tuple[KeptDecision, ...]
    aliases: Mapping[str, str]
    version: str = __version__

    def write(self, path: Path) -> int:
        """Write the file, whole or not at all; its size in bytes. The same content gives the same bytes."""
        members: dict[str, bytes] = {"decisions.jsonl": _lines(one.model_dump(mode="json") for one in self.decisions)}
        listed = []
        for one in self.runs:
            key, digest = run_key(one.id), None if one.suite is None else one.suite.content_hash
            if one.suite is not None:
                members[f"suites/{digest}.json"] = _lines([one.suite.model_dump(mode="json")])
            members[f"runs/{key}.jsonl"] = _lines(
                part.model_dump(mode="json") for part in (one.run.info, *one.run.trials)
            )
            if one.scores is not None:
                members[f"scores/{key}.json"] = _lines([table_to_json(one.scores)])
            listed.append({"id": one.id, "suite": digest, "scored": one.scores is not None})
        head = {
            "schema": SCHEMA,
            "version": self.version,
            "suite": self.suite,
            "aliases": dict(sorted(self.aliases.items())),
            "runs": listed,
        }
        return write_zip(path, head, members)

    @classmethod
    def read(cls, path: Path) -> KeptFile:
        """The file's content, all of it checked. Raises InputError in one line for anything that is not as written."""
        manifest, members = read_zip(path, SCHEMA)
        read = _Reading(str(path), str(manifest.get("version"))[:40], members)
        head = read.record(_Head, {name: manifest.get(name) for name in _Head.model_fields}, "manifest.json")
        runs = tuple(read.run(entry, head.suite) for entry in head.runs)
        ids = {one.id for one in runs}
        if len(ids) != len(runs):
            raise read.refused("it has a run twice")
        lost = next((alias for alias, run_id in head.aliases.items() if run_id not in ids), None)
        if lost is not None:
            raise read.refused(f"its alias {lost!r} names a run that it does not have")
        decisions = tuple(read.record(KeptDecision, line, "decisions.jsonl") for line in read.lines("decisions.jsonl"))
        if read.unread:
            raise read.refused(f"it has a member that nothing refers to: {min(read.unread)}")
        return cls(head.suite, runs, decisions, head.aliases, head.version)


class _Entry(Record):
    id: Name
    suite: str | None
    scored: bool


class _Head(Record):
    version: str = Field(max_length=40)
    suite: Name
    aliases: dict[str, str]
    runs: tuple[_Entry, ...]


class _Reading:
    """One reading of a file: turns what is wrong into one line that names it."""

    def __init__(self, where: str, version: str, members: Mapping[str, bytes]) -> None:
        self._where, self._version, self._members = where, version, members
        self._suites: dict[str, Suite] = {}
        self.unread = set(members)

    def refused(self, why: str) -> InputError:
        written = f"evalplat {self._version} wrote it, this is {__version__}"
        return InputError(f"{clipped(why, 300)}; nothing of it was taken over ({written})", where=self._where)

    def run(self, entry: _Entry, suite_name: str) -> FileRun:
        key = run_key(entry.id)
        name = f"runs/{key}.jsonl"
        first, *rest = self.lines(name) or [None]
        info = self.record(RunInfo, first, name)
        suite = None if entry.suite is None else self._suite(entry.suite)
        run = Run(info=info, trials=tuple(self.record(Trial, line, name) for line in rest))
        scores = None
        if entry.scored:
            plain = self._one(f"scores/{key}.json")
            scores = self._tried(lambda: table_from_json(plain), f"scores/{key}.json")
        one = FileRun(run, suite, scores)
        why = _unlike(one, entry.id, suite_name)
        if why is not None:
            raise self.refused(f"its run {entry.id} {why}")
        return one

    def record(self, kind: Callable[..., Any], value: Any, name: str) -> Any:
        return self._tried(lambda: kind.model_validate(value), name)  # type: ignore[attr-defined]

    def lines(self, name: str) -> list[Any]:
        self.unread.discard(name)
        if name not in self._members:
            raise self.refused(f"it lacks {name}")
        # Not splitlines(): a model's text may hold other line ends than the file's.
        return self._tried(lambda: [json.loads(line) for line in self._members[name].split(b"\n") if line], name)

    def _one(self, name: str) -> Any:
        lines = self.lines(name)
        if len(lines) != 1:
            raise self.refused(f"{name} has {len(lines)} lines, and one is expected")
        return lines[0]

    def _suite(self, digest: str) -> Suite:
        if digest not in self._suites:
            name = f"suites/{digest}.json"
            # Its hash need not be `digest` again: a later version of evalplat may know more fields.
            self._suites[digest] = self.record(Suite, self._one(name), name)
        return self._suites[digest]

    def _tried(self, work: Callable[[], T], name: str) -> T:
        try:
            return work()
        except ValidationError as err:
            first = err.errors(include_url=False, include_input=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise self.refused(f"{name} cannot be read: {place}: {first['msg']}") from err
        except (ValueError, RecursionError) as err:
            raise self.refused(f"{name} cannot be read: {(str(err).splitlines() or ['nested too deep'])[0]}") from err


def _unlike(one: FileRun, run_id: str, suite_name: str) -> str | None:
    """Why the parts of a run do not belong together."""
    info, suite = one.run.info, one.suite
    if info.id != run_id or info.suite != suite_name:
        return "is another run, or of another suite"
    if one.scores is not None and one.scores.systems != (run_id,):
        return "has the scores of something else"
    if suite is None:
        return "has trials and no suite" if one.run.trials or one.scores is None else None
    if (suite.name, suite.fingerprint, suite.trials) != (info.suite, info.suite_fingerprint, info.trials):
        return "is of another suite than the one beside it"
    keys = [trial.key for trial in one.run.trials]
    ids = {case.id for case in suite.cases}
    if len({(key.case_id, key.trial) for key in keys}) != len(keys):
        return "has a trial twice"
    if any(key.case_id not in ids or key.trial >= info.trials for key in keys):
        return "has a trial that its suite does not ask for"
    return None


def _lines(values: Iterator[Any] | list[Any]) -> bytes:
    return "".join(f"{json_line(value)}\n" for value in values).encode()
