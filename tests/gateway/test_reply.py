"""What an endpoint sends is hostile: anything but a completion is refused, and nothing else happens."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalplat.errors import ModelReplyBroken
from evalplat.runtime.gateway.call import Call, Tokens
from evalplat.runtime.gateway.reply import parse_reply

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


def completion(**changes: object) -> bytes:
    body = {"choices": [{"message": {"role": "assistant", "content": "hi"}}], "usage": None, **changes}
    return json.dumps(body).encode()


@given(st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_anything_is_a_completion_or_broken(content: bytes) -> None:
    with pytest.raises(ModelReplyBroken) as caught:
        parse_reply(content)
    assert str(caught.value).isprintable()


@given(json_values)
def test_any_usage_is_tokens_or_unknown(usage: object) -> None:
    reply = parse_reply(completion(usage=usage))
    assert reply.tokens is None or min(reply.tokens.input, reply.tokens.output) >= 0


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 3, "completion_tokens": 4}, Tokens(3, 4)),
        ({"prompt_tokens": 3, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 2}}, Tokens(3, 4, 2)),
        ({"prompt_tokens": 3, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 9}}, Tokens(3, 4, 3)),
        ({"prompt_tokens": 3, "completion_tokens": 4, "prompt_tokens_details": None}, Tokens(3, 4)),
        ({"prompt_tokens": -3, "completion_tokens": 4}, None),
        ({"prompt_tokens": True, "completion_tokens": 4}, None),
        ({"prompt_tokens": 3.5, "completion_tokens": 4}, None),
        ({"prompt_tokens": "3", "completion_tokens": 4}, None),
        ({"prompt_tokens": 10**30, "completion_tokens": 4}, None),
        ({"prompt_tokens": 3}, None),
        ([], None),
    ],
)
def test_usage(usage: object, tokens: Tokens | None) -> None:
    assert parse_reply(completion(usage=usage)).tokens == tokens


@pytest.mark.parametrize(
    "choices",
    [
        [],
        None,
        "x",
        [{}],
        [{"message": None}],
        [{"message": {"content": 3}}],
        [{"message": {"content": None, "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]}}],
        [{"message": {"content": None, "tool_calls": "f"}}],
    ],
)
def test_choices_that_are_none(choices: object) -> None:
    with pytest.raises(ModelReplyBroken, match="choices"):
        parse_reply(completion(choices=choices))


def test_deep_nesting_is_broken() -> None:
    with pytest.raises(ModelReplyBroken):
        parse_reply(b"[" * 100_000)


@given(st.lists(st.text(max_size=50), min_size=1, max_size=5), st.integers(1, 1000), st.integers(1, 4))
def test_bounds(texts: list[str], limit: int, count: int) -> None:
    """Input is bounded by the UTF-8 bytes of all texts and more, output by the limit times the choices."""
    messages = [{"role": "user", "content": text} for text in texts]
    call = Call({"model": "m", "messages": messages, "max_tokens": limit, "n": count})
    assert call.input_bound is not None
    assert call.input_bound >= sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) + 20 * len(texts)
    assert call.output_bound == limit * count
    assert json.loads(call.content)["messages"] == messages
