"""Every attempt is counted once, tokens equal the endpoint's own count, what nobody can know is counted as such."""

from __future__ import annotations

import asyncio
from collections import Counter

import openai
import pytest
from instruments.ask import ask
from instruments.endpoint import UNKNOWN_USAGE, Fault, FaultPlan

from evalplat.errors import ModelError
from evalplat.records import Usage
from evalplat.runtime.gateway import OwnPrice, PriceTable, as_model_error

PRICES = PriceTable({"openai:test-model": OwnPrice(input=2.0, output=8.0)})
CALLS = 300


@pytest.mark.slow
async def test_ten_percent_of_each_fault(endpoint, open_gateway, settings) -> None:
    """Several hundred concurrent calls; a tenth each of 429, 500, broken body, stalled stream and closed connection."""
    kinds = ("rate_limited", "server_error", "broken_body", "stalled", "closed")
    endpoint.faults = FaultPlan(dict.fromkeys(kinds, 0.1), seed=3)
    outcomes: list[str | ModelError] = []
    usages: list[Usage] = []
    async with open_gateway(prices=PRICES) as gateway:
        bound = asyncio.Semaphore(40)

        async def trial(number: int) -> None:
            session = gateway.session(settings.model_copy(update={"timeout_s": 5.0, "max_retries": 3}))
            async with bound:
                try:
                    answer = await ask(session, f"Question {number}")
                    assert answer == f"You said: Question {number}"
                    outcomes.append(answer)
                except openai.APIConnectionError as error:
                    outcomes.append(as_model_error(error, session))
            usages.append(session.usage)

        await asyncio.gather(*(trial(number) for number in range(CALLS)))
        total, spent = gateway.usage, gateway.spent

    log = endpoint.completions
    faults = Counter(exchange.fault for exchange in log)
    assert len(outcomes) == CALLS
    failures = [outcome for outcome in outcomes if isinstance(outcome, ModelError)]
    assert 0 < len(failures) < CALLS / 5, "a sixteenth is to be expected: four faults in a row"
    assert all("after 4 attempts" in str(failure) for failure in failures)
    assert {type(failure).__name__ for failure in failures} >= {"ModelOverloaded", "ModelUnreachable"}
    assert all(faults[kind] > 0.06 * len(log) for kind in kinds)

    assert sum(usages, Usage()).model_dump(exclude={"cost_usd"}) == total.model_dump(exclude={"cost_usd"})
    assert total.calls == len(log)
    assert total.retries == len(log) - CALLS
    assert (total.input_tokens, total.output_tokens) == endpoint.answered_tokens
    assert total.unknown_usage_calls == sum(exchange.fault in UNKNOWN_USAGE for exchange in log) > 0
    assert total.cost_usd == pytest.approx((total.input_tokens * 2 + total.output_tokens * 8) / 1e6)
    # What nobody can know is charged in full: never less than the endpoint may bill.
    billed = sum(sum(exchange.usage) for exchange in log if exchange.usage is not None)
    assert spent.tokens >= billed > total.total_tokens


@pytest.mark.parametrize("kind", ["missing_usage", "bad_usage"])
async def test_an_answer_without_a_usage_is_used_and_counted_as_unknown(kind, endpoint, open_gateway, settings) -> None:
    endpoint.faults = lambda number, request: Fault(kind)
    async with open_gateway(prices=PRICES) as gateway:
        session = gateway.session(settings)
        assert await ask(session, "hello") == "You said: hello"
        assert session.usage == Usage(calls=1, unknown_usage_calls=1, cost_usd=0.0)
        assert gateway.spent.tokens > 64


@pytest.mark.parametrize(("status", "unknown"), [(500, 0), (503, 0), (429, 0), (502, 1), (504, 1), (524, 1)])
async def test_a_proxy_that_lost_the_model_may_have_cost_money(
    status, unknown, endpoint, open_gateway, settings
) -> None:
    endpoint.faults = lambda number, request: Fault("server_error", status=status)
    async with open_gateway() as gateway:
        session = gateway.session(settings.model_copy(update={"max_retries": 0}))
        with pytest.raises(openai.APIConnectionError):
            await ask(session)
        assert session.usage.unknown_usage_calls == unknown


async def test_a_cancelled_call_is_unknown(endpoint, open_gateway, settings) -> None:
    endpoint.faults = lambda number, request: Fault("silent")
    async with open_gateway() as gateway:
        session = gateway.session(settings)
        asking = asyncio.create_task(ask(session))
        while not endpoint.in_flight:
            await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert (session.usage.calls, session.usage.unknown_usage_calls) == (1, 1)


async def test_without_a_price_there_is_no_cost(endpoint, open_gateway, settings) -> None:
    async with open_gateway() as gateway:
        session = gateway.session(settings)
        assert session.usage.cost_usd == 0.0
        await ask(session)
        assert session.usage.cost_usd is None
        assert gateway.spent.cost_usd is None
        assert gateway.spent.tokens == session.usage.total_tokens > 0
