"""The door to plotly: its script as it is installed, packed for a page and known by its hash."""

from __future__ import annotations

import base64
import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class PackedScript:
    """gzip in base64, and the CSP hash source of the inflated text."""

    base64: str
    csp_hash: str


@lru_cache(maxsize=1)
def packed_plotly() -> PackedScript:
    """plotly.js of the installed package; about 2 MB packed, 5 MB inflated by the browser."""
    from plotly.offline import get_plotlyjs

    text = get_plotlyjs().encode()
    # mtime 0: the same page from the same data.
    packed = gzip.compress(text, compresslevel=6, mtime=0)
    return PackedScript(base64.b64encode(packed).decode(), csp_hash(text))


def csp_hash(text: bytes) -> str:
    """The source expression that lets a script or style with exactly this text run."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text).digest()).decode()}'"
