"""Text into the words that BM25 counts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

MAX_QUERY_CHARS = 20_000
"""Retrieval looks at this much of a question: the text is hostile, and embedding costs memory by its length."""

# Numbers keep their decimals and thousands: "4.99" is one word.
_WORD = re.compile(r"\d+(?:[.,]\d+)+|[^\W_]+")


def make_tokenizer() -> Callable[[str], list[str]]:
    """A function from text to words: NFKC, casefolded, English stop words left out, plurals stemmed."""
    from bm25s.stopwords import STOPWORDS_EN_PLUS

    stop = frozenset(part for word in STOPWORDS_EN_PLUS for part in _WORD.findall(word))

    def words(text: str) -> list[str]:
        folded = unicodedata.normalize("NFKC", text).casefold()
        return [stem(word) for word in _WORD.findall(folded) if word not in stop]

    return words


def stem(word: str) -> str:
    """The word without its plural ending, by Harman's S-stemmer.

    Source: D. Harman, "How effective is suffixing?", JASIS 42(1), 1991. It changes only what is safely a plural;
    the first rule whose ending fits decides.
    """
    if len(word) > 3 and word.isalpha():
        if word.endswith("ies"):
            return word if word.endswith(("eies", "aies")) else word[:-3] + "y"
        if word.endswith("es"):
            return word if word.endswith(("aes", "ees", "oes")) else word[:-1]
        if word.endswith("s"):
            return word if word.endswith(("us", "ss")) else word[:-1]
    return word
