"""What an exported log of Inspect carries for us in its metadata, beside all that Inspect has a place for."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from evalplat.errors import LogError
from evalplat.records import Grade, Record, Trace, build
from evalplat.records.base import Name

KEY = "evalplat"


class OwnHead(Record):
    """In `eval.metadata`: what a run is called, and its tools and metrics."""

    format: str = Field(default="evalplat.inspect/1", pattern=r"^evalplat\.inspect/1$")
    system: Name
    suite: Name
    dataset: Name
    seed: int = Field(default=0, ge=0)
    metrics: tuple[Name, ...] = Field(min_length=1)
    model: str | None = None
    tools: tuple[dict[str, Any], ...] = ()

    @classmethod
    def of(cls, spec: dict[str, Any], where: str) -> OwnHead | None:
        """None where the log is not an export of ours. Raises LogError for a malformed one."""
        found = _found(spec.get("metadata"))
        return None if found is None else build(cls, found, where=f"{where}: eval.metadata.{KEY}", error=LogError)


class OwnSample(Record):
    """In a sample's metadata: what of case and trial Inspect has no place for.

    `trace` is there where the messages do not give it back; `traced` is false where there was none.
    """

    case: dict[str, Any] = Field(default_factory=dict, description="Without id, input and expect.answers.")
    trial: dict[str, Any] = Field(default_factory=dict, description="Without key, trace and the answer's text.")
    errors: tuple[Grade, ...] = ()
    traced: bool = True
    trace: Trace | None = None

    @classmethod
    def of(cls, sample: dict[str, Any], where: str) -> OwnSample | None:
        """None where the sample carries nothing of ours. Raises LogError for a malformed one."""
        found = _found(sample.get("metadata"))
        return None if found is None else build(cls, found, where=f"{where}: metadata.{KEY}", error=LogError)


def _found(metadata: Any) -> dict[str, Any] | None:
    found = metadata.get(KEY) if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else None
