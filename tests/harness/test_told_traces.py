"""Traces that an endpoint or a command hands back with its answer."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from instruments.target_server import TargetServer

from evalplat.harness import HttpTarget, open_target
from evalplat.records import Case, Outcome, TrialKey, Usage

CASE, KEY = Case(id="c", input="hi"), TrialKey(case_id="c")


def span(number: int, parent: int | None = None, *, trace: str = "ab" * 16, **attributes: object) -> dict[str, Any]:
    return {
        "traceId": trace,
        "spanId": f"{number:016x}",
        **({} if parent is None else {"parentSpanId": f"{parent:016x}"}),
        "name": f"span {number}",
        "startTimeUnixNano": "1000",
        "endTimeUnixNano": "2000",
        "attributes": [
            {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
            for key, value in attributes.items()
        ],
    }


def otlp(*spans: dict[str, Any]) -> dict[str, Any]:
    return {"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}


CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.usage.input_tokens": 9,
    "gen_ai.usage.output_tokens": 3,
    "note": "sk-proj-abcdefghij0123456789 and blue-lamp-99-y",
}


async def told(said: dict[str, Any]) -> Outcome:
    with TargetServer(lambda asked, attempt: said) as server:
        target = HttpTarget(server.url)
        try:
            return await target.answer(CASE, KEY, 1)
        finally:
            await target.aclose()


async def test_an_endpoints_trace_is_the_trials_without_secrets_and_says_its_usage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "blue-lamp-99-y")
    outcome = await told({"output": "x", "trace": otlp(span(2, 1, **CALL), span(1), span(3, 1, **CALL))})
    assert outcome.trace is not None
    assert [one.name for one in outcome.trace.spans] == ["span 1", "span 2", "span 3"]
    assert outcome.trace.spans[1].attributes["note"] == "[redacted] and [redacted]"
    assert outcome.usage == Usage(input_tokens=18, output_tokens=6, calls=2, cost_usd=None)
    outcome = await told({"output": "x", "trace": otlp(span(1)), "usage": {"input_tokens": 1, "output_tokens": 1}})
    assert outcome.usage == Usage(input_tokens=1, output_tokens=1, calls=1, cost_usd=None)
    outcome = await told({"output": "x", "trace": otlp(span(1))})
    assert outcome.usage.unknown_usage_calls == 1


@pytest.mark.parametrize(
    ("trace", "says"),
    [
        ([], "a trace that is a list; expected OTLP JSON with resourceSpans"),
        ({"spans": []}, "a trace that is no OTLP JSON"),
        (otlp(), "spans of 0 traces; expected those of one"),
        (otlp(span(1), span(2, trace="cd" * 16)), "spans of 2 traces; expected those of one"),
    ],
)
async def test_a_trace_that_is_none_is_a_failed_trial(trace: object, says: str) -> None:
    failure = (await told({"output": "x", "trace": trace})).failure
    assert failure is not None
    assert says in failure.message


async def test_all_attempts_at_a_trial_carry_one_traceparent() -> None:
    from instruments.target_server import Reply

    with TargetServer(
        lambda asked, attempt: Reply(503, headers={"Retry-After": "0"}) if attempt == 0 else {"output": "x"}
    ) as server:
        target = HttpTarget(server.url)
        await target.answer(CASE, KEY, 1)
        await target.aclose()
    first, second = (request.headers["traceparent"] for request in server.log)
    assert first == second
    version, trace, parent, flags = first.split("-")
    assert (version, len(trace), len(parent), flags) == ("00", 32, 16, "01")


async def test_a_command_may_hand_back_the_trace_that_it_was_told_to_join(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = json.dumps({"output": "x", "trace": otlp(span(1, trace="TRACE"))})
    Path("program.py").write_text(
        "import json, sys\n"
        "trace = json.loads(sys.stdin.readline())['traceparent'].split('-')[1]\n"
        f"print({answer!r}.replace('TRACE', trace))\n"
    )
    target = open_target(f"cmd:{sys.executable} program.py")
    outcome = await target.answer(CASE, KEY, 1)
    await target.aclose()
    assert outcome.trace is not None
    assert outcome.trace.trace_id == outcome.trace.spans[0].trace_id
    assert len(outcome.trace.spans) == 1
