"""From what an endpoint or a client library says went wrong to one typed, one-line, keyless error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from evalplat.errors import (
    ModelError,
    ModelOverloaded,
    ModelRefused,
    ModelReplyBroken,
    ModelUnknown,
)

from .call import AttemptFailed
from .endpoint import Endpoint

if TYPE_CHECKING:
    from .exchange import Answer
    from .session import Session

_MAX_DETAIL = 300
#: A proxy in front of the model lost it: the work may have been done, and billed.
_LOST_BEHIND_A_PROXY = frozenset({502, 504, 520, 521, 522, 523, 524})
_TRY_AGAIN = frozenset({408, 409, 425, 429})


def status_failure(endpoint: Endpoint, answer: Answer) -> AttemptFailed:
    """What an answer with a status other than 2xx means."""
    status = answer.status
    code, detail = _detail(answer.content)
    detail = clean(detail, endpoint.api_key)
    said = f"{endpoint.base_url} answered {status}" + (f": {detail}" if detail else "")
    if status >= 500 or (status in _TRY_AGAIN and code != "insufficient_quota"):
        billed = status in _LOST_BEHIND_A_PROXY
        return AttemptFailed(
            ModelOverloaded(said), retry=True, may_be_billed=billed, retry_after_s=answer.retry_after_s
        )
    return AttemptFailed(_refusal(endpoint, status, code, said), retry=False, may_be_billed=False)


def broken_failure(endpoint: Endpoint, broken: ModelReplyBroken, content: bytes) -> AttemptFailed:
    """What a 2xx means that holds no completion; some proxies put an error into it, which is then said."""
    detail = clean(_detail(content, plain_text=False)[1], endpoint.api_key)
    said = f"{endpoint.base_url}: {broken}" + (f": {detail}" if detail else "")
    return AttemptFailed(ModelReplyBroken(said), retry=True, may_be_billed=True)


def _refusal(endpoint: Endpoint, status: int, code: str, said: str) -> ModelError:
    if status in (401, 403):
        return ModelRefused(f"{said} (check OPENAI_API_KEY)")
    if code == "model_not_found":
        return ModelUnknown(f"model {endpoint.model!r}: {said}")
    if status == 404:
        return ModelUnknown(f"model {endpoint.model!r}: {said} (check its name and OPENAI_BASE_URL)")
    if status < 400:
        return ModelRefused(f"{said}, a redirection, which is not followed (check OPENAI_BASE_URL)")
    return ModelRefused(said)


def clean(text: str, key: SecretStr) -> str:
    """One short printable line of `text`, without the key."""
    secret = key.get_secret_value()
    if len(secret) >= 8:
        text = text.replace(secret, "[key]")
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= _MAX_DETAIL else line[: _MAX_DETAIL - 1] + "…"


def _detail(content: bytes, *, plain_text: bool = True) -> tuple[str, str]:
    """(code, message) of an error body; providers differ in its shape. Text that is not JSON is a message too."""
    try:
        data: Any = json.loads(content)
    except (ValueError, RecursionError):
        text = content[:4000].decode("utf-8", "replace")
        return "", text if plain_text and "<html" not in text.lower() else ""
    error = data.get("error", data) if isinstance(data, dict) else data
    if not isinstance(error, dict):
        return "", str(error) if error else ""
    message = error.get("message") or error.get("detail") or ""
    return str(error.get("code") or ""), message if isinstance(message, str) else json.dumps(message)


def find_model_error(exc: BaseException) -> ModelError | None:
    """The typed error in the chain of causes of an exception, or None. openai and pydantic-ai wrap what we raise."""
    return next((link for link in _chain(exc) if isinstance(link, ModelError)), None)


def as_model_error(exc: BaseException, session: Session) -> ModelError:
    """The typed error behind an exception that came out of a model call through `session.client`.

    Where the gateway raised none, the client library could not make sense of the answer: ModelReplyBroken.
    """
    found = find_model_error(exc)
    if found is not None:
        return found
    text = f"the reply could not be used: {type(exc).__name__}: {exc}"
    return ModelReplyBroken(clean(text, session.endpoint.api_key))


def _chain(exc: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = exc
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        if isinstance(link, BaseExceptionGroup):
            for inner in link.exceptions:
                yield from _chain(inner)
        link = link.__cause__ or link.__context__
