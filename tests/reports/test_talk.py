"""A conversation as a page shows it."""

from __future__ import annotations

import json

import pytest
from pydantic import JsonValue

from evalplat.records import Episode, Message, ToolCall
from evalplat.reports.talk import talk


def episode(before: dict[str, JsonValue], after: dict[str, JsonValue], **more: object) -> Episode:
    fields: dict[str, object] = {
        "messages": (
            Message(role="user", text="my order?", at_s=0),
            Message(role="agent", text="It is sent.", at_s=3),
            Message(role="user", text="thanks", at_s=4),
        ),
        "tool_calls": (
            ToolCall(tool="look_up", args={"order": "A1"}, turn=1, result={"state": "sent"}, at_s=1, took_s=1),
            ToolCall(tool="pay", args={}, turn=2, error="timed out", fault="timeout", applied=True, at_s=5, took_s=9),
        ),
        "turns": 1,
        "ended": "agent_failed",
        "initial_state": before,
        "final_state": after,
        "seconds": 14,
    }
    return Episode.model_validate(fields | more)


def test_calls_stand_before_the_reply_of_their_turn_and_those_without_a_reply_at_the_end():
    found = talk(episode({}, {}))
    assert found is not None
    assert [(line.who, line.name) for line in found.lines] == [
        ("user", "user"),
        ("tool", "look_up"),
        ("agent", "agent"),
        ("user", "user"),
        ("tool", "pay"),
    ]
    assert found.lines[1].result == '{"state": "sent"}'
    assert found.lines[4].note == "timed out; fault put in: timeout; it took effect all the same"
    assert (found.ended, found.total) == ("the agent failed", 5)
    assert talk(None) is None


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3, "c": 2}}, [("a.b", "1", "3")]),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 5}]}, [("a[1].b", "2", "5")]),
        ({"a": [1]}, {"a": [1, 2]}, [("a[1]", "–", "2")]),
        ({"a": [1, 2]}, {"a": [3]}, [("a[0]", "1", "3"), ("a[1]", "2", "–")]),
        ({"a": 1}, {"b": None}, [("a", "1", "–"), ("b", "–", "null")]),
    ],
)
def test_what_changed_is_named_by_its_path(
    before: dict[str, JsonValue], after: dict[str, JsonValue], changed: list[tuple[str, str, str]]
):
    found = talk(episode(before, after))
    assert found is not None
    assert list(found.changed) == changed


def test_a_long_conversation_is_cut_and_says_so():
    messages = tuple(Message(role="user", text=json.dumps(at), at_s=at) for at in range(200))
    found = talk(episode({}, {}, messages=messages, tool_calls=()))
    assert found is not None
    assert len(found.lines) == 80 and found.total == 200
