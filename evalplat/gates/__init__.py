"""Gates: pair scored systems into a Comparison; Comparison and policy into a Decision. Pure functions."""

from .compare import compare
from .decide import decide
from .pairing import Lacking
from .simulate import Binary, Latent, Lognormal, Normal, Shape, SimulatedModel, judge, pairs_of, simulate
from .summarize import summarize

__all__ = [
    "Binary",
    "Lacking",
    "Latent",
    "Lognormal",
    "Normal",
    "Shape",
    "SimulatedModel",
    "compare",
    "decide",
    "judge",
    "pairs_of",
    "simulate",
    "summarize",
]
