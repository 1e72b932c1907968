"""A dataset file: JSON Lines of cases, with a card beside it; what can be said of it without holding it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from evalplat.errors import CaseError, SpecError
from evalplat.records import Card, Case, Dataset, DatasetFacts, build, dataset_digest, parse_yaml
from evalplat.suites.files import read_text, replaced

from .read import CaseFile, Cases

MAX_BYTES = 512 * 2**20
_CARD_BYTES = 2**20


def load_dataset(path: Path | str) -> Dataset:
    """The cases of a JSON Lines file, one a line, named after the file's stem. Blank lines are allowed.

    Raises CaseError naming file, line and field: not UTF-8, not JSON, an unknown or malformed field, an id that
    occurs twice (with both lines), a pattern or schema that cannot be used, more than 512 MiB.
    """
    path = Path(path)
    if path.is_file() and path.stat().st_size > MAX_BYTES:
        raise CaseError(f"is larger than {MAX_BYTES // 2**20} MiB", where=str(path))
    cases = tuple(_at_home(case, path.parent) for _, case in CaseFile(path).read())
    return Dataset(name=dataset_name(path), cases=cases)


def _at_home(case: Case, folder: Path) -> Case:
    """A scenario finds its domain beside the file or above, as one in YAML does."""
    if case.scenario is None or case.scenario.environment.home is not None:
        return case
    environment = case.scenario.environment.model_copy(update={"home": folder.resolve()})
    return case.model_copy(update={"scenario": case.scenario.model_copy(update={"environment": environment})})


def dataset_name(path: Path) -> str:
    """What a dataset in this file is called."""
    return path.stem.strip() or "dataset"


def dataset_facts(cases: Cases) -> DatasetFacts:
    """Content hash and sizes, every case checked, in one pass and in the memory of the ids."""
    digests, clusters = bytearray(), set()
    slices: Counter[tuple[str, str]] = Counter()
    unclustered, labelled, weighted = 0, 0, False
    for _, case in cases.read():
        digests += bytes.fromhex(case.content_hash)
        slices.update(case.slices.items())
        labelled += bool(case.labels)
        weighted = weighted or case.weight != 1.0
        if case.cluster is None:
            unclustered += 1
        else:
            clusters.add(case.cluster)
    by_name: dict[str, dict[str, int]] = {}
    for (name, value), count in sorted(slices.items()):
        by_name.setdefault(name, {})[value] = count
    n_cases = len(digests) // 32
    return DatasetFacts(
        where=cases.where,
        digest=dataset_digest(bytes(digests[at : at + 32]) for at in range(0, len(digests), 32)),
        n_cases=n_cases,
        n_clusters=len(clusters) + unclustered,
        n_labelled=labelled,
        weighted=weighted,
        slices=by_name,
    )


def card_path(path: Path) -> Path:
    """Where the card of this dataset file lies: `NAME.card.yaml` beside `NAME.jsonl`."""
    return path.with_name(f"{path.stem}.card.yaml")


def load_card(path: Path | str) -> Card:
    """A card. Raises SpecError naming file, line and field."""
    path = Path(path)
    data, lines = parse_yaml(read_text(path, limit=_CARD_BYTES, error=SpecError), where=str(path))
    return build(Card, data, where=str(path), lines=lines)


def card_of(path: Path) -> Card | None:
    """The card beside a dataset file; None where there is none. Raises SpecError for a malformed one."""
    beside = card_path(path)
    return load_card(beside) if beside.is_file() else None


def write_cases(path: Path, cases: Iterable[Case]) -> int:
    """Cases into a file of JSON Lines, how many; the file is there whole or as it was. Raises InputError."""
    with cases_aside(path, cases) as count:
        return count


@contextmanager
def cases_aside(path: Path, cases: Iterable[Case]) -> Iterator[int]:
    """Cases into a file, how many, that takes the place of `path` where what is done meanwhile ends well.

    Raises InputError where it cannot be written, before anything else is done.
    """
    count = 0
    with replaced(path) as file:
        for case in cases:
            file.write(as_line(case).encode())
            count += 1
        file.flush()
        yield count


def as_line(case: Case) -> str:
    """The case as one line of JSON, without what is left at its default, ending in a line feed."""
    return case.model_dump_json(exclude_defaults=True) + "\n"
