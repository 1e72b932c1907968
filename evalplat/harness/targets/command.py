"""CommandTarget: a program as a system under test. The protocol is in the README beside this file."""

from __future__ import annotations

import asyncio
import json
import shutil
from datetime import UTC, datetime
from time import perf_counter
from uuid import uuid4

from pydantic_core import from_json

from evalplat.errors import TargetFailed
from evalplat.harness.failures import failed, one_line
from evalplat.records import Answer, Case, Outcome, TargetInfo, Trace, TrialKey, Usage
from evalplat.runtime.telemetry import Redactor

from .command_spec import CommandSpec
from .process import Child
from .told import read_told


class CommandTarget:
    """A process for each trial; with `answer: lines` one that goes on, as many as trials at a time.

    What a process says is read with suspicion: at most 16 MiB, within `timeout_s`, with exit code 0. Its own secrets
    are struck out of what it says. Whatever it started is ended with it.
    """

    def __init__(self, spec: CommandSpec) -> None:
        """Starts nothing yet. Raises ReferenceUnknown for files that are not there, SpecError for variables not set."""
        self._spec, self._environment = spec, spec.environment()
        self._redactor = Redactor()
        self._idle: list[Child] = []
        self._info = TargetInfo(kind="command", ref=spec.ref, name=spec.ref, fingerprint=spec.fingerprint)

    @property
    def info(self) -> TargetInfo:
        """Which command."""
        return self._info

    async def prepare(self) -> None:
        """Look for the program. Raises TargetFailed where there is none."""
        program = self._spec.arguments[0]
        path = self._environment.get("PATH")
        if shutil.which(program, path=path) is None and shutil.which(self._spec.folder / program) is None:
            raise TargetFailed(f"{self._spec.ref}: there is no program {program!r}")

    async def aclose(self) -> None:
        """End the processes that wait."""
        while self._idle:
            await self._idle.pop().stop()

    async def answer(self, case: Case, key: TrialKey, seed: int) -> Outcome:
        """One trial."""
        started_at, clock_from = datetime.now(UTC), perf_counter()
        parent = f"00-{uuid4().hex}-{uuid4().hex[:16]}-01"
        asked = {"input": case.input, "case_id": case.id, "trial": key.trial, "seed": seed, "traceparent": parent}
        try:
            said = await self._ask(json.dumps(asked).encode("ascii") + b"\n")
            answer, usage, trace = self._read(said.decode("utf-8", "replace"))
        except TargetFailed as err:
            message = self._redactor.text(f"{self._spec.ref} {err}")
            return failed("TargetFailed", message, started_at=started_at, clock_from=clock_from)
        latency_s = perf_counter() - clock_from
        return Outcome(answer=answer, usage=usage, latency_s=latency_s, started_at=started_at, trace=trace)

    async def _ask(self, question: bytes) -> bytes:
        spec = self._spec
        lines = spec.answer == "lines"
        child = self._idle.pop() if self._idle else await Child.start(spec.arguments, spec.folder, self._environment)
        done = False
        try:
            async with asyncio.timeout(spec.timeout_s):
                said = await (child.ask_line(question) if lines else child.ask_once(question))
            done = lines
        except TimeoutError as err:
            raise TargetFailed(f"gave no whole answer within {spec.timeout_s:g} s{_last(child)}") from err
        except TargetFailed as err:
            raise TargetFailed(f"{err}{_last(child)}") from err
        finally:
            if done:
                self._idle.append(child)
            else:
                await asyncio.shield(child.stop())
        return said

    def _read(self, said: str) -> tuple[Answer, Usage, Trace | None]:
        kind = self._spec.answer
        fields: object = None
        if kind != "text":
            try:
                fields = from_json(said, allow_inf_nan=False)
            except ValueError as err:
                if kind != "auto":
                    raise TargetFailed(f"gave back no JSON: {one_line(str(err), 120)}") from err
        if isinstance(fields, dict) and (kind != "auto" or "output" in fields):
            return read_told(fields, self._redactor)
        if kind in ("json", "lines"):
            raise TargetFailed(f"gave back a JSON {type(fields).__name__}; expected an object with 'output'")
        return read_told(said.removesuffix("\n").removesuffix("\r"), self._redactor)


def _last(child: Child) -> str:
    """The last line of what the process complained of."""
    lines = child.tail.decode("utf-8", "replace").strip().splitlines()
    return f"; it said: {one_line(lines[-1], 200)}" if lines else ""
