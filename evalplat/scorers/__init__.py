"""Scorers: one typed context in, one Score or failure out."""

from .base import Scorer
from .build import build
from .run import Scored, score_run, score_table

__all__ = ["Scored", "Scorer", "build", "score_run", "score_table"]
