"""Simulation: paired scores of which the truth is known, and the gate's own decision on them."""

from .latent import Latent, Shape
from .score_models import Binary, Bounded, Lognormal, Normal, SimulatedModel, moved
from .simulate import judge, judge_measured, pairs_of, simulate

__all__ = [
    "Binary",
    "Bounded",
    "Latent",
    "Lognormal",
    "Normal",
    "Shape",
    "SimulatedModel",
    "judge",
    "judge_measured",
    "moved",
    "pairs_of",
    "simulate",
]
