"""dataset check: what to look at before a dataset is trusted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from evalplat.errors import SpecError
from evalplat.records import AgentSpec, DatasetCheck, DatasetFinding, build, parse_yaml
from evalplat.suites import check_alone, check_leak, check_prompt, dataset_facts, reading
from evalplat.suites.dataset.check import check_threshold
from evalplat.suites.files import read_text

from .dataset import open_dataset

_MAX_BYTES = 16 * 2**20
_SPECS = (".yaml", ".yml")
_TEXTS = (".txt", ".md", ".j2", ".prompt")


def check(ref: str, *, against: Sequence[str] = (), threshold: float = 0.8) -> DatasetCheck:
    """Near-duplicates, contradictions, keys and data about people in a dataset; leaks between it and others.

    Each of `against` is another dataset (as `open_dataset` takes it), such as another part of a split, or a prompt
    that may hold cases as examples: an agent's YAML, or a text file. Raises InputError, CaseError, SpecError or
    ReferenceUnknown.
    """
    check_threshold(threshold)
    named = open_dataset(ref)
    facts = dataset_facts(named.cases)
    read = reading(named.cases)
    found: list[DatasetFinding] = []
    if named.card is None:
        message = "no card: source, licence, intended use, known gaps and contacts are not known"
        found.append(DatasetFinding(code="no_card", message=message))
    found += check_alone(read, threshold=threshold)
    for other in against:
        texts = _prompts(other)
        if texts is not None:
            found += check_prompt(read, texts, other, threshold=threshold)
        else:
            found += check_leak(read, reading(open_dataset(other).cases), threshold=threshold)
    return DatasetCheck(facts=facts, threshold=threshold, against=tuple(against), findings=tuple(found))


def _prompts(ref: str) -> tuple[str, ...] | None:
    """The texts that a model is given before a question; None where the reference is no prompt."""
    path = Path(ref)
    if path.suffix in _TEXTS:
        return (read_text(path, limit=_MAX_BYTES, error=SpecError),)
    if path.suffix not in _SPECS:
        return None
    data, lines = parse_yaml(read_text(path, limit=_MAX_BYTES, error=SpecError), where=ref)
    spec = build(AgentSpec, data, where=ref, lines=lines)
    return spec.prompts.system, spec.prompts.user
