"""ValueTest and Condition: what must hold of a value, and of a place in a state; a person writes and reads them."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, JsonValue, model_validator

from .base import Name, Record
from .state_path import StatePath

Scalar = str | bool | int | float


class ValueTest(Record):
    """Something that holds of one value or does not: exactly one operator is given.

    Numbers compare as numbers (1 equals 1.0), never with booleans or text.
    """

    equals: JsonValue = Field(default=None, description="The same JSON value; for null use `empty: true`.")
    not_equals: JsonValue = None
    one_of: tuple[JsonValue, ...] = Field(default=(), description="Any one of these.")
    at_least: float | None = None
    at_most: float | None = None
    contains: JsonValue = Field(default=None, description="A text holds this text, a list this element, an object key.")
    matches: str | None = Field(default=None, description="Regular expression found anywhere in a text.")
    exists: bool | None = Field(default=None, description="Whether there is anything at the path at all.")
    empty: bool | None = Field(default=None, description="Null, or a text, list or object with nothing in it.")
    count: int | None = Field(default=None, ge=0, description="Elements of the list or object at the path.")
    count_at_least: int | None = Field(default=None, ge=0)
    count_at_most: int | None = Field(default=None, ge=0)

    @property
    def operators(self) -> tuple[str, ...]:
        """The operators that are given."""
        fields = type(self).model_fields
        return tuple(n for n in _OPERATORS if n in fields and getattr(self, n) not in (None, ()))

    @property
    def operator(self) -> str:
        """The one operator."""
        return self.operators[0]

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        """A bare value stands for `equals`."""
        return {"equals": data} if isinstance(data, str | bool | int | float) else data

    @model_validator(mode="after")
    def _one_operator(self) -> Self:
        found = self.operators
        if len(found) != 1:
            some = f"found {', '.join(found)}" if found else "found none"
            raise ValueError(f"needs exactly one operator ({', '.join(_OPERATORS)}), {some}")
        return self

    def in_words(self) -> str:
        """`equals 'x'`, `at_most 5`."""
        return f"{self.operator} {getattr(self, self.operator)!r}"


class Condition(ValueTest):
    """A ValueTest of what is at a place of the state.

    `path`: fields by dots, list elements by `[0]` or `[-1]`, keys that are no plain word in quotes
    (`orders["A.17"].status`), every element by `[*]`, those with a field's value by `[order_id=A17]`; `$` is the whole
    state. A path with `[*]` or `[field=value]` finds any number of values, and `match` says whether `some` or `every`
    one must hold (every: of at least one); `exists`, `empty` and
    `count` look at all of them together. Where a path finds nothing, only `exists: false`, `empty: true` and
    `count: 0` hold.
    """

    path: Name
    match: Literal["some", "every"] | None = None
    unchanged: Literal[True] | None = Field(default=None, description="The same at the end as at the start.")
    changed: Literal[True] | None = None
    rises_by: float | None = Field(default=None, description="End minus start of a number; negative: it falls.")
    ignoring: tuple[Name, ...] = Field(default=(), description="With `unchanged`: paths below that may change.")
    why: str = Field(default="", description="What it means, in the author's words; shown where it fails.")

    @model_validator(mode="after")
    def _sound_path(self) -> Self:
        path = StatePath.parse(self.path)
        for other in self.ignoring:
            StatePath.parse(other)
        if self.match is not None and (not path.is_many or self.operator in _OF_ALL):
            raise ValueError("`match` goes with a path that has [*] or [field=value], and with a test of each value")
        if path.is_many and self.match is None and self.operator not in _OF_ALL:
            raise ValueError(f"path {self.path!r} may find several values: say `match: some` or `match: every`")
        if path.is_many and self.rises_by is not None:
            raise ValueError("`rises_by` needs a path to one value")
        return self

    @model_validator(mode="after")
    def _ignoring_unchanged(self) -> Self:
        if self.ignoring and not self.unchanged:
            raise ValueError("`ignoring` goes with `unchanged: true`")
        return self

    def in_words(self) -> str:
        """`orders.A17.status equals 'refunded'`."""
        which = f" ({self.match})" if self.match else ""
        but = f" but for {', '.join(self.ignoring)}" if self.ignoring else ""
        shown = "unchanged" if self.unchanged else "changed" if self.changed else super().in_words()
        return f"{self.path}{which} {shown}{but}"


_OF_ALL = frozenset({"exists", "empty", "count", "count_at_least", "count_at_most", "unchanged", "changed", "rises_by"})
"""Operators that look at all values of a path together."""

_OPERATORS = (
    "equals", "not_equals", "one_of", "at_least", "at_most", "contains", "matches", "exists", "empty", "count",
    "count_at_least", "count_at_most", "unchanged", "changed", "rises_by",
)  # fmt: skip
