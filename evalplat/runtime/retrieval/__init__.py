"""Retrieval: passages, and an index that finds those that bear on a question."""

from .index import Index, Method
from .passages import Passage, load_passages, parse_passages, passages_sha256, read_file, read_passages

__all__ = [
    "Index",
    "Method",
    "Passage",
    "load_passages",
    "parse_passages",
    "passages_sha256",
    "read_file",
    "read_passages",
]
