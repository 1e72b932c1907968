"""Text that tries to run, to break out, to hide or to flood; and how it must be shown."""

from __future__ import annotations

import unicodedata

from hypothesis import strategies as st

TEXTS = (
    "<script>window.pwned = 1</script>",
    "</script><script>window.pwned = 2</script>",
    "<!--<script>",
    "--><img src=x onerror='window.pwned = 3'>",
    '"><svg onload="window.pwned = 4">',
    "</textarea></title></style><b>bold</b>",
    "{{ 7 * 7 }} {% raw %} ${7*7} #{7*7}",
    "]]><![CDATA[ x",
    "&lt;b&gt; &amp; &#60; &nbsp;",
    "javascript:window.pwned=5//",
    "\x00null\x00\x00bytes\x01\x1b[31m",
    "lone \ud800 and \udfff surrogates",
    "abc\u202edcba\u202c \u200fright\u200e \u2066isolate\u2069",
    "zero\u200bwidth\ufefftext\u2028line\u2029paragraph",
    "tag\U000e0041\U000e0042s and \ufffe non-characters \uffff",
    "line one\r\nline two\rline three\ttab\n\n\nline six",
    "a" * 3000,
    "\u202e" * 400,
    "नमस्ते שלום مرحبا 👩‍👩‍👧 e\u0301\u0301\u0301",
    "`code` *bold* [link](https://evil.example/) ![x](https://evil.example/x.png) | pipe | @somebody #123 <br>",
    "=cmd|' /C calc'!A0",
    "$x^2$ $$\\evil$$ \\(x\\)",
)

PIECES = st.sampled_from(
    [
        *("<", ">", "&", '"', "'", "`", "|", "@", "#1", "\x00", "\ud834", "\u202e", "\u2028", "</script>", "<!--"),
        *("]]>", "{{", "%}", "\n", "\r", "\\", "://", "&#x3c;", "\x7f", "\x85", "www.", "[x](y)", "**"),
    ]
)
ANY = st.lists(PIECES | st.text(max_size=8), min_size=1, max_size=12).map("".join).filter(bool)
"""Strings of any code points, lone surrogates and controls, with more of what hurts than chance would bring."""

NAMES = st.text(
    st.characters(min_codepoint=33, exclude_categories=("Zs", "Zl", "Zp", "Cc"))
    | st.sampled_from("<>&\"'`|@\u202e\ud800"),
    min_size=1,
    max_size=30,
).filter(lambda name: name == name.strip())
"""What may be the name of a metric or case."""


def appears(text: str, shown: str, longest: int = 150) -> bool:
    """Whether every stretch of visible characters of `text` stands in `shown`, in order; of long ones the beginning."""
    place = 0
    for stretch in _stretches(text):
        place = shown.find(stretch[:longest], place)
        if place < 0:
            return False
        place += len(stretch[:longest])
    return True


def _stretches(text: str) -> list[str]:
    apart = "".join(" " if unicodedata.category(char) in _UNSEEN else char for char in text)
    return apart.split()


_UNSEEN = {"Cc", "Cf", "Cn", "Cs", "Zs", "Zl", "Zp"}
