"""Scenario and dataset manager: cases, suites, policies and score tables in, checked records out."""

from .dataset import card_of, card_path, dataset_facts, dataset_name, load_card, load_dataset, write_cases
from .dataset_agreement import agreement
from .dataset_check import check_alone, check_leak, check_prompt, reading
from .dataset_diff import dataset_diff
from .dataset_labels import labelled, latest_labels, load_labels
from .dataset_read import CaseFile, CaseList, Cases
from .dataset_split import assign, group_of, kept_places
from .dataset_versions import DatasetVersions
from .dataset_weights import load_traffic, weigh, weighed
from .scenario_file import Entry, ScenarioFile, is_scenario_file, load_scenarios, read_scenarios, scenario_files
from .suite import load_policy, load_suite
from .table_read import read_score_table
from .table_write import write_score_table

__all__ = [
    "CaseFile",
    "CaseList",
    "Cases",
    "DatasetVersions",
    "Entry",
    "ScenarioFile",
    "agreement",
    "assign",
    "card_of",
    "card_path",
    "check_alone",
    "check_leak",
    "check_prompt",
    "dataset_diff",
    "dataset_facts",
    "dataset_name",
    "group_of",
    "is_scenario_file",
    "kept_places",
    "labelled",
    "latest_labels",
    "load_card",
    "load_dataset",
    "load_labels",
    "load_policy",
    "load_scenarios",
    "load_suite",
    "load_traffic",
    "read_scenarios",
    "read_score_table",
    "reading",
    "scenario_files",
    "weigh",
    "weighed",
    "write_cases",
    "write_score_table",
]
