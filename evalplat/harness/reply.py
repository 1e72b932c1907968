"""What a target that is not ours may give back, read with suspicion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, StrictStr, ValidationError

from evalplat.errors import TargetFailed
from evalplat.records import Answer, Citation, Usage

from .failures import one_line

MAX_TEXT = 8 * 2**20
"""Longest answer with its citations, in characters."""


class _Cited(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    source_id: StrictStr = Field(min_length=1)
    score: float = 0.0
    text: StrictStr = ""


class _Used(BaseModel):
    """Tokens are needed: a usage without them would count as nothing used."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    input_tokens: int = Field(ge=0)
    output_tokens: int = Field(ge=0)
    calls: int = Field(default=1, ge=0)
    cost_usd: float | None = Field(default=None, ge=0)


class _Reply(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: StrictStr
    citations: tuple[_Cited | StrictStr, ...] = ()
    usage: _Used | None = None


def read_reply(value: object, *, text_field: str) -> tuple[Answer, Usage | None]:
    """Answer and usage from a text, or from a mapping of `text_field`, `citations` and `usage`.

    A citation is an id, or `{"source_id", "score"?, "text"?}`; a usage is
    `{"input_tokens", "output_tokens", "calls"?, "cost_usd"?}`. Without one the usage is None.
    Raises TargetFailed, saying what was expected.
    """
    if isinstance(value, str):
        value = {text_field: value}
    if not isinstance(value, Mapping):
        raise TargetFailed(f"gave back {type(value).__name__}; expected a text or a mapping with {text_field!r}")
    reply = _validated({str(name): item for name, item in value.items()}, text_field)
    cited = tuple(_Cited(source_id=item) if isinstance(item, str) else item for item in reply.citations)
    size = len(reply.text) + sum(len(item.text) + len(item.source_id) for item in cited)
    if size > MAX_TEXT:
        raise TargetFailed(f"gave back {size} characters; the limit is {MAX_TEXT}")
    answer = Answer(text=str(reply.text), citations=tuple(Citation(**item.model_dump()) for item in cited))
    return answer, None if reply.usage is None else Usage(**reply.usage.model_dump())


def _validated(fields: dict[str, Any], text_field: str) -> _Reply:
    if text_field not in fields:
        raise TargetFailed(f"gave back {one_line(str(sorted(fields)), 120)}; expected {text_field!r} among them")
    fields["text"] = fields.pop(text_field)
    try:
        return _Reply.model_validate(fields)
    except ValidationError as err:
        first = err.errors(include_url=False, include_context=False)[0]
        path = [text_field if part == "text" and not depth else part for depth, part in enumerate(first["loc"])]
        message = f"{'.'.join(map(str, path))}: {first['msg']}"
        if first["type"] == "extra_forbidden" and len(path) == 1:
            message = f"unknown field {path[0]!r}; expected {text_field!r}, 'citations', 'usage'"
        raise TargetFailed(f"gave back something else than was agreed: {one_line(message)}") from err
