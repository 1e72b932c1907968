"""selftest.json, schema `evalplat.selftest/1`."""

from __future__ import annotations

import json

from evalplat.records.selftest import Selftest

from .text import escape_surrogates

SCHEMA = "evalplat.selftest/1"


def selftest_json(selftest: Selftest) -> str:
    """The selftest as JSON text ending in a line feed; numbers unrounded, no NaN."""
    document = {"schema": SCHEMA, **selftest.model_dump(mode="json")}
    return escape_surrogates(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2)) + "\n"
