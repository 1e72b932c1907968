"""How well passages match a question word by word."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .words import make_tokenizer


class Bm25:
    """BM25 (Lucene's variant, k1 1.5, b 0.75) by bm25s, as a share of what the question could have scored.

    A raw BM25 score grows with the number and rarity of the question's words, so it cannot be held against one
    threshold. Divided by its upper bound, the sum of the idf of the question's distinct words (words that occur in no
    passage included), it is in [0, 1): 0 where no word occurs; about 0.4 where each occurs once in a passage of average
    length. The order of the passages stays BM25's.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        import bm25s

        # bm25s sets its logger to DEBUG at import; its talk would show in every application that logs.
        logging.getLogger("bm25s").setLevel(logging.WARNING)
        self._words = make_tokenizer()
        documents = [self._words(text) for text in texts]
        self._size = len(documents)
        self._frequency = Counter(word for document in documents for word in set(document))
        # Sorted: bm25s orders words by their hash, which differs from process to process.
        self._ids = {word: number for number, word in enumerate(sorted(self._frequency))}
        self._index = None
        if self._ids:
            self._index = bm25s.BM25(method="lucene", k1=1.5, b=0.75, dtype="float64", backend="numpy")
            corpus = [[self._ids[word] for word in document] for document in documents]
            # A copy: bm25s adds a word of its own to the vocabulary that it is given.
            self._index.index((corpus, dict(self._ids)), show_progress=False)

    def scores(self, question: str) -> npt.NDArray[np.float64]:
        """One score in [0, 1) for each passage, shape (n,)."""
        words = dict.fromkeys(self._words(question))
        bound = math.fsum(self._idf(word) for word in words)
        known = [self._ids[word] for word in words if word in self._ids]
        if self._index is None or not known:
            return np.zeros(self._size)
        raw = self._index.get_scores_from_ids(known)
        return np.asarray(raw, dtype=np.float64) / bound

    def _idf(self, word: str) -> float:
        df = self._frequency[word]
        return math.log(1 + (self._size - df + 0.5) / (df + 0.5))
