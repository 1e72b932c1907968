"""Whether an answer is what the protocol promises. Everything here comes from outside and may be hostile."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from evalplat.errors import ModelReplyBroken

from .call import Reply, Tokens

_Count = Annotated[StrictInt, Field(ge=0, lt=2**53)]


class _Part(BaseModel):
    """The fields that the gateway relies on; endpoints add others freely."""

    model_config = ConfigDict(extra="ignore")


class _Function(_Part):
    name: StrictStr
    arguments: StrictStr


class _ToolCall(_Part):
    function: _Function | None = None


class _Message(_Part):
    content: StrictStr | list[Any] | None = None
    tool_calls: list[_ToolCall] | None = None


class _Choice(_Part):
    message: _Message


class _Completion(_Part):
    choices: Annotated[list[_Choice], Field(min_length=1)]
    usage: Any = None


class _Details(_Part):
    cached_tokens: _Count | None = None


class _Usage(_Part):
    prompt_tokens: _Count
    completion_tokens: _Count
    prompt_tokens_details: _Details | None = None


def parse_reply(content: bytes) -> Reply:
    """Check the body of a 200. Raises ModelReplyBroken. A usage that makes no sense is no usage."""
    try:
        completion = _Completion.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(item) for item in first["loc"]) or "body"
        raise ModelReplyBroken(f"the reply is not a chat completion: {place}: {first['msg']}") from None
    return Reply(content, _tokens(completion.usage))


def _tokens(usage: Any) -> Tokens | None:
    try:
        parsed = _Usage.model_validate(usage)
    except ValidationError:
        return None
    details = parsed.prompt_tokens_details
    cached = (details.cached_tokens or 0) if details else 0
    return Tokens(parsed.prompt_tokens, parsed.completion_tokens, min(cached, parsed.prompt_tokens))
