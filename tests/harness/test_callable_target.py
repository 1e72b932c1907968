"""Python functions as targets: how they are found, what they may give back, and how they fail."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from pathlib import Path

import pytest

from evalplat.errors import ReferenceUnknown, TargetFailed
from evalplat.harness import CallableTarget
from evalplat.records import Case, Citation, Outcome, TrialKey, Usage

CASE = Case(id="c1", input="Where is it?")
KEY = TrialKey(case_id="c1")
UNKNOWN = Usage(calls=1, unknown_usage_calls=1, cost_usd=None)

MODULE = """
import asyncio, contextvars, threading, time

def plain(text): return text.upper()
async def asynchronous(text):
    await asyncio.sleep(0)
    return text.upper()
def gives_awaitable(text): return asynchronous(text)
class Agent:
    def __call__(self, text): return "called " + text
    def method(self, text): return "method " + text
class AsyncAgent:
    async def __call__(self, text): return "awaited " + text
agent, async_agent = Agent(), AsyncAgent()
answer_to_all = 42

def full(text):
    return {"text": "x", "citations": ["p1", {"source_id": "p2", "score": 0.5, "text": "passage"}],
            "usage": {"input_tokens": 10, "output_tokens": 2, "calls": 3, "cost_usd": 0.25}}
def tokens_only(text): return {"text": "x", "usage": {"input_tokens": 10, "output_tokens": 2}}

def number(text): return 3
def nothing(text): return None
def without_text(text): return {"answer": "x"}
def misspelt(text): return {"text": "x", "citation": []}
def text_is_number(text): return {"text": 3}
def bad_usage(text): return {"text": "x", "usage": {"input_tokens": -1, "output_tokens": 0}}
def half_usage(text): return {"text": "x", "usage": {"input_tokens": 1}}
def nan_cost(text): return {"text": "x", "usage": {"input_tokens": 1, "output_tokens": 1, "cost_usd": float("nan")}}
def nan_score(text): return {"text": "x", "citations": [{"source_id": "p", "score": float("inf")}]}
def huge(text): return "x" * (9 * 2**20)

def raises(text): raise ValueError("no\\nway")
async def raises_async(text): raise LookupError("gone")
def exits(text): raise SystemExit(3)
async def exits_async(text): raise SystemExit(3)
def interrupts(text): raise KeyboardInterrupt
async def cancels_itself(text): raise asyncio.CancelledError
def stops(text): raise StopIteration("odd")
def times_out_by_itself(text): raise TimeoutError("mine")
def no_arguments(): return "x"

release = threading.Event()
def hangs(text):
    if "hang" in text:
        release.wait(20)
    return threading.current_thread().name + text
async def hangs_async(text): await asyncio.sleep(20)

barrier = threading.Barrier(3, timeout=10)
def needs_three_at_a_time(text):
    barrier.wait()
    return "x"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("project")
    (path / "shop_agent.py").write_text(MODULE)
    return path


@pytest.fixture(autouse=True)
def here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(sys.path))


async def ask(function: str, text: str = CASE.input, **options: float) -> Outcome:
    target = CallableTarget(f"shop_agent:{function}", **options)
    await target.prepare()
    try:
        return await target.answer(CASE.model_copy(update={"input": text}), KEY, 1)
    finally:
        await target.aclose()


@pytest.mark.parametrize(
    ("function", "text"),
    [
        ("plain", "WHERE IS IT?"),
        ("asynchronous", "WHERE IS IT?"),
        ("gives_awaitable", "WHERE IS IT?"),
        ("agent", "called Where is it?"),
        ("async_agent", "awaited Where is it?"),
        ("agent.method", "method Where is it?"),
    ],
)
async def test_any_kind_of_function_answers(function: str, text: str) -> None:
    outcome = await ask(function)
    assert outcome.answer is not None
    assert outcome.answer.text == text
    assert outcome.usage == UNKNOWN  # it did not say, so nobody knows


async def test_citations_and_usage_are_kept() -> None:
    outcome = await ask("full")
    assert outcome.answer is not None
    assert outcome.answer.citations == (
        Citation(source_id="p1", score=0, text=""),
        Citation(source_id="p2", score=0.5, text="passage"),
    )
    assert outcome.usage == Usage(input_tokens=10, output_tokens=2, calls=3, cost_usd=0.25)
    assert (await ask("tokens_only")).usage == Usage(input_tokens=10, output_tokens=2, calls=1, cost_usd=None)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("number", "gave back int; expected a text or a mapping with 'text'"),
        ("nothing", "gave back NoneType"),
        ("without_text", "gave back ['answer']; expected 'text' among them"),
        ("misspelt", "unknown field 'citation'; expected 'text', 'citations', 'usage'"),
        ("text_is_number", "text: Input should be a valid string"),
        ("bad_usage", "usage.input_tokens: Input should be greater than or equal to 0"),
        ("half_usage", "usage.output_tokens: Field required"),
        ("nan_cost", "usage.cost_usd: Input should be a finite number"),
        ("nan_score", "citations.0"),
        ("huge", "gave back 9437184 characters; the limit is 8388608"),
        ("raises", "raised ValueError: no way at shop_agent.py:33"),
        ("raises_async", "raised LookupError: gone at shop_agent.py:34"),
        ("exits", "raised SystemExit: 3 at shop_agent.py"),
        ("exits_async", "raised SystemExit: 3 at shop_agent.py"),
        ("interrupts", "raised KeyboardInterrupt at shop_agent.py"),
        ("cancels_itself", "raised CancelledError at shop_agent.py"),
        ("stops", "StopIteration"),
        ("times_out_by_itself", "raised TimeoutError: mine at shop_agent.py"),
        ("no_arguments", "takes 0 positional arguments"),
    ],
)
async def test_what_goes_wrong_is_a_failure_that_says_so(function: str, said: str) -> None:
    outcome = await ask(function)
    assert outcome.failure is not None
    assert outcome.failure.kind == "TargetFailed"
    assert said in outcome.failure.message
    assert f"shop_agent:{function}" in outcome.failure.message
    assert "\n" not in outcome.failure.message
    assert outcome.usage == UNKNOWN


@pytest.mark.parametrize("function", ["hangs", "hangs_async"])
async def test_one_that_hangs_is_given_up_and_the_next_answers(function: str) -> None:
    CallableTarget("shop_agent:hangs")  # imports the module
    sys.modules["shop_agent"].release.clear()
    start = time.perf_counter()
    outcome = await ask(function, "hang", timeout_s=0.2)
    assert time.perf_counter() - start < 5
    assert outcome.failure is not None
    assert outcome.failure.message == f"shop_agent:{function} gave no answer within 0.2 s"
    sys.modules["shop_agent"].release.set()


async def test_a_thread_left_behind_takes_no_more_work() -> None:
    target = CallableTarget("shop_agent:hangs", timeout_s=0.3)
    release: threading.Event = sys.modules["shop_agent"].release
    release.clear()
    hung = await target.answer(CASE.model_copy(update={"input": "hang"}), KEY, 1)
    fine = [await target.answer(CASE, KEY, 1) for _ in range(3)]
    assert hung.failure is not None
    assert all(outcome.answer is not None for outcome in fine)
    release.set()
    await target.aclose()


async def test_plain_functions_run_at_the_same_time() -> None:
    left_by_others = set(threading.enumerate())  # functions that hang, in other tests
    target = CallableTarget("shop_agent:needs_three_at_a_time")
    outcomes = await asyncio.gather(*(target.answer(CASE, KEY, 1) for _ in range(3)))
    assert all(outcome.answer for outcome in outcomes)
    await target.aclose()
    for _ in range(100):
        if not [one for one in set(threading.enumerate()) - left_by_others if one.name == "evalplat-callable"]:
            break
        await asyncio.sleep(0.02)
    else:
        pytest.fail("threads stay after aclose")


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("no_such_module:answer", "no_such_module:answer: there is no module 'no_such_module', looked for from "),
        ("no.such.module:answer", "there is no module 'no', looked for from "),
        ("shop_agent:nope", "module 'shop_agent' has no 'nope'"),
        ("shop_agent:agent.nope", "module 'shop_agent' has no 'agent.nope'"),
        ("shop_agent:answer_to_all", "is a int, not a function"),
    ],
)
def test_what_is_not_there_is_said_at_once(ref: str, said: str) -> None:
    with pytest.raises(ReferenceUnknown) as error:
        CallableTarget(ref)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("raising_agent", "x = 1\n1/0\n", "raised ZeroDivisionError: division by zero at raising_agent.py:2"),
        ("needy_agent", "import not_installed_anywhere\n", "raised ModuleNotFoundError: No module named"),
        ("broken_agent", "def f(:\n", "raised SyntaxError"),
        ("leaving_agent", "raise SystemExit('bye')\n", "raised SystemExit: bye"),
    ],
)
def test_a_module_that_cannot_be_imported_says_why(folder: Path, name: str, content: str, said: str) -> None:
    (folder / f"{name}.py").write_text(content)
    with pytest.raises(TargetFailed) as error:
        CallableTarget(f"{name}:f")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


async def test_the_fingerprint_is_that_of_the_code_that_runs(folder: Path) -> None:
    path = folder / "edited_agent.py"
    path.write_text("def f(text): return 'old'\ndef g(text): return 'old'\n")
    old, other = CallableTarget("edited_agent:f"), CallableTarget("edited_agent:g")
    assert old.info.fingerprint == CallableTarget("edited_agent:f").info.fingerprint
    assert old.info.fingerprint != other.info.fingerprint
    path.write_text("def f(text): return 'new, and longer'\n")
    new = CallableTarget("edited_agent:f")
    assert new.info.fingerprint != old.info.fingerprint
    outcome = await new.answer(CASE, KEY, 1)
    assert outcome.answer is not None
    assert outcome.answer.text == "new, and longer"
    assert (new.info.kind, new.info.ref, new.info.name) == ("callable", "edited_agent:f", "edited_agent:f")
    await new.aclose()


def test_an_installed_package_and_a_builtin_have_fingerprints_too() -> None:
    assert len(CallableTarget("json:dumps").info.fingerprint) == 64
    assert len(CallableTarget("math:sqrt").info.fingerprint) == 64
