"""A scenario with parameters into plain data without them: `$name` or `${name}` in any text; `$$` is a dollar sign."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_PLACE = re.compile(r"\$(?:\$|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})")


def filled(value: Any, row: Mapping[str, Any], used: set[str]) -> Any:
    """`value` with the parameters of `row` put in; what was used is added to `used`.

    A text that is nothing but one parameter becomes its value, with its type. Raises ValueError naming a parameter
    that `row` does not have.
    """
    if isinstance(value, str):
        return _text(value, row, used)
    if isinstance(value, dict):
        return {_text(k, row, used) if isinstance(k, str) else k: filled(v, row, used) for k, v in value.items()}
    if isinstance(value, list):
        return [filled(item, row, used) for item in value]
    return value


def _text(text: str, row: Mapping[str, Any], used: set[str]) -> Any:
    if "$" not in text:
        return text

    def value(match: re.Match[str]) -> Any:
        name = match.group(1) or match.group(2)
        if name not in row:
            known = f"; there are: {', '.join(row)}" if row else ""
            raise ValueError(f"parameter {name!r} is not defined{known} (a dollar sign of its own is written $$)")
        used.add(name)
        return row[name]

    whole = _PLACE.fullmatch(text)
    if whole is not None and whole.group() != "$$":
        return value(whole)
    return _PLACE.sub(lambda match: "$" if match.group() == "$$" else str(value(match)), text)
