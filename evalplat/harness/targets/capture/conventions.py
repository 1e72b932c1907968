"""Words of the GenAI conventions that every listener needs."""

from __future__ import annotations

import json
from typing import Any

INFERENCE = ("chat", "text_completion", "generate_content")
"""`gen_ai.operation.name` of spans that are one call of a model."""


def tool_attributes(name: str) -> dict[str, Any]:
    """How a tool's span begins."""
    return {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name}


def as_text(value: Any) -> str:
    """A text as it is, everything else as JSON; what JSON cannot say as Python shows it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
