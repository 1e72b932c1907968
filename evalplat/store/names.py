"""Our names and texts in the forms that MLflow accepts, reversibly where it is a name."""

from __future__ import annotations

import hashlib
import re

# MLflow: at most 250 characters in a key, 6000 in a param, 8000 in a run's tag, 20000 in an experiment's tag.
# Ours are lower, so that a batch of 50 stays below its request limit of 1 MB whatever the script.
MAX_KEY = 250
MAX_VALUE = 2000
MAX_EXPERIMENT_NAME = 500

_ESCAPED = re.compile(r"_x([0-9A-F]{4,6})_")
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-F]{4})")
_KEY_CHARS = re.compile(r"[^\w.\- ]")
_PROMPT_CHARS = re.compile(r"[^A-Za-z0-9_.\-]")
_WRITTEN_DOT = "\x01"  # stands for a dot that is to be escaped; no name holds control characters
_SURROGATES = re.compile("[\ud800-\udfff]")


def metric_key(name: str, *, dots: re.Pattern[str] | None = None, limit: int = MAX_KEY) -> str:
    """A metric's name as MLflow takes it. What it forbids becomes `_xHHHH_`, as in Office Open XML: `pass^2` is
    `pass_x005E_2`; so do the dots that `dots` finds. `metric_name` undoes it, except beyond `limit` characters,
    where a hash stands for the end."""
    marked = name if dots is None else dots.sub(_WRITTEN_DOT, name)
    return fitted(_leading_dot(_escape(marked, _KEY_CHARS)), limit)


def metric_name(key: str) -> str:
    """The name behind a key of `metric_key`."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), key)


def prompt_name(agent: str, part: str) -> str:
    """A name in MLflow's prompt registry: letters, digits, `_`, `.` and `-` only, the rest as in `metric_key`."""
    return fitted(_escape(f"{agent}.{part}", _PROMPT_CHARS))


def experiment_name(suite: str) -> str:
    """The name of a suite's experiment: its own, shortened with a hash beyond 500 characters."""
    return fitted(displayable(suite), MAX_EXPERIMENT_NAME)


def fitted(key: str, limit: int = MAX_KEY) -> str:
    """The key, or where it is too long its beginning and a hash of the whole."""
    if len(key) <= limit:
        return key
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{key[: limit - 17]}-{digest}"


def clipped(text: str, limit: int = MAX_VALUE) -> str:
    """A text as a param or tag: whole, or its beginning with a mark that says so and the hash of the whole."""
    shown = displayable(text)
    if len(shown) <= limit:
        return shown
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    mark = f" … [cut: {len(text)} characters, sha256 {digest}]"
    return shown[: limit - len(mark)] + mark


def displayable(text: str) -> str:
    """The text without what databases refuse: lone surrogates and NUL become visible stand-ins."""
    return _SURROGATES.sub("\ufffd", text).replace("\0", "\u2400")


def slug(text: str) -> str:
    """A folder's name that tells what it is for and is one to one with the text."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    stem = re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-").lower()[:40]
    return f"{stem}-{digest}" if stem else digest


def run_key(run_id: str) -> str:
    """A run id as MLflow's search language can quote it."""
    return hashlib.sha256(run_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _escape(name: str, forbidden: re.Pattern[str]) -> str:
    guarded = _LOOKS_ESCAPED.sub("_x005F_", name)
    return forbidden.sub(lambda found: _hex(found[0]), guarded)


def _leading_dot(key: str) -> str:
    # MLflow takes names for paths: `.`, `..` and `../x` would be refused.
    return _hex(".") + key[1:] if key.startswith(".") else key


def _hex(char: str) -> str:
    return f"_x{ord('.' if char == _WRITTEN_DOT else char):04X}_"
