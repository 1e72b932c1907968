"""Text of strangers made fit to show: nothing invisible, nothing endless, no secret, one way for every format."""

from __future__ import annotations

import re

from evalplat.redaction import without_secrets

# What a reader cannot see or what would reorder the line: C0 and C1 controls (but tab and line feed), soft hyphen,
# bidirectional marks and overrides, zero-width space and joiner of words, line and paragraph separators, interlinear
# marks, byte order mark, tags, lone surrogates, non-characters. Zero-width (non-)joiners stay: scripts need them.
INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f\ud800-\udfff]"
)

# What XML 1.0 cannot carry, not even as a reference.
_XML_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

_LOOK_AHEAD = 2048


def redacted(text: str) -> str:
    """`text` without what looks like a key, a token or a password in a URL.

    Traces are redacted where they are made; this is the last door.
    """
    return without_secrets(text)


def shortened(text: str, limit: int) -> tuple[str, int]:
    """The first `limit` characters, redacted, and how many more there are.

    Looks a little further than it shows, so that no key is shown by half; and no further, so that the patterns'
    time is bounded on a megabyte made against them.
    """
    shown = redacted(text[: limit + _LOOK_AHEAD])[:limit]
    return shown, max(0, len(text) - limit)


def visible(text: str) -> str:
    """`text` with every invisible character written as `U+XXXX` in angle quotes; line ends become line feeds."""
    return INVISIBLE.sub(lambda found: f"⟨{code_point(found.group())}⟩", text.replace("\r\n", "\n"))


def code_point(char: str) -> str:
    """`U+XXXX`."""
    return f"U+{ord(char):04X}"


def one_line(text: object, limit: int = 200) -> str:
    """A single visible line of at most `limit` characters, redacted."""
    raw, more = shortened(str(text), limit)
    line = visible(re.sub(r"\s*[\r\n\t]\s*", " ", raw).strip())
    return f"{line} … {more:,} more characters" if more else line


def xml_safe(text: str) -> str:
    """`text` without the characters that no XML document may hold."""
    return _XML_ILLEGAL.sub("", text)


def escape_surrogates(json_text: str) -> str:
    """JSON text that UTF-8 can carry: lone surrogates, which may stand only in strings, as `\\udXXX`."""
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found.group()):04x}", json_text)
