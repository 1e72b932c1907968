"""What every record shares: frozen, no unknown fields, a content hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


class Record(BaseModel):
    """A frozen noun that one stage hands to the next. Unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, ser_json_inf_nan="null")

    @property
    def content_hash(self) -> str:
        """SHA-256 of the canonical JSON of this record."""
        return content_hash(self.model_dump(mode="json"))


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, no spaces, no NaN: equal content gives equal text."""
    return _CANONICAL.encode(value)


def content_hash(value: Any) -> str:
    """SHA-256 hex digest of the canonical JSON of `value`."""
    return hashlib.sha256(canonical_json(value).encode("utf-8", "surrogatepass")).hexdigest()


def _one_line(value: str) -> str:
    # What is printable has no control characters; only other text is looked at character by character.
    plain = value.isprintable() or not any(ord(c) < 32 or ord(c) == 127 for c in value)
    if not value or value != value.strip() or not plain:
        raise ValueError("must be one non-empty line without surrounding spaces")
    return value


Name = Annotated[str, AfterValidator(_one_line)]
"""A non-empty one-line identifier."""

Labels = Mapping[str, str]
