"""Experiment store: MLflow behind one door. Importing this loads nothing of MLflow."""

from .kept import StoredRun
from .kept_file import FileRun, KeptDecision, KeptFile
from .score_table import scores_from_parquet, scores_to_parquet
from .store import Store

__all__ = ["FileRun", "KeptDecision", "KeptFile", "Store", "StoredRun", "scores_from_parquet", "scores_to_parquet"]
