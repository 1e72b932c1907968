"""Texts made comparable, and whole words found in them."""

from __future__ import annotations

import re
import unicodedata

# Written differently, meant the same.
_ALIKE = {"'": "‘’‚‛′`´", '"': "“”„‟″«»", "-": "‐‑‒–—―−⁃", "/": "⁄∕"}
_INVISIBLE = (0xAD, *range(0x200B, 0x2010), 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_TYPOGRAPHY: dict[int, str | None] = {ord(char): plain for plain, chars in _ALIKE.items() for char in chars}
_TYPOGRAPHY |= dict.fromkeys(_INVISIBLE)
# Superscripts and fractions must not melt into the digits before them: 10² is not 102, 5½ neither 51/2 nor 5.
_SUPERSCRIPTS = {ord(char): f"^{digit}" for digit, char in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}
_FRACTION = re.compile(r"(?<=\d)\s?([¼-¾⅐-⅟↉])")
_FIRST = _TYPOGRAPHY | _SUPERSCRIPTS
_JOINERS = frozenset(".,:/-'^")
_SIGNS = frozenset("-.")
_OPENERS = frozenset(' ([{$€£¥₹=~<>"')
# Scripts that are written without spaces have no whole words that could be told apart.
_SPACELESS = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x9FFF),
              (0xF900, 0xFAFF), (0x20000, 0x3FFFF))  # fmt: skip


def normalize(text: str, *, fold_case: bool = True) -> str:
    """Unicode NFKC, case folded, one space between words, plain quotes and dashes, ASCII digits, nothing invisible.

    Normalising twice changes nothing more.
    """
    if text.isascii():
        text = text.lower() if fold_case else text
    else:
        text = unicodedata.normalize("NFD", _FRACTION.sub(r"^\1", text.translate(_FIRST)))
        for _ in range(2):  # NFKC_Casefold of the Unicode Standard, section 3.13
            text = unicodedata.normalize("NFKC", text.casefold() if fold_case else text)
        text = "".join(_ascii_digit(char) for char in text)
    text = text.translate(_TYPOGRAPHY)
    return " ".join(text.split())


def find_words(needle: str, text: str) -> int:
    """Where `needle` stands in `text` as whole words and whole numbers, -1 where it does not. Both are normalised.

    `5` is not in `15`, `4.95`, `5.5`, `5,000`, `10:5`, `3-5`, `-5` or `.5`; it is in `5.`, `(5)`, `$5` and `5-day`.
    """
    if not needle:
        return -1
    start = text.find(needle)
    while start >= 0:
        end = start + len(needle)
        if _left_is_free(text, start) and _right_is_free(text, end):
            return start
        start = text.find(needle, start + 1)
    return -1


def _left_is_free(text: str, start: int) -> bool:
    if start == 0:
        return True
    first, before = text[start], text[start - 1]
    if first in _SIGNS and text[start + 1 : start + 2].isdigit():
        return not _is_word(before)
    if _is_word(first) and _is_word(before) and not (_is_spaceless(first) or _is_spaceless(before)):
        return False
    if not first.isdigit():
        return True
    further = text[start - 2] if start > 1 else " "
    return not ((before in _JOINERS and further.isdigit()) or (before in _SIGNS and further in _OPENERS))


def _right_is_free(text: str, end: int) -> bool:
    if end == len(text):
        return True
    last, after = text[end - 1], text[end]
    if _is_word(last) and _is_word(after) and not (_is_spaceless(last) or _is_spaceless(after)):
        return False
    return not (last.isdigit() and after in _JOINERS and text[end + 1 : end + 2].isdigit())


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_" or unicodedata.category(char).startswith("M")


def _is_spaceless(char: str) -> bool:
    return any(low <= ord(char) <= high for low, high in _SPACELESS)


def _ascii_digit(char: str) -> str:
    return str(unicodedata.decimal(char)) if not char.isascii() and char.isdecimal() else char


def whole_phrase(phrases: tuple[str, ...], text: str) -> str | None:
    """The first of the normalised phrases that stands in the normalised text as whole words."""
    return next((phrase for phrase in phrases if find_words(phrase, text) >= 0), None)


def unfenced(text: str) -> str:
    """What stands in a Markdown code fence where the whole text is one, else the text, stripped."""
    stripped = text.strip()
    match = re.match(r"```[^\n`]*\n", stripped)
    if match and stripped.endswith("```") and len(stripped) >= match.end() + 3:
        return stripped[match.end() : -3].strip()
    return stripped
