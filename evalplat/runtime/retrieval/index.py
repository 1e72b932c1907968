"""Index: passages that can be searched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from evalplat.errors import SpecError
from evalplat.records import Citation

from .bm25 import Bm25
from .embedding import Embedding
from .passages import Passage
from .words import MAX_QUERY_CHARS

Method = Literal["bm25", "embedding", "hybrid"]


class Index:
    """Passages under one method of search. Every score is absolute: it can be held against one threshold.

    - `bm25`: share of the question's word weights that the passage accounts for, in [0, 1); see `Bm25`.
    - `embedding`: cosine of question and passage, in [-1, 1].
    - `hybrid`: the mean of the two, a convex combination with fixed bounds. S. Bruch, S. Gai and A. Ingber, "An
      Analysis of Fusion Functions for Hybrid Retrieval", ACM TOIS 42(1), 2023, find such better than reciprocal rank
      fusion, whose score says nothing about how well anything matches.

    Raises SpecError without any passage.
    """

    def __init__(self, passages: Sequence[Passage], method: Method = "hybrid") -> None:
        if not passages:
            raise SpecError("retrieval: there is no passage to search")
        self.passages = tuple(passages)
        self.method = method
        texts = [f"{passage.title}\n{passage.text}" if passage.title else passage.text for passage in passages]
        self._bm25 = Bm25(texts) if method in ("bm25", "hybrid") else None
        self._embedding = Embedding(texts) if method in ("embedding", "hybrid") else None

    def search(self, query: str, k: int) -> tuple[Citation, ...]:
        """The best `k` passages, best first; equal scores keep the order of the file.

        `bm25` leaves out passages that share no word with the question, so it may return fewer, or none. Looks at the
        first 20,000 characters of the question.
        """
        scores = self._scores(query[:MAX_QUERY_CHARS])
        order = np.argsort(-scores, kind="stable")[:k]
        return tuple(
            Citation(source_id=self.passages[i].id, score=float(scores[i]), text=self.passages[i].text)
            for i in order
            if self.method != "bm25" or scores[i] > 0
        )

    def _scores(self, query: str) -> npt.NDArray[np.float64]:
        parts = [part.scores(query) for part in (self._bm25, self._embedding) if part is not None]
        # Rounded: equal passages must tie, whatever the last digit of a sum in float32 came out as.
        total: npt.NDArray[np.float64] = np.add.reduce(parts)
        return np.round(total / len(parts), 6)
