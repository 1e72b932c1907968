"""Where a world meets the runtime: its tools as the runtime's, its faults of the model in front of the transport."""

from __future__ import annotations

import json
from typing import Any

import httpx2

from evalplat.runtime.tools import Tool

from .domain import ToolError, WorldTool
from .faults import RETRY_AFTER_S
from .world import ConversationOver, World

_TIMEOUT_S = 30.0


def runtime_tools(world: World) -> tuple[Tool, ...]:
    """The tools on offer, as an agent of our runtime calls them: what a tool refuses is a result that says so."""
    return tuple(_tool(tool, world) for tool in world.tools.values())


def _tool(tool: WorldTool, world: World) -> Tool:
    # On the event loop, not in a thread: calls that a model makes at once then come in their order.
    async def call(**args: Any) -> Any:
        try:
            return world.call(tool.name, args)
        except (ToolError, ConversationOver) as err:
            return {"error": str(err)}

    call.__name__ = call.__qualname__ = tool.name
    call.__doc__ = tool.description
    call.__signature__ = tool.signature  # type: ignore[attr-defined]
    call.__annotations__ = {name: p.annotation for name, p in tool.signature.parameters.items()}
    return Tool(tool.name, call, _TIMEOUT_S)


class FaultyTransport(httpx2.AsyncBaseTransport):
    """In front of a gateway's transport: some attempts meet a fault of the scenario's. Closing it closes nothing."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, world: World) -> None:
        self._inner, self._world = inner, world

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer, or what the fault makes of it."""
        fault = self._world.met_by_model()
        if fault is None:
            return await self._inner.handle_async_request(request)
        if fault.kind == "rate_limit":
            self._world.wait(fault.delay_s or RETRY_AFTER_S)
            # The wait is on the simulation's clock: the gateway need not sit it out.
            body = {"error": {"message": "injected by the scenario: too many requests", "type": "rate_limit_exceeded"}}
            headers = {"content-type": "application/json", "retry-after": "0"}
            return httpx2.Response(429, headers=headers, content=json.dumps(body).encode(), request=request)
        if fault.kind == "slow":
            self._world.wait(fault.delay_s)
            patience = request.extensions.get("timeout", {}).get("read")
            if patience is not None and fault.delay_s >= patience:
                raise httpx2.ReadTimeout(f"injected by the scenario: nothing within {patience:g} s", request=request)
            return await self._inner.handle_async_request(request)
        response = await self._inner.handle_async_request(request)
        whole = await response.aread()
        await response.aclose()
        headers = {"content-type": response.headers.get("content-type", "application/json")}
        return httpx2.Response(response.status_code, headers=headers, content=whole[: len(whole) // 2], request=request)
