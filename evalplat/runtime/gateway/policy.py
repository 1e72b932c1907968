"""RetryPolicy: how long to wait before asking again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with full jitter: before retry n, uniform on [0, min(max_s, base_s * 2**(n-1))] seconds.

    A Retry-After of the endpoint takes the place of that draw, up to `max_retry_after_s`. How often to retry is part
    of the agent (`ModelSettings.max_retries`), not of this policy.
    """

    base_s: float = 0.5
    max_s: float = 20.0
    max_retry_after_s: float = 60.0
