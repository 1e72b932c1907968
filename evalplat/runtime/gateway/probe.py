"""Whether an endpoint will answer, found out before any trial is spent on it."""

from __future__ import annotations

import json
from typing import Any

from evalplat.errors import ModelRefused

from .call import Call, Step
from .endpoint import Endpoint
from .exchange import Answer, Exchange
from .failures import status_failure
from .policy import RetryPolicy
from .retried import retried

#: A probe asks again once: what is down is said soon.
PROBE_RETRIES = 1
PROBE_POLICY = RetryPolicy(base_s=0.5, max_s=2.0, max_retry_after_s=5.0)
PROBE_TIMEOUT_S = 15.0


class Probe:
    """Asks for the list of models, which bills nothing; asks for a short completion only where the list leaves doubt.

    The list settles it where the model is on it and the endpoint refuses the list without a key: then the key was
    looked at. In doubt are endpoints without a list, with a list for everybody, and models that are not on it
    (aliases); a completion of a few tokens tells.
    """

    def __init__(self, endpoint: Endpoint, exchange: Exchange, ask: Step) -> None:
        self._endpoint, self._exchange, self._ask = endpoint, exchange, ask

    async def __call__(self) -> None:
        """Raises ModelUnknown, ModelRefused, ModelUnreachable, ModelOverloaded or ModelReplyBroken."""
        listed = await retried(lambda _: self._list(with_key=True), PROBE_RETRIES, PROBE_POLICY)
        if self._endpoint.model in _ids(listed):
            without_key = await retried(lambda _: self._list(with_key=False), PROBE_RETRIES, PROBE_POLICY)
            if without_key.status in (401, 403):
                return
        await self._complete()

    async def _list(self, *, with_key: bool) -> Answer:
        url = f"{self._endpoint.base_url}/models"
        answer = await self._exchange.send("GET", url, headers={}, with_key=with_key)
        if answer.status >= 500 or answer.status == 429 or (with_key and answer.status in (401, 403)):
            raise status_failure(self._endpoint, answer)
        return answer

    async def _complete(self) -> None:
        message = {"role": "user", "content": "Reply with OK."}
        body: dict[str, Any] = {"model": self._endpoint.model, "messages": [message], "max_tokens": 16}
        try:
            await self._ask(Call(body))
        except ModelRefused as refused:
            # Reasoning models refuse the name `max_tokens`: then the key and the model were accepted.
            if "max_tokens" not in str(refused):
                raise


def _ids(answer: Answer) -> frozenset[str]:
    if answer.status != 200:
        return frozenset()
    try:
        data = json.loads(answer.content)
        return frozenset(str(item["id"]) for item in data["data"])
    except (ValueError, RecursionError, TypeError, KeyError):
        return frozenset()
