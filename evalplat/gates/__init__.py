"""Gates: pair scored systems into a Comparison; Comparison and policy into a Decision. Pure functions."""

from .compare import compare
from .decide import decide
from .pairing import Lacking
from .summarize import summarize

__all__ = ["Lacking", "compare", "decide", "summarize"]
