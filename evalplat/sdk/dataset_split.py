"""dataset split: parts that share no cluster, each a file."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from evalplat.errors import InputError
from evalplat.records import DatasetSplit, SplitPart
from evalplat.suites import CaseFile, assign, group_of, kept_places
from evalplat.suites.dataset.dataset import as_line
from evalplat.suites.files import replaced

from .dataset import open_dataset
from .words import name_said


def split(
    ref: str,
    shares: Mapping[str, float],
    *,
    seed: int = 0,
    stratify: str | None = None,
    out: Path | None = None,
    afresh: bool = False,
) -> DatasetSplit:
    """Write DATASET.PART.jsonl for each part, beside the dataset or in the folder `out`.

    A group's part comes from its hash, so the same seed gives the same parts, and cases that are added move none. With
    `stratify` that takes the parts as they lie there into account: what is in them stays, unless `afresh`.
    Raises InputError, CaseError or ReferenceUnknown; then no file is changed.
    """
    named = open_dataset(ref)
    folder = out or (named.path.parent if named.path is not None else Path())
    paths = {name: folder / f"{named.name}.{name}.jsonl" for name in shares}
    for name in shares:
        name_said(name, "--share")
        if not name or Path(name).name != name or any(c in name for c in '<>:"|?*\\'):
            raise InputError(f"--share: {name!r} is no name for a part: a file is called after it")
    earlier = [(name, CaseFile(path)) for name, path in paths.items() if path.is_file() and not afresh]
    kept = kept_places(earlier) if stratify is not None else {}
    places = assign(named.cases, shares, seed=seed, stratify=stratify, kept=kept)
    empty = [name for name in shares if name not in places.values()]
    if empty:
        raise InputError(f"the part {empty[0]!r} would be empty: the dataset has {len(places)} groups")
    counts: Counter[str] = Counter()
    strata: defaultdict[str, Counter[str]] = defaultdict(Counter)
    clusters, stay = Counter(places.values()), 0
    with ExitStack() as stack:
        files = {name: stack.enter_context(replaced(path)) for name, path in paths.items()}
        for _, case in named.cases.read():
            name = places[group_of(case)]
            files[name].write(as_line(case).encode())
            counts[name] += 1
            stay += group_of(case) in kept
            if stratify is not None:
                strata[name][case.slices.get(stratify, "")] += 1
    return DatasetSplit(
        where=named.cases.where,
        seed=seed,
        stratify=stratify,
        kept=stay,
        parts=tuple(
            SplitPart(
                name=name,
                path=str(paths[name]),
                asked=share,
                share=counts[name] / counts.total(),
                n_cases=counts[name],
                n_clusters=clusters[name],
                strata=dict(sorted(strata[name].items())),
            )
            for name, share in shares.items()
        ),
    )
