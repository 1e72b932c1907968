"""The step that counts and charges: every attempt is set aside in full before it is sent, and settled after."""

from __future__ import annotations

from collections.abc import Sequence

from .budget import Account, Spend
from .call import AttemptFailed, Call, Reply, Step, Tokens
from .prices import Price
from .usage import UsageMeter

_NOTHING = Spend(0, 0.0)


class Metered:
    """Wraps one attempt with `accounts` (trial, run) and `meters` (the same two)."""

    def __init__(
        self, step: Step, accounts: Sequence[Account], meters: Sequence[UsageMeter], price: Price | None
    ) -> None:
        self._step, self._accounts, self._meters, self._price = step, accounts, meters, price

    async def __call__(self, call: Call) -> Reply:
        holds = self._hold(call)
        if call.attempt > 1:
            for meter in self._meters:
                meter.retries += 1
        try:
            reply = await self._step(call)
        except AttemptFailed as failed:
            self._ended(holds, None if failed.may_be_billed else _NOTHING, sent=failed.sent)
            raise
        except BaseException:
            # Cancelled on the way, or a defect: what the endpoint did with it, nobody knows.
            self._ended(holds, None)
            raise
        self._ended(holds, None if reply.tokens is None else self._spend(reply.tokens))
        self.count(reply.tokens)
        return reply

    def count(self, tokens: Tokens | None) -> None:
        """Add the tokens of an answer, and their price, to the meters."""
        for meter in self._meters:
            if tokens is not None:
                meter.input_tokens += tokens.input
                meter.output_tokens += tokens.output
            if self._price is None:
                meter.unpriced = True
            elif tokens is not None:
                meter.cost_usd += self._price.cost(tokens)

    def _hold(self, call: Call) -> list[tuple[Account, int]]:
        most = call.input_bound
        bound = None if most is None else self._spend(Tokens(most, call.output_bound))
        holds: list[tuple[Account, int]] = []
        try:
            for account in self._accounts:
                holds.append((account, account.hold(bound)))  # noqa: PERF401 a refusal must find those made so far
        except BaseException:
            for account, number in holds:
                account.settle(number, _NOTHING)
            raise
        return holds

    def _ended(self, holds: list[tuple[Account, int]], spend: Spend | None, *, sent: bool = True) -> None:
        for account, number in holds:
            account.settle(number, spend)
        for meter in self._meters:
            meter.calls += sent
            meter.unknown_usage_calls += spend is None
            if spend is None and self._price is None:
                meter.unpriced = True

    def _spend(self, tokens: Tokens) -> Spend:
        return Spend(tokens.input + tokens.output, None if self._price is None else self._price.cost(tokens))
