"""Target: a system under test, whatever it is made of."""

from __future__ import annotations

from typing import Protocol

from evalplat.records import Case, Outcome, TargetInfo, TrialKey


class Target(Protocol):
    """A system under test. Whoever opens one closes it with `aclose`."""

    @property
    def info(self) -> TargetInfo:
        """Which system this is; known before `prepare`, and the same throughout."""

    async def prepare(self) -> None:
        """Make sure that trials can be asked for. May be called more than once.

        Raises a typed EvalplatError where the model, key or endpoint is not there, before any trial is spent.
        """

    async def answer(self, case: Case, key: TrialKey, seed: int) -> Outcome:
        """One trial. `seed` has 31 bits. A trial that goes wrong is an Outcome with a failure, never an exception.

        Raises BudgetExceeded with scope `run` where the money or tokens of the whole run are spent.
        """

    async def aclose(self) -> None:
        """Let go of connections and processes. May be called more than once."""
