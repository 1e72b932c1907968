"""One question through a session's client."""

from __future__ import annotations

from typing import Any


async def ask(session: Any, text: str = "What is the capital of France?", **options: Any) -> str | None:
    """The text of the answer; `session` is a `gateway.Session`."""
    reply = await session.client.chat.completions.create(
        model=session.model, messages=[{"role": "user", "content": text}], **options
    )
    content: str | None = reply.choices[0].message.content
    return content
