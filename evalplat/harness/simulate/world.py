"""World: the environment of one trial: its state, its clock, and every call that was made."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticSerializationError, to_jsonable_python

from evalplat.errors import EvalplatError
from evalplat.harness.failures import describe, one_line, place
from evalplat.records import InjectedFault, ModelFault, Scenario, ToolCall, ToolFault

from .domain import Domain, ToolError, WorldTool
from .faults import RETRY_AFTER_S, TIMEOUT_S, FaultPlan, injected, misshapen
from .start import as_json, start_state, typed

_MAX_ARGS_CHARS = 100_000


class EnvironmentFailed(EvalplatError):
    """A tool of the domain raised something else than ToolError: a fault of the environment, not of the agent."""


class ConversationOver(BaseException):
    """No more calls are taken. No Exception: an agent that tries again whatever happens must not go on for ever."""


class World:
    """Built anew for every trial. `call` may be used from any thread; after `close` nothing changes any more."""

    def __init__(self, domain: Domain, scenario: Scenario, seed: int) -> None:
        """Raises SpecError where the scenario's state does not fit the domain's type."""
        self._domain, self._scenario, self._seed = domain, scenario, seed
        self._state = start_state(domain, scenario.environment)
        self.initial = as_json(self._state)
        offered = scenario.environment.tools
        names = domain.by_name if offered is None else offered
        self.tools: Mapping[str, WorldTool] = {name: domain.by_name[name] for name in names}
        self.plan = FaultPlan(scenario.faults, seed)
        self.calls: list[ToolCall] = []
        self.faults: list[InjectedFault] = []
        self.clock_s = 0.0
        self.turn = 0
        self.broken: EnvironmentFailed | None = None
        self.last_fault: ToolFault | None = None
        """What the last call met."""
        self.cut_off = False
        """Whether a call was turned away since the agent has used up what the scenario allows."""
        self._closed = False
        self._applied = self._refused = False
        self._lock = threading.Lock()

    @property
    def state(self) -> dict[str, Any]:
        """The state now, as JSON data."""
        return as_json(self._state)

    @property
    def is_full(self) -> bool:
        """Whether the agent has used up the calls that a scenario allows."""
        return len(self.calls) >= self._scenario.max_tool_calls

    def close(self) -> None:
        """End of the trial: a thread that was left behind changes nothing."""
        with self._lock:
            self._closed = True

    def wait(self, seconds: float) -> None:
        """Let time pass on the simulation's clock."""
        self.clock_s = round(self.clock_s + seconds, 6)

    def call(self, tool: str, args: Mapping[str, Any]) -> Any:
        """The result as JSON data. Raises ToolError with what the agent is told, ConversationOver where no calls are
        taken any more; every other call is kept."""
        with self._lock:
            if self._closed:
                raise ConversationOver("the conversation is over")
            if self.is_full or self.broken is not None:
                self.cut_off = True
                raise ConversationOver("no more calls are taken")
            began = self.clock_s
            fault: str | None = None
            self.last_fault = None
            self._applied = self._refused = False
            given: dict[str, Any] = {}
            try:
                given = _plain(args)
                if tool not in self.tools:
                    raise ToolError(f"there is no tool {one_line(tool, 60)!r}; there are: {', '.join(self.tools)}")
                met = self.plan.on_tool(tool)
                self.last_fault = met[2] if met else None
                fault = met[2].kind if met else None
                result = self._plainly(self.tools[tool], given) if met is None else self._struck(tool, given, *met)
            except ToolError as err:
                if self._refused and fault != "stale":  # its own answer: no fault kept the call from being made
                    fault, self.last_fault = None, None
                self._keep(tool, given, began, fault, error=one_line(str(err)) or "refused")
                raise
            self._keep(tool, given, began, fault, result=result)
            return result

    def met_by_model(self) -> ModelFault | None:
        """Count a request to the model; the fault that it meets, noted."""
        with self._lock:
            met = self.plan.on_model()
            if met is None:
                return None
            number, step, fault = met
            self.faults.append(InjectedFault(fault=number, hit="model", kind=fault.kind, step=step, at_s=self.clock_s))
            return fault

    def _keep(
        self, tool: str, args: dict[str, Any], began: float, fault: str | None, *, result: Any = None,
        error: str | None = None,
    ) -> None:  # fmt: skip
        call = ToolCall(
            tool=one_line(tool, 64) or "?",
            args=args,
            turn=max(self.turn, 1),
            result=result,
            error=error,
            fault=fault,
            applied=error is not None and self._applied,
            at_s=began,
            took_s=round(self.clock_s - began, 6),
        )
        self.calls.append(call)

    def _plainly(self, tool: WorldTool, args: Mapping[str, Any]) -> Any:
        self.wait(tool.latency_s)
        result, self._state = self._ran(tool, args, self._state)
        return result

    def _struck(self, name: str, args: Mapping[str, Any], number: int, step: int, fault: ToolFault) -> Any:
        tool = self.tools[name]
        noted = InjectedFault(fault=number, hit=name, kind=fault.kind, step=step, at_s=self.clock_s)
        self.faults.append(noted)
        if fault.kind == "stale":
            self.wait(tool.latency_s)
            return self._ran(tool, args, typed(self._domain, self.initial))[0]
        if fault.kind == "inject":
            return injected(self._plainly(tool, args), fault.text)
        if fault.kind == "wrong_schema":
            self.wait(tool.latency_s)
            result, after = self._ran(tool, args, self._state)
            if fault.applied:
                self._state = after
            return misshapen(result, self._seed, number, step)
        if fault.applied:
            _, self._state = self._ran(tool, args, self._state)
            self._applied = True
        if fault.kind == "timeout":
            waited = fault.delay_s or TIMEOUT_S
            self.wait(waited)
            raise ToolError(fault.message or f"no result within {waited:g} s")
        self.wait(tool.latency_s)
        if fault.kind == "rate_limit":
            again = fault.delay_s or RETRY_AFTER_S
            raise ToolError(fault.message or f"too many requests: try again in {again:g} s")
        raise ToolError(fault.message or "internal error (500)")

    def _ran(self, tool: WorldTool, args: Mapping[str, Any], state: Any) -> tuple[Any, Any]:
        """Result and state after a call on a copy: a call that is refused changes nothing."""
        copy = typed(self._domain, as_json(state))
        try:
            result = _json(tool.run(copy, args))
            return result, typed(self._domain, as_json(copy))
        except ToolError:
            self._refused = True
            raise
        except Exception as err:
            self.broken = EnvironmentFailed(f"tool {tool.name}: {describe(err)} (at {place(err)})")
            raise ToolError("internal error") from err


def _plain(args: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as JSON data, whatever the agent handed over."""
    try:
        data = to_jsonable_python(dict(args), serialize_unknown=True, inf_nan_mode="null")
        data = json.loads(json.dumps(data, allow_nan=False).encode("utf-8", "replace"))
    except (PydanticSerializationError, ValueError, RecursionError, UnicodeError) as err:
        raise ToolError("the arguments are not JSON") from err
    if len(json.dumps(data)) > _MAX_ARGS_CHARS:
        raise ToolError(f"the arguments have more than {_MAX_ARGS_CHARS} characters")
    return {str(name): value for name, value in data.items()}


def _json(result: Any) -> Any:
    """A result that can be written down. Raises ValueError where it cannot."""
    return json.loads(json.dumps(result, allow_nan=False))
