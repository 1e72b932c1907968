"""Dataset: a content-hashed set of cases; its card, and a version of it that is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from pydantic import AwareDatetime, Field, model_validator

from .base import Name, Record
from .case import Case

_SCHEME = b"evalplat.dataset/1\n"


class Dataset(Record):
    """A content-hashed set of cases with unique ids."""

    name: Name
    cases: tuple[Case, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _unique_ids(self) -> Dataset:
        seen: set[str] = set()
        for case in self.cases:
            if case.id in seen:
                raise ValueError(f"case id {case.id!r} occurs twice")
            seen.add(case.id)
        return self

    @property
    def content_hash(self) -> str:
        """`dataset_digest` of its cases: neither their order nor the dataset's name counts."""
        return dataset_digest(bytes.fromhex(case.content_hash) for case in self.cases)


def dataset_digest(case_hashes: Iterable[bytes]) -> str:
    """SHA-256, in hex, of `evalplat.dataset/1`, a line feed, and the 32-byte hashes of all cases, sorted."""
    return hashlib.sha256(_SCHEME + b"".join(sorted(case_hashes))).hexdigest()


class Card(Record):
    """What a reader must know before using a dataset. It is beside the cases and no part of their hash."""

    source: str = Field(min_length=1, description="Where the cases come from, and how they were made.")
    licence: Name = Field(description="An SPDX identifier, or words.")
    intended_use: str = Field(min_length=1)
    known_gaps: tuple[str, ...] = Field(description="What the cases do not cover; an empty list says: none known.")
    contacts: tuple[str, ...] = Field(min_length=1, description="Who answers for it.")
    description: str = ""
    personal_data: str = Field(default="", description="Whether it holds data about people, and on what ground.")


class DatasetVersion(Record):
    """A kept version. `digest` is its content's address; `number` counts the versions of one name from 1."""

    name: Name
    number: int = Field(ge=1)
    digest: str = Field(pattern="^[0-9a-f]{64}$")
    n_cases: int = Field(ge=1)
    at: AwareDatetime
    message: str = ""
    card: Card | None = None

    @property
    def ref(self) -> str:
        """How it is named on the command line."""
        return f"{self.name}@v{self.number}"
