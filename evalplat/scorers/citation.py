"""citation: the passages that hold the answer are among those that the answer cites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evalplat.records import Answer, Case, Record

from .base import Judged
from .exact import listed


class CitationOptions(Record):
    """`measure`: 1 where `all` (default) or `any` of the sources are cited; or the share `recall` or `precision`."""

    measure: Literal["all", "any", "recall", "precision"] = "all"


@dataclass(frozen=True, slots=True)
class CitationCorrect:
    """Compares `expect.sources` with the ids of the cited passages."""

    options: CitationOptions

    def applies(self, case: Case) -> bool:
        """Cases with `expect.sources`."""
        return bool(case.expect.sources)

    def check(self, case: Case, answer: Answer) -> Judged:
        """Compare the ids."""
        wanted = tuple(dict.fromkeys(case.expect.sources))
        cited = tuple(dict.fromkeys(citation.source_id for citation in answer.citations))
        right = tuple(source for source in wanted if source in cited)
        share = len(right) / len(wanted)
        values = {
            "all": float(share == 1.0),
            "any": float(share > 0),
            "recall": share,
            "precision": len(right) / len(cited) if cited else 0.0,
        }
        why = f"cites {listed(cited)}" if cited else "cites nothing"
        if len(right) < len(wanted):
            why += f", lacks {listed(tuple(source for source in wanted if source not in right))}"
        return Judged(values[self.options.measure], why)
