"""`check` says before a run what would stop every trial of it."""

from __future__ import annotations

import time

import pytest
from instruments.endpoint import Fault

from evalplat.errors import ModelError, ModelOverloaded, ModelRefused, ModelUnknown, ModelUnreachable
from evalplat.runtime.gateway import Gateway


async def test_a_model_on_a_guarded_list_costs_nothing(endpoint, open_gateway, settings) -> None:
    async with open_gateway() as gateway:
        await gateway.check(settings)
        assert endpoint.completions == []
        assert gateway.usage.calls == 0


async def test_an_unknown_model(endpoint, open_gateway, settings) -> None:
    async with open_gateway() as gateway:
        with pytest.raises(ModelUnknown, match="gpt-nonsense"):
            await gateway.check(settings.model_copy(update={"name": "openai:gpt-nonsense"}))


async def test_a_refused_key(endpoint, settings) -> None:
    async with Gateway(env={**endpoint.env, "OPENAI_API_KEY": "sk-wrong-wrong-wrong"}) as gateway:
        with pytest.raises(ModelRefused, match="OPENAI_API_KEY") as caught:
            await gateway.check(settings)
        assert "sk-wrong" not in str(caught.value)


async def test_an_endpoint_that_is_down(endpoint, open_gateway, settings) -> None:
    endpoint.close()
    async with open_gateway() as gateway:
        began = time.monotonic()
        with pytest.raises(ModelUnreachable, match="cannot be reached"):
            await gateway.check(settings)
        assert time.monotonic() - began < 10


async def test_a_host_that_does_not_exist(settings) -> None:
    env = {"OPENAI_API_KEY": "sk-none", "OPENAI_BASE_URL": "http://no-such-host.invalid/v1"}
    async with Gateway(env=env) as gateway:
        with pytest.raises(ModelUnreachable):
            await gateway.check(settings)


async def test_an_alias_that_is_not_listed_is_asked(endpoint, open_gateway, settings) -> None:
    endpoint.lists_models = False
    async with open_gateway() as gateway:
        await gateway.check(settings)
        assert len(endpoint.completions) == 1
        assert gateway.usage.calls == 1
        with pytest.raises(ModelUnknown):
            await gateway.check(settings.model_copy(update={"name": "openai:gpt-nonsense"}))


async def test_a_list_that_is_open_to_all_does_not_vouch_for_the_key(endpoint, open_gateway, settings) -> None:
    endpoint.guards_list = False
    async with open_gateway() as gateway:
        await gateway.check(settings)
        assert len(endpoint.completions) == 1
    async with Gateway(env={**endpoint.env, "OPENAI_API_KEY": "sk-wrong-wrong-wrong"}) as gateway:
        with pytest.raises(ModelRefused):
            await gateway.check(settings)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("server_error"), ModelOverloaded),
        (Fault("bad_request"), ModelRefused),
        (Fault("broken_body"), ModelError),
        (Fault("closed"), ModelUnreachable),
    ],
)
async def test_what_a_completion_shows(fault, error, endpoint, open_gateway, settings) -> None:
    endpoint.lists_models = False
    endpoint.faults = lambda number, request: fault
    async with open_gateway() as gateway:
        with pytest.raises(error):
            await gateway.check(settings)


async def test_a_model_that_refuses_max_tokens_is_there(endpoint, open_gateway, settings) -> None:
    endpoint.lists_models = False
    endpoint.faults = lambda number, request: Fault("bad_request", message="Unsupported parameter: 'max_tokens'.")
    async with open_gateway() as gateway:
        await gateway.check(settings)
