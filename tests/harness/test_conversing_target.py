"""A conversational function on cases of one text: what it is handed, as the page of targets says."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from evalplat.harness import open_target
from evalplat.records import Case, Outcome, TrialKey

PAGE = Path(__file__).parents[2] / "evalplat/harness/targets/README.md"
CASE = Case(id="c1", input="Where is it?")
MODULE = """
import json

def both(messages, tools=None): return json.dumps([messages, tools])
def alone(messages): return json.dumps(messages)
async def later(messages, tools): return {"text": json.dumps([messages, tools])}
def raises(messages): raise ValueError("no way")
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    Path("conversing_agent.py").write_text(MODULE)


async def ask(ref: str) -> Outcome:
    target = open_target(ref)
    await target.prepare()
    try:
        return await target.answer(CASE, TrialKey(case_id="c1"), 1)
    finally:
        await target.aclose()


@pytest.mark.parametrize(
    ("function", "handed"),
    [
        ("both", '[[{"role": "user", "content": "Where is it?"}], {}]'),
        ("later", '[[{"role": "user", "content": "Where is it?"}], {}]'),
        ("alone", '[{"role": "user", "content": "Where is it?"}]'),
    ],
)
async def test_a_text_is_a_list_of_one_message_and_no_tools(function: str, handed: str) -> None:
    outcome = await ask(f"conversing_agent:{function}")
    assert outcome.answer is not None
    assert outcome.answer.text == handed
    assert outcome.usage.unknown_usage_calls == 1  # nobody said what it cost: not known, never zero


async def test_what_it_raises_is_a_failed_trial() -> None:
    outcome = await ask("conversing_agent:raises")
    assert outcome.failure is not None
    assert outcome.failure.kind == "TargetFailed"
    assert "ValueError: no way" in outcome.failure.message


async def test_the_example_of_the_page_answers_as_the_page_says() -> None:
    [code] = re.findall(r"```python\n# desk_conversing\.py\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    Path("desk_conversing.py").write_text(code)
    outcome = await ask("desk_conversing:answer")
    assert outcome.answer is not None
    assert outcome.answer.text == "1 messages, 0 tools: Where is it?"
