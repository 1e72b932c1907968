"""Domain: the world that scenarios of one kind play in: a typed state, how it starts, and tools that act on it."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic_core import to_jsonable_python

from evalplat.errors import SpecError

DEFAULT_LATENCY_S = 0.1


class ToolError(Exception):
    """What a tool answers where it cannot do what it was asked: the agent is told the message. It changes nothing."""


@dataclass(frozen=True)
class WorldTool:
    """One tool of a domain: `function(state, **arguments)`, of which an agent sees all but the state."""

    name: str
    function: Callable[..., Any]
    parameters: type[BaseModel]
    latency_s: float

    @cached_property
    def description(self) -> str:
        """What an agent is told of it: the docstring."""
        return inspect.getdoc(self.function) or ""

    @cached_property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of the arguments."""
        return self.parameters.model_json_schema()

    @cached_property
    def signature(self) -> inspect.Signature:
        """Of the function without its state, all annotations resolved."""
        own = inspect.signature(self.function)
        hints = typing.get_type_hints(self.function, include_extras=True)
        rest = list(own.parameters.values())[1:]
        shown = [p.replace(annotation=hints[p.name], kind=inspect.Parameter.KEYWORD_ONLY) for p in rest]
        return inspect.Signature(shown, return_annotation=hints.get("return", Any))

    def run(self, state: BaseModel, args: Mapping[str, Any]) -> Any:
        """The result as JSON data; `state` is changed in place. Raises ToolError, or whatever the function raises."""
        try:
            given = self.parameters.model_validate(dict(args))
        except ValidationError as err:
            first = err.errors(include_url=False, include_context=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"])) or "arguments"
            raise ToolError(f"wrong arguments: {place}: {first['msg']}") from err
        named = {name: getattr(given, name) for name in type(given).model_fields}
        return to_jsonable_python(self.function(state, **named))


@dataclass(frozen=True)
class Domain:
    """A world to act in.

    `state` is a pydantic model; `start(random)` makes the state that every scenario begins with, alike for alike
    seeds, so it draws from `random` alone. `tools` are plain functions `(state: State, argument: type, ...) -> JSON`
    with a docstring: they read and change the state, and raise ToolError to say no. They may not look at a clock,
    at files or at anything random. `latency_s`: seconds that a call takes on the simulation's clock, by tool.
    Raises SpecError naming the tool where a function cannot be one.
    """

    name: str
    state: type[BaseModel]
    start: Callable[[Random], BaseModel]
    tools: Sequence[Callable[..., Any]]
    latency_s: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Looks at every tool."""
        if len({tool.__name__ for tool in self.tools}) != len(self.tools):
            raise SpecError("tools: a name occurs twice", where=f"domain {self.name}")
        if unknown := sorted(self.latency_s.keys() - {tool.__name__ for tool in self.tools}):
            raise SpecError(f"latency_s: there is no tool {unknown[0]!r}", where=f"domain {self.name}")
        object.__setattr__(self, "by_name", {function.__name__: self._tool(function) for function in self.tools})

    by_name: Mapping[str, WorldTool] = field(init=False, repr=False, compare=False)
    """The tools, in their order."""

    def _tool(self, function: Callable[..., Any]) -> WorldTool:
        name = function.__name__
        where = f"domain {self.name}: tool {name}"
        if not inspect.isfunction(function) or inspect.iscoroutinefunction(function):
            raise SpecError("expected a plain function", where=where)
        if not inspect.getdoc(function):
            raise SpecError("has no docstring, which is what an agent is told of it", where=where)
        try:
            hints = typing.get_type_hints(function, include_extras=True)
        except Exception as err:  # an annotation is any expression
            raise SpecError(f"its annotations cannot be read: {err}", where=where) from err
        parameters = list(inspect.signature(function).parameters.values())
        if not parameters or hints.get(parameters[0].name) is not self.state:
            raise SpecError(f"its first parameter must be the state, a {self.state.__name__}", where=where)
        fields: dict[str, Any] = {}
        for parameter in parameters[1:]:
            if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                raise SpecError(f"takes {parameter}; arguments are passed by name", where=where)
            if parameter.name not in hints:
                raise SpecError(f"parameter {parameter.name} has no annotation", where=where)
            default = ... if parameter.default is parameter.empty else parameter.default
            fields[parameter.name] = (hints[parameter.name], default)
        try:
            model = create_model(name, __config__=ConfigDict(extra="forbid", arbitrary_types_allowed=False), **fields)
        except Exception as err:  # pydantic has many ways to say that it cannot describe a type
            message = f"its parameters cannot be described: {' '.join(str(err).split())[:200]}"
            raise SpecError(message, where=where) from err
        return WorldTool(name, function, model, self.latency_s.get(name, DEFAULT_LATENCY_S))
