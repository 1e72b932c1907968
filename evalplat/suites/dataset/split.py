"""Parts of a dataset that share no cluster, by hash: the same in every process, and cases that are added move none."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evalplat.errors import InputError
from evalplat.records import Case

from .read import Cases

_TOLERANCE = 1e-9

Group = tuple[str, str]
"""Cases that stay together: `("cluster", name)`, or `("case", id)` of a case without a cluster."""


@dataclass(slots=True)
class Grouped:
    """A group while it is put somewhere."""

    n_cases: int = 0
    values: Counter[str] = field(default_factory=Counter)

    @property
    def stratum(self) -> str:
        """The value that most of its cases have; of equals the first by name."""
        return min(self.values, key=lambda value: (-self.values[value], value))


def group_of(case: Case) -> Group:
    """What the case stays together with."""
    return ("case", case.id) if case.cluster is None else ("cluster", case.cluster)


def assign(
    cases: Cases,
    shares: Mapping[str, float],
    *,
    seed: int,
    stratify: str | None = None,
    kept: Mapping[Group, str] | None = None,
) -> dict[Group, str]:
    """The part of each group.

    Without `stratify` a group's place comes from its own hash alone, so the shares hold on average and no case that is
    added or taken away moves another. With `stratify`, groups go in the order of their hashes to the part that lacks
    most of its share among the cases of their stratum, so shares hold within each value of that slice; `kept` are
    groups that have a place already, and they stay (the stateless way would have to move some).

    Raises CaseError, and InputError for shares that are not above 0 or do not sum to 1, or where no case has the slice.
    """
    _check(shares)
    groups: defaultdict[Group, Grouped] = defaultdict(Grouped)
    found = False
    for _, case in cases.read():
        group = groups[group_of(case)]
        group.n_cases += 1
        if stratify is not None:
            found = found or stratify in case.slices
            group.values[case.slices.get(stratify, "")] += 1
    if stratify is not None and not found:
        raise InputError(f"--stratify: no case has the slice {stratify!r}", where=cases.where)
    places = {group: place for group, place in (kept or {}).items() if group in groups}
    if stratify is None:
        return {group: places.get(group) or _by_share(shares, place_of(group, seed)) for group in groups}
    return _balanced(groups, shares, seed, places)


def place_of(group: Group, seed: int, purpose: str = "") -> float:
    """A number in [0, 1) that only group, seed and purpose decide: the first 53 bits of a SHA-256."""
    digest = hashlib.sha256("\x1f".join((str(seed), purpose, *group)).encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53


def _by_share(shares: Mapping[str, float], place: float) -> str:
    end = 0.0
    for name, share in shares.items():
        end += share
        if place < end:
            return name
    return name


def _balanced(
    groups: Mapping[Group, Grouped], shares: Mapping[str, float], seed: int, places: dict[Group, str]
) -> dict[Group, str]:
    has: defaultdict[str, Counter[str]] = defaultdict(Counter)
    total: Counter[str] = Counter()
    for group, name in places.items():
        has[groups[group].stratum][name] += groups[group].n_cases
        total[groups[group].stratum] += groups[group].n_cases
    for group in sorted(groups.keys() - places.keys(), key=lambda group: (place_of(group, seed), group)):
        stratum, n_cases = groups[group].stratum, groups[group].n_cases
        total[stratum] += n_cases
        counts = has[stratum]
        # A remainder that is equal everywhere goes by hash: else small strata would all feed the first part.
        wanted = _by_share(shares, place_of(group, seed, "tie"))
        lacks = {name: share * total[stratum] - counts[name] for name, share in shares.items()}
        most = max(lacks.values())
        best = [name for name, lack in lacks.items() if lack >= most - _TOLERANCE]
        places[group] = wanted if wanted in best else best[0]
        counts[places[group]] += n_cases
    return places


def _check(shares: Mapping[str, float]) -> None:
    if len(shares) < 2:
        raise InputError("--share: two parts at least, as --share train=0.8 --share test=0.2")
    for name, share in shares.items():
        if not 0 < share < 1:
            raise InputError(f"--share: {name}={share:g} is not between 0 and 1")
    if abs(sum(shares.values()) - 1) > 1e-6:
        raise InputError(f"--share: the shares sum to {sum(shares.values()):g}, not to 1")


def kept_places(parts: Sequence[tuple[str, Cases]]) -> dict[Group, str]:
    """Where the groups of earlier parts are. Raises InputError where one is in two of them."""
    places: dict[Group, str] = {}
    for name, cases in parts:
        for _, case in cases.read():
            group = group_of(case)
            if places.setdefault(group, name) != name:
                raise InputError(
                    f"{group[0]} {group[1]!r} is in {places[group]!r} and {name!r}; split again with --afresh",
                    where=cases.where,
                )
    return places
