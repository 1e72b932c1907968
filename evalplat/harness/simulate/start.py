"""The state that a scenario begins with: the domain's, with the scenario's own values put over it, validated."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import to_jsonable_python

from evalplat.errors import SpecError
from evalplat.records import Environment
from evalplat.records.state_path import Index, Key, StatePath

from .domain import Domain
from .seeds import generator


def start_state(domain: Domain, environment: Environment) -> BaseModel:
    """The typed state at the beginning. Raises SpecError naming the path that cannot be set, or is of a wrong type."""
    began = domain.start(generator("start", domain.name, environment.seed))
    if not isinstance(began, domain.state):
        raise SpecError(f"start gives back {type(began).__name__}, not {domain.state.__name__}", where=domain.name)
    data = as_json(began)
    for text, value in environment.state.items():
        try:
            _put(data, StatePath.parse(text), value)
        except ValueError as err:
            raise SpecError(str(err), where="environment.state") from err
    return typed(domain, data)


def typed(domain: Domain, data: dict[str, Any]) -> BaseModel:
    """A state from JSON data. Raises SpecError naming the field."""
    try:
        return domain.state.model_validate(data)
    except ValidationError as err:
        first = err.errors(include_url=False, include_context=False)[0]
        field = ".".join(map(str, first["loc"])) or "the whole"
        message = f"{field}: {first['msg']}, found {repr(first['input'])[:60]}"
        raise SpecError(message, where="environment.state") from err


def as_json(state: BaseModel) -> dict[str, Any]:
    """A state as JSON data, of which nothing is shared with it."""
    data: dict[str, Any] = to_jsonable_python(state)
    return data


def _put(data: Any, path: StatePath, value: Any) -> None:
    if not path.steps or path.is_many:
        raise ValueError(f"path {path.text!r}: expected one place in the state")
    *above, last = path.steps
    found = StatePath(path.text, tuple(above)).find(data)
    if not found:
        raise ValueError(f"path {path.text!r}: there is nothing that it could be in")
    holder = found[0]
    if isinstance(last, Key) and isinstance(holder, dict):
        holder[last.name] = value
    elif isinstance(last, Index) and isinstance(holder, list) and -len(holder) <= last.at <= len(holder):
        holder[last.at : last.at + 1 if last.at != -1 else None] = [value]
    else:
        raise ValueError(f"path {path.text!r}: a {type(holder).__name__} has no such place")
