"""How close passages are to a question in meaning."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


class Embedding:
    """Cosine similarity of wordllama's static embeddings (l2_supercat, 256 dimensions, from its wheel)."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._vectors = embed(texts)

    def scores(self, question: str) -> npt.NDArray[np.float64]:
        """One cosine in [-1, 1] for each passage, shape (n,). A text without any token has cosine 0 with all."""
        vector = embed([question])[0]
        # einsum without BLAS: the sum is in one order, whatever the number of passages and threads.
        cosines: npt.NDArray[np.float64] = np.einsum("ij,j->i", self._vectors, vector, optimize=False)
        return np.clip(cosines, -1.0, 1.0)


def embed(texts: Sequence[str]) -> npt.NDArray[np.float64]:
    """Unit vectors, shape (n, 256); the zero vector for a text without any token."""
    # One text a batch: a batch is padded to its longest text, which costs memory and may change the last digits.
    clean = [text.encode(errors="replace").decode() for text in texts]
    raw: npt.NDArray[np.float64] = np.asarray(_model().embed(clean, batch_size=1), dtype=np.float64)
    norms: npt.NDArray[np.float64] = np.linalg.norm(raw, axis=1, keepdims=True)
    unit: npt.NDArray[np.float64] = np.divide(raw, norms, out=np.zeros_like(raw), where=norms > 0)
    return unit


@cache
def _model() -> Any:
    # wordllama calls logging.basicConfig when imported, and the whole program would begin to log to the terminal;
    # basicConfig does nothing where the root logger has a handler.
    root, silence = logging.getLogger(), logging.NullHandler()
    root.addHandler(silence)
    try:
        import wordllama
    finally:
        root.removeHandler(silence)
    # Its wheel holds the model; the package folder as cache and no download keep it off the network.
    return wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)
