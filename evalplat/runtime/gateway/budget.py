"""Budget: what may be spent; Account: what is spent and set aside."""

from __future__ import annotations

from dataclasses import dataclass, field

from evalplat.errors import BudgetExceeded


@dataclass(frozen=True, slots=True)
class Budget:
    """Hard limits; None is no limit. Tokens are input and output together, money is in US dollars."""

    max_tokens: int | None = None
    max_cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Spend:
    """Tokens and money. `cost_usd` is None where there is no price."""

    tokens: int
    cost_usd: float | None


@dataclass(slots=True)
class Account:
    """Spending under one budget. A call is set aside at its upper bound first and settled at what it took."""

    scope: str
    """`trial` or `run`."""
    budget: Budget
    tokens: int = 0
    cost_usd: float = 0.0
    _held: dict[int, Spend] = field(default_factory=dict)
    _next: int = 0

    def hold(self, bound: Spend | None) -> int:
        """Set `bound` aside and hand out its number. Raises BudgetExceeded where it may not fit.

        None is a call that has no bound: it goes through only where there is no limit, and holds nothing.
        """
        if bound is None:
            if self.budget != Budget():
                raise BudgetExceeded(
                    f"{self.scope} budget: the tokens of images, audio and files cannot be bounded before the call",
                    scope=self.scope,
                )
            bound = Spend(0, 0.0)
        held_tokens = sum(spend.tokens for spend in self._held.values())
        held_cost = sum(spend.cost_usd or 0.0 for spend in self._held.values())
        limit, money = self.budget.max_tokens, self.budget.max_cost_usd
        if limit is not None and self.tokens + held_tokens + bound.tokens > limit:
            raise BudgetExceeded(
                f"{self.scope} budget: the next call could take {bound.tokens} tokens, "
                f"{max(0, limit - self.tokens - held_tokens)} of {limit} are left (max_tokens)",
                scope=self.scope,
            )
        if money is not None:
            if bound.cost_usd is None:
                raise BudgetExceeded(
                    f"{self.scope} budget: the model has no price, so max_cost_usd cannot hold it", scope=self.scope
                )
            if self.cost_usd + held_cost + bound.cost_usd > money:
                raise BudgetExceeded(
                    f"{self.scope} budget: the next call could cost ${bound.cost_usd:.6f}, "
                    f"${max(0.0, money - self.cost_usd - held_cost):.6f} of ${money:.6f} are left (max_cost_usd)",
                    scope=self.scope,
                )
        self._next += 1
        self._held[self._next] = bound
        return self._next

    def settle(self, number: int, actual: Spend | None) -> None:
        """End a hold: `actual` is what the call took, None where nobody knows, which charges the whole hold."""
        held = self._held.pop(number)
        spend = held if actual is None else actual
        self.tokens += spend.tokens
        self.cost_usd += spend.cost_usd or 0.0
