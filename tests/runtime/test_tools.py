"""Tools: what is refused at load, and what becomes of a function that fails, hangs or exits."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from pathlib import Path

import pytest

from evalplat.errors import SpecError, ToolFailed
from evalplat.records import ToolRef
from evalplat.runtime.tools import Tool, load_tools

MODULE = '''
import asyncio, sys, time
from neighbour import VALUE

def lookup(order_id: str, verbose: bool = False) -> dict[str, str]:
    """The state of an order."""
    if order_id == "?":
        raise LookupError("no such\\norder")
    return {"id": order_id, "neighbour": VALUE}

async def wait(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "waited"

class Desk:
    @staticmethod
    def status(order_id: str) -> str:
        return "open"

def hang(seconds: float) -> str:
    time.sleep(seconds)
    return "late"

def leave() -> None:
    sys.exit("bye")

async def leave_async() -> None:
    raise SystemExit(3)

def unwritable() -> object:
    return object()

def own_timeout() -> None:
    raise TimeoutError("upstream took too long")

async def cancels_itself() -> None:
    raise asyncio.CancelledError

def stops() -> None:
    next(iter(()))

def bare(order_id): ...
def star(*order_ids: str) -> None: ...
def positional(order_id: str, /) -> None: ...
def unknown_type(order_id: "Order") -> None: ...
def stream(order_id: str):
    yield order_id
NOT_A_FUNCTION = 3
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(MODULE)
    (tmp_path / "neighbour.py").write_text("VALUE = 'next door'\n")
    (tmp_path / "broken.py").write_text("import sys\nsys.exit('no')\n")
    return tmp_path


def one(folder: Path, function: str, *, timeout_s: float = 5.0) -> Tool:
    return load_tools([ToolRef(name="t", function=function, timeout_s=timeout_s)], base_dir=folder)[0]


async def test_functions_beside_the_agent_are_found(folder: Path) -> None:
    path = list(sys.path)
    assert await one(folder, "shop:lookup").call(order_id="7") == {"id": "7", "neighbour": "next door"}
    assert await one(folder, "shop:wait").call(seconds=0.0) == "waited"
    assert await one(folder, "shop:Desk.status").call(order_id="7") == "open"
    assert sys.path == path


async def test_two_agents_may_each_have_a_module_of_one_name(tmp_path: Path) -> None:
    answers = []
    for place in ("one", "two"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "tools.py").write_text(f"def where() -> str:\n    return {place!r}\n")
        answers.append(await one(tmp_path / place, "tools:where").call())
    (tmp_path / "one" / "tools.py").write_text("def where() -> str:\n    return 'edited'\n")
    assert [*answers, await one(tmp_path / "one", "tools:where").call()] == ["one", "two", "edited"]


def test_an_installed_module_is_found(tmp_path: Path) -> None:
    from evalplat.records.base import content_hash

    assert one(tmp_path, "evalplat.records.base:content_hash").function is content_hash


@pytest.mark.parametrize(
    ("function", "complaint"),
    [
        ("shop", "expected module:function, found 'shop'"),
        ("shop:", "expected module:function"),
        ("../shop:lookup", "expected module:function"),
        ("shop:nothing", "module shop has no nothing"),
        ("nowhere:lookup", "cannot import nowhere: ModuleNotFoundError"),
        ("broken:lookup", "cannot import broken: SystemExit: no"),
        ("shop:NOT_A_FUNCTION", "expected a function, shop:NOT_A_FUNCTION is int"),
        ("shop:Desk", "expected a function, shop:Desk is type"),
        ("shop:bare", "parameter order_id of shop:bare has no annotation"),
        ("shop:star", r"takes \*order_ids"),
        ("shop:positional", "takes order_id"),
        ("shop:unknown_type", "annotations of shop:unknown_type cannot be read: name 'Order' is not defined"),
        ("shop:stream", "yields"),
    ],
)
def test_a_bad_tool_is_named(folder: Path, function: str, complaint: str) -> None:
    with pytest.raises(SpecError, match=f"tools: t: .*{complaint}") as caught:
        one(folder, function)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["two words", "x" * 65, "tool.name"])
def test_a_name_that_providers_refuse(folder: Path, name: str) -> None:
    with pytest.raises(SpecError, match="a tool's name has up to 64"):
        load_tools([ToolRef(name=name, function="shop:lookup")], base_dir=folder)


@pytest.mark.parametrize(
    ("function", "arguments", "complaint"),
    [
        ("shop:lookup", {"order_id": "?"}, "tool t: LookupError: no such order"),
        ("shop:leave", {}, "tool t: ended by SystemExit: bye"),
        ("shop:leave_async", {}, "tool t: ended by SystemExit: 3"),
        ("shop:unwritable", {}, "tool t: returned object, which cannot be written as JSON"),
        ("shop:own_timeout", {}, "tool t: TimeoutError: upstream took too long"),
        ("shop:cancels_itself", {}, "tool t: cancelled itself"),
        ("shop:stops", {}, "tool t: RuntimeError: StopIteration: "),
    ],
)
async def test_a_failing_function_is_one_line(
    folder: Path, function: str, arguments: dict[str, str], complaint: str
) -> None:
    with pytest.raises(ToolFailed) as caught:
        await one(folder, function).call(**arguments)
    assert str(caught.value) == complaint.rstrip() or str(caught.value).startswith(complaint.rstrip(": "))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("function", ["shop:hang", "shop:wait"])
async def test_a_slow_function_is_given_up(folder: Path, function: str) -> None:
    start = time.perf_counter()
    with pytest.raises(ToolFailed, match=r"tool t: no result within 0\.05 s"):
        await one(folder, function, timeout_s=0.05).call(seconds=0.5)
    assert time.perf_counter() - start < 0.4


async def test_the_event_loop_goes_on_while_a_function_blocks(folder: Path) -> None:
    tool, ticks = one(folder, "shop:hang"), 0
    call = asyncio.ensure_future(tool.call(seconds=0.2))
    while not call.done():
        await asyncio.sleep(0.01)
        ticks += 1
    assert await call == "late"
    assert ticks > 5


async def test_cancelling_a_trial_cancels_its_tool(folder: Path) -> None:
    call = asyncio.ensure_future(one(folder, "shop:wait").call(seconds=60))
    await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == 1


def test_a_function_that_never_returns_does_not_hold_up_the_end() -> None:
    def forever() -> None:
        threading.Event().wait(30)

    async def main() -> None:
        with pytest.raises(ToolFailed):
            await Tool("t", forever, 0.05).call()

    start = time.perf_counter()
    asyncio.run(main())
    assert time.perf_counter() - start < 5
