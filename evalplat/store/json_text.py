"""Records as JSON text, whatever characters a model wrote into them."""

from __future__ import annotations

import json
from typing import Any

from evalplat.records import Record


def record_json(record: Record) -> str:
    """Readable JSON of a record, one document."""
    return _text(record.model_dump(mode="json"), indent=1) + "\n"


def json_line(value: Any) -> str:
    """JSON on one line, without its end."""
    return _text(value, indent=None)


def is_utf8(text: str) -> bool:
    """False where the text holds a lone surrogate, which JSON can escape and UTF-8 cannot hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _text(value: Any, indent: int | None) -> str:
    separators = None if indent else (",", ":")
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators)
    if is_utf8(text):
        return text
    return json.dumps(value, ensure_ascii=True, allow_nan=False, indent=indent, separators=separators)
