"""json_schema: the answer is JSON of a given shape."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pydantic import field_validator

from evalplat.records import Answer, Case, Record

from .base import CannotScore, Judged, quoted, shorten
from .safe_schema import first_violation, schema_problem
from .wording import unfenced


class JsonSchemaOptions(Record):
    """`schema`: for all cases, instead of each case's `expect.json_schema`."""

    json_schema: dict[str, Any] | None = None

    @field_validator("json_schema")
    @classmethod
    def _is_schema(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        problem = schema_problem(value) if value is not None else None
        if problem:
            raise ValueError(f"is not a usable JSON Schema: {problem}")
        return value


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """1 where the answer, or the one code fence that it consists of, is JSON that the schema accepts."""

    options: JsonSchemaOptions

    def applies(self, case: Case) -> bool:
        """Cases with `expect.json_schema`, or all where the option is set."""
        return self.options.json_schema is not None or case.expect.json_schema is not None

    def check(self, case: Case, answer: Answer) -> Judged:
        """Parse and validate."""
        schema = self.options.json_schema if self.options.json_schema is not None else case.expect.json_schema
        if schema is None:
            raise CannotScore("NoExpectation", "the case has no expect.json_schema")
        try:
            value = json.loads(unfenced(answer.text), parse_constant=_refuse)
        except (ValueError, RecursionError) as err:
            reason = err.msg if isinstance(err, json.JSONDecodeError) else str(err)
            return Judged(0.0, f"{quoted(answer.text)} is not JSON: {shorten(reason)}")
        problem = first_violation(schema, value)
        return Judged(1.0, "is JSON of the expected shape") if problem is None else Judged(0.0, problem)


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")
