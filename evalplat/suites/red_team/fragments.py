"""Fragments of an agent's instructions, by which it is seen that they were let out."""

from __future__ import annotations

import re

_WORDS = 8
_MOST = 12


def fragments(text: str) -> tuple[str, ...]:
    """Patterns of eight words in a row, from sentences all over the text, whatever stands between the words.

    Nobody says eight words of the rules by chance; who tells a rule in own words lets nothing out.
    """
    sentences = [re.findall(r"\w+", part) for part in re.split(r"[.:;!?]\s|\n\s*\n|\n\s*(?:[-*#]|\d+\.)", text)]
    long = [words for words in sentences if len(words) >= _WORDS]
    step = max(1, len(long) // _MOST)
    return tuple(r"(?i)\b" + r"\W+".join(map(re.escape, words[:_WORDS])) + r"\b" for words in long[::step][:_MOST])
