"""Call and Reply: one chat completion as it goes through the gateway's steps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from evalplat.errors import ModelError
from evalplat.records import canonical_json

#: What chat templates add in front of tools, at most: preambles of the known templates take under 300 tokens.
TOOLS_TEMPLATE_TOKENS = 512


@dataclass(frozen=True, slots=True)
class Call:
    """A request body, canonical, and the headers that the session adds."""

    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)
    attempt: int = 1
    base_url: str | None = None
    """Which replica is to answer; None: the endpoint's only one."""

    @property
    def content(self) -> bytes:
        """The body as it is sent: canonical JSON in UTF-8; a lone surrogate stays an escape."""
        return canonical_json(self.body).encode("utf-8", "backslashreplace")

    @property
    def output_bound(self) -> int:
        """No reply has more output tokens."""
        limits = [self.body.get("max_tokens"), self.body.get("max_completion_tokens")]
        return max(limit for limit in limits if isinstance(limit, int)) * int(self.body.get("n") or 1)

    @property
    def input_bound(self) -> int | None:
        """No reply counts more input tokens; None where that cannot be said (images, audio, files).

        A token is at least one byte of UTF-8 text, and the syntax of the JSON outweighs what a chat template puts
        around messages.
        """
        for message in self.body["messages"]:
            content = message.get("content")
            if isinstance(content, list) and any(part.get("type") not in ("text", "refusal") for part in content):
                return None
        return len(self.content) + (TOOLS_TEMPLATE_TOKENS if self.body.get("tools") else 0)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Usage as an endpoint reports it. `cached` are those input tokens that the provider had in its own cache."""

    input: int
    output: int
    cached: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """A valid answer: its JSON text, and its usage where it says one."""

    content: bytes
    tokens: Tokens | None


class AttemptFailed(Exception):
    """One attempt failed. Internal: the retrying step turns it into its `error`."""

    def __init__(
        self,
        error: ModelError,
        *,
        retry: bool,
        may_be_billed: bool,
        sent: bool = True,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.retry = retry
        self.may_be_billed = may_be_billed
        self.sent = sent
        self.retry_after_s = retry_after_s


Step = Callable[[Call], Awaitable[Reply]]
"""One layer of the gateway: takes a call, hands it to the next layer, answers."""
