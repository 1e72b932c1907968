"""Selftest: how often the gate, with this very policy, is wrong on a suite's own shape."""

from .bench import Bench, Tally, chunk, prepare
from .looks import looks_chunk, plan_of_looks
from .result import result

__all__ = ["Bench", "Tally", "chunk", "looks_chunk", "plan_of_looks", "prepare", "result"]
