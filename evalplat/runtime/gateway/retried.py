"""The step that asks again, after a while, where that may help."""

from __future__ import annotations

from dataclasses import replace

from opentelemetry import trace
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_random_exponential

from evalplat.errors import ModelError

from .call import AttemptFailed, Call, Reply, Step
from .policy import RetryPolicy


class Retried:
    """Up to `max_retries` further attempts. Each is noted as an event `retry` on the current OpenTelemetry span."""

    def __init__(self, step: Step, max_retries: int, policy: RetryPolicy) -> None:
        self._step, self._max_retries, self._policy = step, max_retries, policy
        self._backoff = wait_random_exponential(multiplier=policy.base_s, max=policy.max_s)

    async def __call__(self, call: Call) -> Reply:
        retrying = AsyncRetrying(
            stop=stop_after_attempt(1 + self._max_retries),
            wait=self._wait,
            retry=retry_if_exception(lambda error: isinstance(error, AttemptFailed) and error.retry),
            before_sleep=_note,
            reraise=True,
        )
        attempts = 0

        async def attempt() -> Reply:
            nonlocal attempts
            attempts += 1
            return await self._step(replace(call, attempt=attempts))

        try:
            return await retrying(attempt)
        except AttemptFailed as failed:
            raise _final(failed.error, attempts) from failed.__cause__

    def _wait(self, state: RetryCallState) -> float:
        failed = _failure(state)
        if failed.retry_after_s is not None:
            return min(failed.retry_after_s, self._policy.max_retry_after_s)
        return self._backoff(state)


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


def _final(error: ModelError, attempts: int) -> ModelError:
    return error if attempts == 1 else type(error)(f"{error} (after {attempts} attempts)")
