"""The innermost step: asks once, and checks the answer."""

from __future__ import annotations

from evalplat.errors import ModelReplyBroken

from .call import Call, Reply
from .endpoint import Endpoint
from .exchange import Exchange
from .failures import broken_failure, status_failure
from .reply import parse_reply


class Attempt:
    """One attempt of a call."""

    def __init__(self, endpoint: Endpoint, exchange: Exchange) -> None:
        self._endpoint, self._exchange = endpoint, exchange

    async def __call__(self, call: Call) -> Reply:
        url = f"{call.base_url or self._endpoint.base_url}/chat/completions"
        headers = {**call.headers, "content-type": "application/json"}
        answer = await self._exchange.send("POST", url, headers=headers, content=call.content)
        if not 200 <= answer.status < 300:
            raise status_failure(self._endpoint, answer)
        try:
            return parse_reply(answer.content)
        except ModelReplyBroken as broken:
            raise broken_failure(self._endpoint, broken, answer.content) from None
