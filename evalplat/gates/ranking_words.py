"""A ranking in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalplat.records import RankedPair, RankedSystem


def sentences(systems: Sequence[RankedSystem], pairs: Sequence[RankedPair]) -> tuple[str, ...]:
    """Which differences are real: a sentence for each system that is better than some, and one for the top."""
    return (*_top(systems, pairs), *_better(systems))


def _top(systems: Sequence[RankedSystem], pairs: Sequence[RankedPair]) -> Iterator[str]:
    if not any(pair.real for pair in pairs):
        yield f"No difference between any two of the {len(systems)} is real: they cannot be told apart."
        return
    top = [one.system for one in systems if one.first == 1]
    if len(top) == 1:
        others = {2: "the other", 3: "both others"}.get(len(systems), f"all {len(systems) - 1} others")
        whole = len(systems[0].better_than) == len(systems) - 1
        yield f"{top[0]} is better than {others}." if whole else f"Only {top[0]} is not shown to be worse than another."
        return
    yield f"{_listed(top)} cannot be told apart, and nothing is shown to be better than any of them."


def _better(systems: Sequence[RankedSystem]) -> Iterator[str]:
    """Those that are better than the same others in one sentence."""
    for beaten in dict.fromkeys(one.better_than for one in systems):
        if beaten and len(beaten) < len(systems) - 1:
            names = [one.system for one in systems if one.better_than == beaten]
            yield f"{_listed(names)} {'is' if len(names) == 1 else 'are'} better than {_listed(beaten)}."


def _listed(names: Sequence[str]) -> str:
    """`A, B and C`; of many, the first and how many more."""
    if len(names) > 8:
        return f"{', '.join(names[:7])} and {len(names) - 7} more"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
