"""Scenario and dataset manager: cases, suites, policies and score tables in, checked records out."""

from .dataset import load_dataset
from .suite import load_policy, load_suite
from .table_read import read_score_table
from .table_write import write_score_table

__all__ = ["load_dataset", "load_policy", "load_suite", "read_score_table", "write_score_table"]
