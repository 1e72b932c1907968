"""Random draws and ids of a simulation: each from a seed and its purpose, alike in every process and order."""

from __future__ import annotations

import hashlib
from random import Random


def derived(*parts: str | int) -> int:
    """64 bits that depend on all parts and on nothing else."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8], "big")


def generator(*parts: str | int) -> Random:
    """A random generator for one purpose."""
    return Random(derived(*parts))  # noqa: S311 - not for secrets


def hex_id(length: int, *parts: str | int) -> str:
    """`length` hexadecimal digits, not all 0."""
    text = "\x1f".join(str(part) for part in parts)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:length]
    return digest if int(digest, 16) else "1" * length
