"""The response cache: what was answered before is answered again, and only that."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import zlib
from pathlib import Path

import openai
import pytest
from instruments.ask import ask
from instruments.endpoint import Fault

from evalplat.errors import InputError
from evalplat.records import Limits
from evalplat.runtime.gateway import Budget, OwnPrice, PriceTable, ResponseCache

PRICES = PriceTable({"openai:test-model": OwnPrice(input=2.0, output=8.0)})


@pytest.fixture
def cache(tmp_path: Path):
    opened = ResponseCache(tmp_path / "cache" / "answers.db")
    yield opened
    opened.close()


async def test_the_second_time_nothing_is_sent(cache, endpoint, open_gateway, settings) -> None:
    async with open_gateway(cache=cache, prices=PRICES) as gateway:
        first, second = gateway.session(settings), gateway.session(settings)
        assert await ask(first) == await ask(second)
        assert len(endpoint.completions) == 1
        assert (first.usage.calls, first.usage.cached_calls) == (1, 0)
        assert (second.usage.calls, second.usage.cached_calls) == (0, 1)
        # What the answer takes is the same, whoever gave it; what was spent is not.
        assert second.usage.total_tokens == first.usage.total_tokens
        assert second.usage.cost_usd == first.usage.cost_usd
        assert gateway.spent.tokens == first.usage.total_tokens
        assert gateway.spent.cost_usd == first.usage.cost_usd


async def test_it_outlives_the_run(cache, endpoint, open_gateway, settings) -> None:
    for _ in range(2):
        async with open_gateway(cache=cache) as gateway:
            await ask(gateway.session(settings))
    again = ResponseCache(cache.path)
    async with open_gateway(cache=again) as gateway:
        await ask(gateway.session(settings))
    again.close()
    assert len(endpoint.completions) == 1


async def test_anything_that_differs_is_asked_anew(cache, endpoint, open_gateway, settings) -> None:
    async with open_gateway(cache=cache) as gateway:
        for session, options in [
            (gateway.session(settings), {}),
            (gateway.session(settings, replica=1), {}),
            (gateway.session(settings, seed=1), {}),
            (gateway.session(settings), {"temperature": 0.5}),
            (gateway.session(settings), {"text": "Something else"}),
            (gateway.session(settings.model_copy(update={"max_tokens": 32})), {}),
        ]:
            await ask(session, **options)
            assert session.usage.cached_calls == 0
        endpoint.models = ("test-model", "other")
        await ask(gateway.session(settings.model_copy(update={"name": "openai:other"})))
        assert len(endpoint.completions) == 7
        # Headers are not part of the question.
        with_header = gateway.session(settings, headers={"x-trial": "1"})
        await ask(with_header)
        assert with_header.usage.cached_calls == 1


@pytest.mark.parametrize(
    "kind", ["server_error", "broken_body", "wrong_schema", "closed_midway", "unauthorized", "missing_usage"]
)
async def test_only_whole_answers_are_kept(kind, cache, endpoint, open_gateway, settings) -> None:
    endpoint.faults = lambda number, request: Fault(kind) if number == 0 else None
    async with open_gateway(cache=cache) as gateway:
        session = gateway.session(settings.model_copy(update={"max_retries": 0}))
        try:
            await ask(session)
        except openai.APIConnectionError:
            assert kind != "missing_usage"
        assert len(cache) == 0
        await ask(session)
        assert len(cache) == 1
        assert len(endpoint.completions) == 2


async def test_an_answer_from_the_cache_needs_no_budget(cache, endpoint, open_gateway, settings) -> None:
    async with open_gateway(cache=cache) as gateway:
        await ask(gateway.session(settings))
    async with open_gateway(cache=cache, run_budget=Budget(max_tokens=1)) as gateway:
        await ask(gateway.session(settings, Limits(max_tokens=1)))
        assert gateway.spent.tokens == 0


@pytest.mark.parametrize("body", [b"\0", zlib.compress(b"{}"), "text", 7])
async def test_a_damaged_row_is_asked_anew_once(body, cache, endpoint, open_gateway, settings) -> None:
    async with open_gateway(cache=cache) as gateway:
        await ask(gateway.session(settings))
        with sqlite3.connect(cache.path) as db:
            db.execute("update answers set body = ?", (body,))
        for _ in range(2):
            assert await ask(gateway.session(settings))
        assert len(endpoint.completions) == 2


async def test_a_cache_that_breaks_costs_work_and_no_trial(
    cache, endpoint, open_gateway, settings, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_gateway(cache=cache) as gateway:
        with sqlite3.connect(cache.path) as db:
            db.execute("drop table answers")
        for _ in range(2):
            assert await ask(gateway.session(settings))
    assert [record.levelname for record in caplog.records if "response cache" in record.message] == ["WARNING"]


def test_a_file_that_is_no_cache(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("This is not a database, but long enough to be taken for the header of one. " * 20)
    with pytest.raises(InputError, match=r"text\.db"):
        ResponseCache(path)
    newer = tmp_path / "newer.db"
    with sqlite3.connect(newer) as db:
        db.execute("pragma user_version=99")
    db.close()
    with pytest.raises(InputError, match="version"):
        ResponseCache(newer)
    with pytest.raises(InputError, match="blocked"):
        ResponseCache(path / "blocked" / "cache.db")


async def test_processes_share_a_file(cache) -> None:
    """Three processes write and read the same thousand keys at once; every one ends whole, with the first answer."""
    code = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from evalplat.runtime.gateway import ResponseCache\n"
        "async def main():\n"
        "    cache = ResponseCache(Path(sys.argv[1]))\n"
        "    for number in range(300):\n"
        "        await cache.put(str(number), f'{number} by {sys.argv[2]}'.encode())\n"
        "        body = await cache.get(str(number))\n"
        "        assert body is not None and body.startswith(f'{number} by '.encode()), body\n"
        "asyncio.run(main())\n"
    )
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, str(cache.path), str(name), stderr=subprocess.PIPE
        )
        for name in range(3)
    ]
    for process in processes:
        _, complaint = await process.communicate()
        assert process.returncode == 0, complaint
    assert len(cache) == 300
