"""Said: what a Python file says to Python, so that a comment or an empty line makes no other agent."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterator

_OPENS = frozenset({"FSTRING_START", "TSTRING_START"})
_CLOSES = frozenset({"FSTRING_END", "TSTRING_END"})


def said(content: bytes) -> bytes:
    """The file's lines without comments, empty lines and blanks at line ends; what strings say stays, docstrings too,
    as a tool may be described by its own. As it is where it is no Python."""
    try:
        tokens = list(tokenize.tokenize(io.BytesIO(content).readline))
    except (tokenize.TokenError, SyntaxError, ValueError):
        return content
    text = content.decode(tokens[0].string, "surrogateescape").removeprefix("\ufeff")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    if any("\r" in line for line in lines):
        return content  # the rows of tokens are not those of lines
    for token in tokens:
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    inside = set(_rows_that_end_in_a_string(tokens))
    kept = [
        line if row in inside else line.rstrip()
        for row, line in enumerate(lines, start=1)
        if row in inside or row - 1 in inside or line.strip()
    ]
    return "\n".join(kept).encode("utf-8", "surrogateescape")


def _rows_that_end_in_a_string(tokens: list[tokenize.TokenInfo]) -> Iterator[int]:
    """Rows whose line end is within a string."""
    opened: list[int] = []
    for token in tokens:
        name = tokenize.tok_name[token.type]
        if name == "STRING":
            yield from range(token.start[0], token.end[0])
        elif name in _OPENS:
            opened.append(token.start[0])
        elif name in _CLOSES:
            yield from range(opened.pop(), token.end[0])
