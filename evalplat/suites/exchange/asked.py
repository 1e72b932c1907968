"""Names of foreign fields that a user asked for: one that is misspelt, or not everywhere, is never read past."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import get_close_matches

from evalplat.errors import LogError

_SHOWN = 20


class AskedFields:
    """Counts over records (traces, samples) which of the fields that a user named they have.

    `whole` is role to name: a record without it would be a case or a cluster of its own, and independent of all others
    as far as any test knows, which is false significance. So all must have it. A slice may be of some.
    """

    def __init__(self, records: str, field: str, *, whole: dict[str, str | None], slices: Sequence[str]) -> None:
        """`records` and `field` are what complaints call them, such as `traces` and `attribute`."""
        self._records, self._field = records, field
        self._whole = {role: name for role, name in whole.items() if name is not None}
        self._slices = tuple(dict.fromkeys(slices))
        self._lacking: dict[str, list[str]] = {name: [] for name in (*self._whole.values(), *self._slices)}
        self._there: dict[str, None] = {}
        self._count = 0

    def see(self, has: Collection[str], where: str) -> None:
        """One more record, at `where`, and the names of the fields that say something there."""
        self._count += 1
        self._there.update(dict.fromkeys(has))
        for name, lacking in self._lacking.items():
            if name not in has:
                lacking.append(where)

    def notes(self, where: str) -> tuple[str, ...]:
        """Which slices lack records, for the list of what was left out.

        Raises LogError for a name that no record has, saying which there are, and for a case or cluster that some lack.
        """
        for role, name in (*self._whole.items(), *(("slice", name) for name in self._slices)):
            if len(self._lacking[name]) == self._count:
                raise LogError(f"{role}: none of {self._count:,} {self._records} has the {self._field} {name!r}; "
                               f"there are {self._known(name)}", where=where)  # fmt: skip
        for role, name in self._whole.items():
            if lacking := self._lacking[name]:
                first = lacking[0].removeprefix(f"{where}: ")
                raise LogError(
                    f"{role}: {len(lacking):,} of {self._count:,} {self._records} lack the {self._field} {name!r}, "
                    f"first {first}: each would count as a {role} of its own, independent of all others; name another "
                    "one, or take them out of the file",
                    where=where,
                )
        return tuple(
            f"from slice {name!r} {len(lacking):,} of {self._count:,} {self._records}, which lack that {self._field}"
            for name in self._slices
            if (lacking := self._lacking[name])
        )

    def _known(self, name: str) -> str:
        """Those that are alike come first."""
        close = get_close_matches(name, list(self._there), n=3)
        ordered = [*close, *sorted(self._there.keys() - set(close))]
        more = f" and {len(ordered) - _SHOWN:,} more" if len(ordered) > _SHOWN else ""
        return (", ".join(ordered[:_SHOWN]) or "none") + more
