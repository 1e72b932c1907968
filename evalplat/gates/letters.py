"""Letters: systems that share one cannot be told apart."""

from __future__ import annotations

import string
from collections.abc import Collection, Sequence


def letters(order: Sequence[str], different: Collection[frozenset[str]]) -> dict[str, str]:
    """By name its letters: two names share one exactly where their pair is not in `different`.

    `order` is from the best to the worst, and the letters begin with the best. After `z` come `aa`, `ab`, …, which are
    then set apart by a comma.

    Insert and absorb: Piepho, An algorithm for a letter-based representation of all-pairwise comparisons, J. of
    Computational and Graphical Statistics 13 (2004) 456-466.
    """
    groups: list[frozenset[str]] = [frozenset(order)]
    for pair in sorted(different, key=lambda one: sorted(order.index(name) for name in one)):
        groups = _without(groups, pair)
    at = {name: place for place, name in enumerate(order)}
    groups.sort(key=lambda group: sorted(at[name] for name in group))
    names = [_letter(number) for number in range(len(groups))]
    between = "," if len(groups) > len(string.ascii_lowercase) else ""
    return {
        name: between.join(letter for letter, group in zip(names, groups, strict=True) if name in group)
        for name in order
    }


def _without(groups: Sequence[frozenset[str]], pair: frozenset[str]) -> list[frozenset[str]]:
    """Each group that holds both is replaced by it without the one and without the other; those within others go."""
    split: set[frozenset[str]] = set()
    for group in groups:
        split |= {group - {name} for name in pair} if pair <= group else {group}
    return [group for group in split if not any(group < other for other in split)]


def _letter(number: int) -> str:
    text = ""
    number += 1
    while number:
        number, digit = divmod(number - 1, 26)
        text = string.ascii_lowercase[digit] + text
    return text
