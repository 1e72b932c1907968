"""Score tables of others: CSV, JSON Lines and Parquet, read, checked and written."""

from .read import read_score_table
from .write import write_score_table

__all__ = [
    "read_score_table",
    "write_score_table",
]
