"""Curation: cases in from traces and failures, masked and pending; failures in groups; cases out that tell nothing."""

from .beside import Beside
from .failed import Bad, FailedCase, bad_scores, failed_cases
from .grouping import Failing, Group, Grouping, group_failures
from .masking import Masker, leaks_of, masked_case
from .proposals import Curator, Known, Place, proposals, without_duplicates
from .retirement import Evidence, is_guarded, retirement, trials_needed

__all__ = [
    "Bad",
    "Beside",
    "Curator",
    "Evidence",
    "FailedCase",
    "Failing",
    "Group",
    "Grouping",
    "Known",
    "Masker",
    "Place",
    "bad_scores",
    "failed_cases",
    "group_failures",
    "is_guarded",
    "leaks_of",
    "masked_case",
    "proposals",
    "retirement",
    "trials_needed",
    "without_duplicates",
]
