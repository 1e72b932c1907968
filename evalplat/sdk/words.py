"""What a user says in a line: names, notes, who somebody is."""

from __future__ import annotations

import unicodedata

from evalplat.errors import InputError

_NO_LINE = ("Cc", "Cs", "Zl", "Zp")
"""Unicode's categories of control characters, halves of pairs, and separators of lines and paragraphs."""


def name_said(text: str, option: str) -> str:
    """A name without the spaces around it. Raises InputError naming the option where it is empty or not one line."""
    said = text.strip(" ")
    if not said or any(unicodedata.category(char) in _NO_LINE for char in said):
        raise InputError(f"{option}: must be one line, not empty and without control characters, found {text[:60]!r}")
    return said


def note_said(text: str, option: str) -> str:
    """A note of any length, its lines made one; empty where there is none. Raises InputError as `name_said`."""
    joined = " ".join(text.split())
    return name_said(joined, option) if joined else ""
