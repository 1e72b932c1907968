"""What a `MisbehavingEndpoint` does wrong, and the seeded plan by which it chooses."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Literal

FaultKind = Literal[
    "rate_limited",  # 429, with Retry-After where `retry_after` is set
    "server_error",  # 500, or `status`
    "broken_body",  # 200, the JSON ends in its middle
    "html_body",  # 200, a proxy's HTML page
    "wrong_schema",  # 200, JSON without choices
    "error_in_200",  # 200, JSON that holds an error, as some proxies send
    "bad_usage",  # 200, usage holds words and negative numbers
    "missing_usage",  # 200 and right, but no usage
    "stalled",  # half of a body, then silence until the client leaves
    "silent",  # not even a status line, until the client leaves
    "trickle",  # a byte every `delay_s`
    "closed",  # connection closed without an answer
    "closed_midway",  # connection closed in the middle of a body
    "slow",  # right, after `delay_s`
    "unauthorized",  # 401
    "bad_request",  # 400
    "unknown_model",  # 404
]

#: Kinds after which the provider has done the work and may bill it, while the client has no usage in hand.
UNKNOWN_USAGE: frozenset[FaultKind] = frozenset(
    {
        "broken_body",
        "html_body",
        "wrong_schema",
        "error_in_200",
        "bad_usage",
        "missing_usage",
        "stalled",
        "silent",
        "trickle",
        "closed",
        "closed_midway",
    }
)


@dataclass(frozen=True)
class Fault:
    """One way to misbehave."""

    kind: FaultKind
    retry_after: str | None = None
    delay_s: float = 0.05
    status: int = 500
    code: str | None = None
    """The error's `code`, in place of the usual one."""
    message: str | None = None
    """The error's `message`, in place of the usual one."""


@dataclass
class FaultPlan:
    """Chooses a fault by `rates` (kind or Fault to share of requests), seeded.

    The draw depends on the content of the request and on how often that content was seen, never on the order of
    arrival: concurrent runs meet the same faults.
    """

    rates: Mapping[FaultKind | Fault, float]
    seed: int = 0
    _seen: Counter[str] = field(default_factory=Counter, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def __call__(self, number: int, request: Mapping[str, Any]) -> Fault | None:
        content = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
        with self._lock:
            self._seen[content] += 1
            attempt = self._seen[content]
        draw = random.Random(f"{self.seed}:{content}:{attempt}").random()
        for fault, rate in self.rates.items():
            if draw < rate:
                return fault if isinstance(fault, Fault) else Fault(fault)
            draw -= rate
        return None
