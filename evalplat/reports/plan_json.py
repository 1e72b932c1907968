"""plan.json, schema `evalplat.plan/1`."""

from __future__ import annotations

import json

from evalplat.records.plan import Plan

from .text import escape_surrogates

SCHEMA = "evalplat.plan/1"


def plan_json(plan: Plan) -> str:
    """The plan as JSON text ending in a line feed; numbers unrounded, no NaN."""
    document = {"schema": SCHEMA, **plan.model_dump(mode="json")}
    return escape_surrogates(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2)) + "\n"
