"""Whatever stands in whatever field: a log is read, and then goes out and back unchanged, or refused in one line."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from evalplat.errors import EvalplatError
from evalplat.records import Evaluation
from evalplat.suites.exchange import (
    read_agentdojo,
    read_inspect,
    read_otlp,
    read_run,
    read_tau_bench,
    write_inspect,
    write_run,
)

ODD: list[Any] = [
    None, True, -1, 0, 1e300, 10**30, 2**63, "", "x", "-5", " x ", "\0", "\n", "[1", "{", "attachment://h",
    [], {}, [[]], [None], [1, "a"], {"a": 1}, {"role": "user"}, {"type": 3}, [{"type": "text"}],
]  # fmt: skip
SAID = [
    {"role": "user", "content": "How much?"},
    {"role": "assistant", "content": None, "tool_calls": [
        {"id": "1", "type": "function", "function": {"name": "price", "arguments": '{"of": "x"}'}}]},
    {"role": "tool", "tool_call_id": "1", "content": "4.95", "error": None},
    {"role": "assistant", "content": [{"type": "text", "text": "4.95"}]},
]  # fmt: skip
TAU = {"task_id": 1, "trial": 0, "reward": 1.0, "messages": SAID,
       "info": {"task": {"user_id": "u", "instruction": "Ask."}}}  # fmt: skip
DOJO = {"suite_name": "s", "pipeline_name": "m", "user_task_id": "u", "injection_task_id": "i", "attack_type": "a",
        "messages": SAID, "error": None, "utility": True, "security": False, "duration": 1.0}  # fmt: skip
INSPECT = {
    "status": "success",
    "eval": {"task": "t", "model": "m", "dataset": {"name": "d"}},
    "samples": [{
        "id": "a", "epoch": 1, "input": "x", "target": ["y", "z"], "metadata": {"a": 1}, "attachments": {"h": "x"},
        "messages": [{"role": "assistant", "content": [{"type": "reasoning", "reasoning": "x"}],
                      "tool_calls": [{"id": "1", "function": "f", "arguments": {}}]},
                     {"role": "tool", "tool_call_id": "1", "content": "x", "error": {"type": "x", "message": "m"}}],
        "output": {"completion": "y"}, "scores": {"m": {"value": "C"}, "n": {"value": {"a": 1, "b": "I"}}},
        "model_usage": {"m": {"input_tokens": 1, "total_cost": 0.1}}, "started_at": "2026-01-01T00:00:00Z",
        "total_time": 1.0, "events": [{"event": "model", "tools": [{"name": "p"}]}],
    }],
}  # fmt: skip
OTLP = {"resourceSpans": [{"scopeSpans": [{"spans": [{
    "traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "00000000000000a1", "name": "invoke_agent",
    "startTimeUnixNano": "1000", "endTimeUnixNano": 2000, "status": {"code": 1}, "kind": 3,
    "attributes": [{"key": "gen_ai.input.messages", "value": {"stringValue": json.dumps(
        [{"role": "user", "parts": [{"type": "text", "content": "x"}]}])}},
        {"key": "tags", "value": {"arrayValue": {"values": [{"doubleValue": 0.5}]}}}],
    "events": [{"name": "gen_ai.evaluation.result", "timeUnixNano": "1", "attributes": [
        {"key": "gen_ai.evaluation.name", "value": {"stringValue": "ok"}},
        {"key": "gen_ai.evaluation.score.value", "value": {"doubleValue": 1.0}}]}],
}]}]}]}  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*path, key)
        yield from places(one, (*path, key))


def changed(value: Any, random: Random) -> Any:
    """A copy with a field of any depth replaced, dropped, or put beside."""
    value = copy.deepcopy(value)
    *path, last = random.choice(list(places(value)))
    inner = value
    for key in path:
        inner = inner[key]
    how = random.random()
    if how < 0.15 and isinstance(inner, dict):
        del inner[last]
    elif how < 0.3 and isinstance(inner, dict):
        inner[random.choice(["", "x\ny", "metadata", "error", "id"])] = copy.deepcopy(random.choice(ODD))
    else:
        inner[last] = copy.deepcopy(random.choice(ODD))
    return value


READERS: dict[str, tuple[Any, Callable[[Path], Evaluation]]] = {
    "tau": (TAU, read_tau_bench),
    "agentdojo": (DOJO, lambda path: read_agentdojo(path)[0]),
    "inspect": (INSPECT, lambda path: read_inspect(path, slices=["a"])),
    "otlp": (OTLP, read_otlp),
}


@pytest.mark.parametrize("kind", READERS)
def test_any_field_may_hold_anything(kind, tmp_path):
    source, read = READERS[kind]
    random, taken, refused = Random(kind), 0, 0
    path = tmp_path / "log.json"
    for _ in range(250):
        path.write_text(json.dumps(changed(source, random)))
        try:
            found = read(path)
        except EvalplatError as err:
            assert "\n" not in str(err)
            assert str(err).startswith(str(path))
            refused += 1
            continue
        taken += 1
        write_run(tmp_path / "out.jsonl", found)
        assert read_run(tmp_path / "out.jsonl").digest == found.digest
        write_inspect(tmp_path / "out.eval", found)
        assert read_inspect(tmp_path / "out.eval").digest == found.digest
    assert min(taken, refused) > 40


def test_any_line_of_an_exported_run_may_hold_anything(tmp_path):
    path = tmp_path / "tau.json"
    path.write_text(json.dumps(TAU))
    found = read_tau_bench(path)
    write_run(tmp_path / "run.jsonl", found)
    lines = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    random = Random(1)
    for _ in range(250):
        (tmp_path / "run.jsonl").write_text("\n".join(json.dumps(line) for line in changed(lines, random)))
        try:
            # Only what a record holds anyway may have been changed: a default that was written out, or left out.
            assert read_run(tmp_path / "run.jsonl").digest == found.digest
        except EvalplatError as err:
            assert "\n" not in str(err)
