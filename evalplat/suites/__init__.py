"""Scenario and dataset manager: cases, suites, policies and score tables in, checked records out."""

from .dataset import card_of, card_path, dataset_facts, dataset_name, load_card, load_dataset
from .dataset_diff import dataset_diff
from .dataset_read import CaseFile, CaseList, Cases
from .dataset_versions import DatasetVersions
from .suite import load_policy, load_suite
from .table_read import read_score_table
from .table_write import write_score_table

__all__ = [
    "CaseFile",
    "CaseList",
    "Cases",
    "DatasetVersions",
    "card_of",
    "card_path",
    "dataset_diff",
    "dataset_facts",
    "dataset_name",
    "load_card",
    "load_dataset",
    "load_policy",
    "load_suite",
    "read_score_table",
    "write_score_table",
]
