"""history.json, schema `evalplat.history/1`: a suite's runs, the oldest first; numbers unrounded."""

from __future__ import annotations

import json

from evalplat.records import SuiteHistory

from .text import escape_surrogates

SCHEMA = "evalplat.history/1"


def history_json(history: SuiteHistory) -> str:
    """The history as JSON text ending in a line feed; no NaN."""
    document = {"schema": SCHEMA, **history.model_dump(mode="json")}
    return escape_surrogates(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2)) + "\n"
