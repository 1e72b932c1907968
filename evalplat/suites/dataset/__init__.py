"""Datasets: cases read and written, versioned, compared, checked, split, weighed and labelled."""

from .agreement import agreement
from .check import check_alone, check_leak, check_prompt, reading
from .dataset import card_of, card_path, cases_aside, dataset_facts, dataset_name, load_card, load_dataset, write_cases
from .diff import dataset_diff
from .labels import labelled, latest_labels, load_labels
from .read import CaseFile, CaseList, Cases
from .split import assign, group_of, kept_places
from .versions import DatasetVersions
from .weights import load_traffic, weigh, weighed

__all__ = [
    "CaseFile",
    "CaseList",
    "Cases",
    "DatasetVersions",
    "agreement",
    "assign",
    "card_of",
    "card_path",
    "cases_aside",
    "check_alone",
    "check_leak",
    "check_prompt",
    "dataset_diff",
    "dataset_facts",
    "dataset_name",
    "group_of",
    "kept_places",
    "labelled",
    "latest_labels",
    "load_card",
    "load_dataset",
    "load_labels",
    "load_traffic",
    "reading",
    "weigh",
    "weighed",
    "write_cases",
]
