"""The step that asks again, after a while, where that may help."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from opentelemetry import trace
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_random_exponential

from .call import AttemptFailed, Call, Reply, Step
from .policy import RetryPolicy

_T = TypeVar("_T")


class Retried:
    """Up to `max_retries` further attempts. Each is noted as an event `retry` on the current OpenTelemetry span."""

    def __init__(self, step: Step, max_retries: int, policy: RetryPolicy) -> None:
        self._step, self._max_retries, self._policy = step, max_retries, policy

    async def __call__(self, call: Call) -> Reply:
        return await retried(
            lambda attempt: self._step(replace(call, attempt=attempt)), self._max_retries, self._policy
        )


async def retried(attempt: Callable[[int], Awaitable[_T]], max_retries: int, policy: RetryPolicy) -> _T:
    """What `attempt` (given its number from 1) returns at last. Raises the ModelError of the last AttemptFailed."""
    backoff = wait_random_exponential(multiplier=policy.base_s, max=policy.max_s)
    attempts = 0

    async def once() -> _T:
        nonlocal attempts
        attempts += 1
        return await attempt(attempts)

    def wait(state: RetryCallState) -> float:
        asked = _failure(state).retry_after_s
        return backoff(state) if asked is None else min(asked, policy.max_retry_after_s)

    retrying = AsyncRetrying(
        stop=stop_after_attempt(1 + max_retries),
        wait=wait,
        retry=retry_if_exception(lambda error: isinstance(error, AttemptFailed) and error.retry),
        before_sleep=_note,
        reraise=True,
    )
    try:
        return await retrying(once)
    except AttemptFailed as failed:
        error = failed.error
        final = error if attempts == 1 else type(error)(f"{error} (after {attempts} attempts)")
        raise final from failed.__cause__


def _failure(state: RetryCallState) -> AttemptFailed:
    failed = state.outcome.exception() if state.outcome else None
    assert isinstance(failed, AttemptFailed)
    return failed


def _note(state: RetryCallState) -> None:
    error = _failure(state).error
    attributes: dict[str, str | int | float] = {
        "cause": type(error).__name__,
        "message": str(error),
        "attempt": state.attempt_number,
        "delay_s": state.next_action.sleep if state.next_action else 0.0,
    }
    trace.get_current_span().add_event("retry", attributes)
