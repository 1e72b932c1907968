"""Faults: which call meets which, and what a fault does to a result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from evalplat.records import ModelFault, ToolFault

from .seeds import derived, generator

TIMEOUT_S = 30.0
RETRY_AFTER_S = 1.0


class FaultPlan:
    """The faults of one trial. Whether one strikes depends on its seed, the trial's, and the number of the call."""

    def __init__(self, faults: Sequence[ToolFault | ModelFault], seed: int) -> None:
        self._faults = tuple(enumerate(faults))
        self._seed = seed
        self._met: Counter[int] = Counter()
        self._struck: Counter[int] = Counter()

    def on_tool(self, tool: str) -> tuple[int, int, ToolFault] | None:
        """Count a call of a tool; the number of the fault that it meets, which call it is by that fault's count, and
        the fault."""
        struck: tuple[int, int, ToolFault] | None = None
        for number, fault in self._faults:
            if isinstance(fault, ToolFault) and fault.tool in (tool, "*"):
                step = self._strikes(number, fault, free=struck is None)
                if step is not None:
                    struck = number, step, fault
        return struck

    def on_model(self) -> tuple[int, int, ModelFault] | None:
        """The same for a request to the model."""
        struck: tuple[int, int, ModelFault] | None = None
        for number, fault in self._faults:
            if isinstance(fault, ModelFault):
                step = self._strikes(number, fault, free=struck is None)
                if step is not None:
                    struck = number, step, fault
        return struck

    def _strikes(self, number: int, fault: ToolFault | ModelFault, *, free: bool) -> int | None:
        """The number of this call where the fault strikes: every fault counts, the first that may strikes."""
        self._met[number] += 1
        step = self._met[number]
        if fault.step is not None:
            strikes = step == fault.step
        else:
            drawn = derived("fault", self._seed, fault.seed or 0, number, step) / 2**64
            strikes = fault.probability is not None and drawn < fault.probability
        if not (strikes and free) or (fault.times is not None and self._struck[number] >= fault.times):
            return None
        self._struck[number] += 1
        return step


def misshapen(result: Any, *seed: str | int) -> Any:
    """A result out of shape, but still JSON: a field renamed or left out, or the whole in an envelope."""
    random = generator("wrong_schema", *seed)
    if isinstance(result, dict) and result:
        name = random.choice(sorted(result, key=str))
        rest = {key: value for key, value in result.items() if key != name}
        return rest if random.random() < 0.5 else {**rest, f"{name}_v2": {"value": result[name]}}
    return {"data": [result], "schema": "v2"}


def injected(result: Any, text: str) -> Any:
    """A result with `text` at the end of its longest text; beside the rest where it has none."""
    places = list(_texts(result, ()))
    if not places:
        return {"result": result, "note": text}
    longest = max(places, key=lambda place: len(place[1]))
    return _replaced(result, longest[0], f"{longest[1]} {text}".strip())


def _texts(value: Any, path: tuple[Any, ...]) -> list[tuple[tuple[Any, ...], str]]:
    if isinstance(value, str):
        return [(path, value)]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, inner in items for found in _texts(inner, (*path, key))]


def _replaced(value: Any, path: tuple[Any, ...], text: str) -> Any:
    if not path:
        return text
    if isinstance(value, dict):
        return {key: _replaced(inner, path[1:], text) if key == path[0] else inner for key, inner in value.items()}
    return [_replaced(inner, path[1:], text) if at == path[0] else inner for at, inner in enumerate(value)]
