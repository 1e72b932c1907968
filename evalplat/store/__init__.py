"""Experiment store: MLflow behind one door. Importing this loads nothing of MLflow."""

from .kept import StoredRun
from .score_table import scores_from_parquet, scores_to_parquet
from .store import Store

__all__ = ["Store", "StoredRun", "scores_from_parquet", "scores_to_parquet"]
