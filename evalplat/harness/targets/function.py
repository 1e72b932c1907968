"""FunctionTarget: what targets share that hold a conversation by calling a Python function."""

from __future__ import annotations

from typing import Literal

from evalplat.harness.threads import DaemonThreads
from evalplat.records import TargetInfo, content_hash

from .source import load_function


class FunctionTarget:
    """A function of a module, threads for it, and what it is called. Its fingerprint: see load_function."""

    def __init__(self, ref: str, *, kind: Literal["callable", "scripted"], name: str | None = None) -> None:
        """Imports the module. Raises ReferenceUnknown, or TargetFailed where the import raises."""
        self._function, source = load_function(ref)
        self._ref = ref
        self._threads = DaemonThreads()
        self._info = TargetInfo(kind=kind, ref=ref, name=name or ref, fingerprint=content_hash([ref, source]))

    @property
    def info(self) -> TargetInfo:
        """Which function."""
        return self._info

    async def prepare(self) -> None:
        """Nothing is left to prepare."""

    async def aclose(self) -> None:
        """Let the threads end."""
        self._threads.close()
