"""summary.json, schema `evalplat.summary/1`."""

from __future__ import annotations

import json

from evalplat.records import Summary

from .text import escape_surrogates

SCHEMA = "evalplat.summary/1"


def summary_json(summary: Summary) -> str:
    """The summary as JSON text ending in a line feed; numbers unrounded, no NaN."""
    document = {"schema": SCHEMA, **summary.model_dump(mode="json")}
    return escape_surrogates(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2)) + "\n"
