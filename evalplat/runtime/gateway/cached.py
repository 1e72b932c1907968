"""The outermost step: an answer that was given before is given again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from evalplat.errors import ModelReplyBroken

from .cache import ResponseCache
from .call import Call, Reply, Step, Tokens
from .endpoint import Endpoint
from .reply import parse_reply
from .usage import UsageMeter


class Cached:
    """Looks a call up under (what answers, request, replica), asks `step` where it is new, and keeps the answer.

    Kept are valid answers that say their usage. `count` adds the tokens of the answer to the meters: see the README
    for why a cached answer has tokens and a price but spends no budget.
    """

    def __init__(
        self,
        step: Step,
        *,
        cache: ResponseCache,
        endpoint: Endpoint,
        replica: int,
        meters: Sequence[UsageMeter],
        count: Callable[[Tokens | None], None],
    ) -> None:
        self._step, self._cache, self._endpoint, self._replica = step, cache, endpoint, replica
        self._meters, self._count = meters, count

    async def __call__(self, call: Call) -> Reply:
        key = self._cache.key(self._endpoint.identity, call.body, self._replica)
        kept = await self._cache.get(key)
        if kept is not None:
            reply = _whole(kept)
            if reply is not None:
                for meter in self._meters:
                    meter.cached_calls += 1
                self._count(reply.tokens)
                return reply
            await self._cache.drop(key)
        reply = await self._step(call)
        secret = self._endpoint.api_key.get_secret_value().encode()
        if reply.tokens is not None and not (secret and secret in reply.content):
            await self._cache.put(key, reply.content)
        return reply


def _whole(kept: bytes) -> Reply | None:
    """The kept answer, or None where the file was damaged."""
    try:
        reply = parse_reply(kept)
    except ModelReplyBroken:
        return None
    return reply if reply.tokens is not None else None
