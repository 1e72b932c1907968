"""Masking of cases: keys and data about people out of every text, the same text by the same mask within a case."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from evalplat.errors import CaseError
from evalplat.records import Case, build
from evalplat.redaction import MASK, Found, personal_in, secrets_in

_SPACING = re.compile(r"[\s().-]+")
_ROUNDS = 8
_NUMBERS = ("card", "iban", "phone", "ssn")


class Masker:
    """Masks the texts of one case. The first e-mail address becomes `[e-mail 1]` wherever it stands, the next `[e-mail
    2]`: who is who can still be told, not who they are."""

    def __init__(self, known: Callable[[str], str] | None = None, *, nobody: bool = True) -> None:
        """`known` masks values that have no shape, such as the environment's secrets. `nobody`: what is reserved for
        examples (`@example.com`) is masked too, as in a trace it may be somebody's."""
        self._known, self._nobody = known, nobody
        self._names: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}

    def text(self, text: str) -> tuple[str, tuple[str, ...]]:
        """The text without what must not leave, and the kinds of what was masked, sorted."""
        if self._known is not None:
            text = self._known(text)
        kinds = {"secret"} if MASK in text else set()
        # Again until nothing is left: what stood beside a number may have hidden that it is one.
        for _ in range(_ROUNDS):
            personal = (one for one in personal_in(text) if self._nobody or not one.nobody)
            found = sorted([*secrets_in(text), *personal], key=lambda one: (one.start, -one.end))
            if not found:
                break
            parts, end = [], 0
            for one in found:
                if one.start < end:  # inside what is masked already
                    continue
                parts += [text[end : one.start], self._name(one, text[one.start : one.end])]
                kinds.add(one.kind)
                end = one.end
            text = "".join([*parts, text[end:]])
        return text, tuple(sorted(kinds))

    def data(self, value: Any, place: str = "") -> tuple[Any, dict[str, tuple[str, ...]]]:
        """JSON data with all its texts masked, names of fields too; the kinds by dotted place."""
        masked: dict[str, tuple[str, ...]] = {}
        return self._walk(value, place, masked), masked

    def _walk(self, value: Any, place: str, masked: dict[str, tuple[str, ...]]) -> Any:
        if isinstance(value, str):
            clean, kinds = self.text(value)
            if kinds:
                masked[place] = tuple(sorted({*masked.get(place, ()), *kinds}))
            return clean
        if isinstance(value, dict):
            return {
                self._walk(key, place, masked): self._walk(part, f"{place}.{key}" if place else str(key), masked)
                for key, part in value.items()
            }
        if isinstance(value, list | tuple):
            return [self._walk(part, f"{place}.{at}", masked) for at, part in enumerate(value)]
        return value

    def _name(self, one: Found, text: str) -> str:
        same = (one.kind, _SPACING.sub("", text) if one.kind in _NUMBERS else text.casefold())
        if same not in self._names:
            self._counts[one.kind] = self._counts.get(one.kind, 0) + 1
            self._names[same] = f"[{one.kind} {self._counts[one.kind]}]"
        return self._names[same]


def masked_case(case: Case, masker: Masker) -> tuple[Case, dict[str, tuple[str, ...]]]:
    """The case with every text masked, and what was masked where. Raises CaseError where it is no case any more."""
    data, masked = masker.data(case.model_dump(mode="json", exclude_defaults=True))
    # A place is shown to people: it must not name what it hides.
    places = {masker.text(place)[0]: kinds for place, kinds in masked.items()}
    return build(Case, data, where=f"case {data.get('id', '?')!r}, masked", error=CaseError), places


def leaks_of(case: Case) -> Iterator[tuple[str, str]]:
    """Place and kind of each key, and of data about people that are somebody's, in a case as it stands."""
    yield from _leaks(case.model_dump(mode="json", exclude_defaults=True), "")


def _leaks(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield from ((place, found.kind) for found in secrets_in(value))
        yield from ((place, found.kind) for found in personal_in(value) if not found.nobody)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _leaks(part, f"{place}.{key}" if place else str(key))
    elif isinstance(value, list):
        for at, part in enumerate(value):
            yield from _leaks(part, f"{place}.{at}")
