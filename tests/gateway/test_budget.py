"""A budget holds whatever happens: nothing is sent that could exceed it."""

from __future__ import annotations

import asyncio
import math

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from instruments.ask import ask
from instruments.endpoint import Fault, FaultPlan

from evalplat.errors import BudgetExceeded
from evalplat.records import Limits
from evalplat.runtime.gateway import Budget, OwnPrice, PriceTable, Spend, as_model_error
from evalplat.runtime.gateway.budget import Account

PRICES = PriceTable({"openai:test-model": OwnPrice(input=1000.0, output=1000.0)})


async def spend_until_refused(gateway, settings, limits: Limits, most: int = 100) -> tuple[BudgetExceeded, int]:
    session = gateway.session(settings, limits)
    for done in range(most):
        try:
            await ask(session, f"Question {done}")
        except openai.APIConnectionError as error:
            refused = as_model_error(error, session)
            assert isinstance(refused, BudgetExceeded)
            return refused, session.usage.total_tokens
    raise AssertionError("the budget never held")


async def test_tokens_of_a_trial(endpoint, open_gateway, settings) -> None:
    async with open_gateway() as gateway:
        refused, used = await spend_until_refused(gateway, settings, Limits(max_tokens=300))
        assert refused.scope == "trial"
        assert "max_tokens" in str(refused)
        assert "of 300" in str(refused)
        assert 0 < used <= 300
        # The next trial has its own.
        await ask(gateway.session(settings, Limits(max_tokens=300)))


async def test_money_of_a_trial(endpoint, open_gateway, settings) -> None:
    async with open_gateway(prices=PRICES) as gateway:
        refused, used = await spend_until_refused(gateway, settings, Limits(max_cost_usd=0.3))
        assert refused.scope == "trial"
        assert "max_cost_usd" in str(refused)
        assert 0 < used * 1000 / 1e6 <= 0.3


@pytest.mark.parametrize("budget", [Budget(max_tokens=2000), Budget(max_cost_usd=2.0)])
async def test_a_run_of_concurrent_trials(budget, endpoint, open_gateway, settings) -> None:
    """The endpoint's own bill stays within the run's budget, though every call is asked for at once."""
    endpoint.faults = FaultPlan({"closed": 0.2, "missing_usage": 0.2, "server_error": 0.2}, seed=1)
    refusals = []
    async with open_gateway(prices=PRICES, run_budget=budget) as gateway:

        async def trial(number: int) -> None:
            session = gateway.session(settings)
            try:
                await ask(session, f"Question {number}")
            except openai.APIConnectionError as error:
                refusals.append(as_model_error(error, session))

        for _ in range(4):
            await asyncio.gather(*(trial(number) for number in range(40)))
        assert gateway.spent.tokens <= 2000
    assert any(isinstance(refused, BudgetExceeded) and refused.scope == "run" for refused in refusals)
    billed = sum(sum(exchange.usage) for exchange in endpoint.completions if exchange.usage is not None)
    assert 0 < billed <= 2000


async def test_retries_after_unknown_usage_eat_the_budget(endpoint, open_gateway, settings) -> None:
    endpoint.faults = lambda number, request: Fault("closed")
    async with open_gateway() as gateway:
        session = gateway.session(settings.model_copy(update={"max_retries": 20}), Limits(max_tokens=600))
        with pytest.raises(openai.APIConnectionError) as caught:
            await ask(session)
        assert isinstance(as_model_error(caught.value, session), BudgetExceeded)
        assert 1 < len(endpoint.completions) < 6
        assert session.usage.calls == len(endpoint.completions)
        assert session.usage.retries == session.usage.calls - 1


async def test_refused_calls_cost_nothing(endpoint, open_gateway, settings) -> None:
    endpoint.faults = lambda number, request: Fault("server_error") if number < 4 else None
    async with open_gateway() as gateway:
        assert await ask(gateway.session(settings, Limits(max_tokens=250)))


async def test_money_is_refused_up_front_where_there_is_no_price(endpoint, open_gateway, settings) -> None:
    async with open_gateway() as gateway:
        with pytest.raises(BudgetExceeded, match="no known price"):
            gateway.session(settings, Limits(max_cost_usd=1.0))
        with pytest.raises(BudgetExceeded, match="no known price"):
            await gateway.check(settings, Limits(max_cost_usd=1.0))
    async with open_gateway(run_budget=Budget(max_cost_usd=1.0)) as gateway:
        with pytest.raises(BudgetExceeded, match="run budget"):
            await gateway.check(settings)
    assert endpoint.log == []


async def test_a_resumed_run_goes_on_with_what_is_left(endpoint, open_gateway, settings) -> None:
    budget = Budget(max_tokens=1000)
    async with open_gateway(run_budget=budget, already_spent=Spend(950, None)) as gateway:
        refused, used = await spend_until_refused(gateway, settings, Limits())
        assert (refused.scope, used) == ("run", 0)
        assert gateway.spent.tokens == 950


async def test_images_have_no_bound(endpoint, open_gateway, settings) -> None:
    picture = [{"type": "image_url", "image_url": {"url": "https://example.org/picture.png"}}]
    async with open_gateway() as gateway:
        await ask(gateway.session(settings), picture)  # type: ignore[arg-type]
        session = gateway.session(settings, Limits(max_tokens=100_000))
        with pytest.raises(openai.APIConnectionError):
            await ask(session, picture)  # type: ignore[arg-type]
        assert isinstance(session.last_error, BudgetExceeded)
        assert len(endpoint.completions) == 1


async def test_several_choices_are_bounded(endpoint, open_gateway, settings) -> None:
    async with open_gateway() as gateway:
        session = gateway.session(settings, Limits(max_tokens=300))
        with pytest.raises(openai.APIConnectionError):
            await ask(session, n=5)
        assert isinstance(session.last_error, BudgetExceeded)
        assert endpoint.completions == []


calls = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 50), st.sampled_from(["settle", "unknown", "refused", "open"])),
    max_size=40,
)


@given(limit=st.integers(0, 300), planned=calls)
def test_an_account_never_exceeds_its_budget(limit: int, planned: list[tuple[int, int, str]]) -> None:
    """Whatever is held and settled, in whatever order: charged and held never exceed the limit."""
    account = Account("trial", Budget(max_tokens=limit, max_cost_usd=limit / 100))
    open_holds: list[tuple[int, int]] = []
    charged = 0
    for most, part, end in planned:
        held = sum(bound for _, bound in open_holds)
        fits = charged + held + most <= limit
        try:
            number = account.hold(Spend(most, most / 100))
        except BudgetExceeded:
            assert not fits or math.isclose((charged + held + most) / 100, limit / 100)
            continue
        assert fits
        if end == "open":
            open_holds.append((number, most))
            continue
        actual = {"settle": min(part, most), "unknown": most, "refused": 0}[end]
        account.settle(number, None if end == "unknown" else Spend(actual, actual / 100))
        charged += actual
        assert account.tokens == charged <= limit
