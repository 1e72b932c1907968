"""Processes that are asked a question: bounded in time and output, and gone afterwards with all that they started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from pathlib import Path

from evalplat.errors import TargetFailed

MAX_OUTPUT = 16 * 2**20
"""Longest answer, in bytes."""

_TAIL = 8 * 2**10
_CHUNK = 2**16


class Child:
    """One process in a session of its own. `tail` is the end of what it said on standard error."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.tail = b""
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Child:
        """Raises TargetFailed where it cannot be started."""
        try:
            return cls(
                await asyncio.create_subprocess_exec(
                    *arguments,
                    stdin=PIPE,
                    stdout=PIPE,
                    stderr=PIPE,
                    cwd=folder,
                    env=dict(environment),
                    limit=MAX_OUTPUT,
                    start_new_session=True,
                )
            )
        except (OSError, ValueError) as err:
            raise TargetFailed(f"cannot be started: {err}") from err

    async def ask_once(self, question: bytes) -> bytes:
        """What it says until it ends. Raises TargetFailed for too much, or an exit code other than 0."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it may not want to read
            self._process.stdin.write(question)
            await self._process.stdin.drain()
        self._process.stdin.close()
        said = bytearray()
        while chunk := await self._process.stdout.read(_CHUNK):
            said += chunk
            if len(said) > MAX_OUTPUT:
                raise TargetFailed(f"said more than {MAX_OUTPUT} bytes")
        code = await self._ended()
        if code != 0:
            raise TargetFailed(f"ended with {_exit(code)}")
        return bytes(said)

    async def ask_line(self, question: bytes) -> bytes:
        """Give it one line; the line that it answers. Raises TargetFailed where it ends or says too much instead."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(question)
            await self._process.stdin.drain()
            line = await self._process.stdout.readline()
        except (BrokenPipeError, ConnectionResetError):
            line = b""
        except ValueError as err:  # longer than the limit of the reader
            raise TargetFailed(f"said a line of more than {MAX_OUTPUT} bytes") from err
        if not line.endswith(b"\n"):
            raise TargetFailed(f"ended with {_exit(await self._ended())} before it had answered")
        return line

    async def stop(self) -> None:
        """End it and what it started, if they have not."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        await self._ended()
        transport = getattr(self._process, "_transport", None)
        if transport is not None:  # else it complains when it is collected after the loop is closed
            transport.close()

    async def _ended(self) -> int:
        code = await self._process.wait()
        with contextlib.suppress(TimeoutError):  # a grandchild may hold standard error open
            await asyncio.wait_for(asyncio.shield(self._listening), 1.0)
        self._listening.cancel()
        return code

    async def _listen(self) -> None:
        assert self._process.stderr is not None
        while chunk := await self._process.stderr.read(_CHUNK):
            self.tail = (self.tail + chunk)[-_TAIL:]


def _exit(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
