"""What became of a dataset: added, removed, changed and relabelled cases, in the memory of ids and hashes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evalplat.errors import CaseError
from evalplat.records import Case, CaseChange, DatasetDiff, FieldChange, canonical_json, dataset_digest

from .read import Cases

SHOWN = 100
"""Characters that are shown of a field before and after."""

_JUDGED = ("expect", "labels")


class _Index:
    """Where each case is, and what it holds, in some 200 bytes a case."""

    def __init__(self, cases: Cases) -> None:
        self.order: dict[str, int] = {}
        self.positions: list[int] = []
        self.hashes = bytearray()
        for position, case in cases.read():
            self.order[case.id] = len(self.positions)
            self.positions.append(position)
            self.hashes += bytes.fromhex(case.content_hash)

    def hash_of(self, case_id: str) -> bytes | None:
        at = self.order.get(case_id)
        return None if at is None else bytes(self.hashes[32 * at : 32 * at + 32])

    @property
    def digest(self) -> str:
        return dataset_digest(bytes(self.hashes[at : at + 32]) for at in range(0, len(self.hashes), 32))


def dataset_diff(before: Cases, after: Cases) -> DatasetDiff:
    """Cases are the same by id. Both sides are checked whole before anything is said of them.

    A case is `relabelled` where only `expect` or `labels` differ, else `changed`. Raises CaseError, also where a file
    changed while it was read.
    """
    old, new = _Index(before), _Index(after)
    differ = {
        old.positions[old.order[case_id]]: new.positions[at]
        for case_id, at in new.order.items()
        if case_id in old.order and old.hash_of(case_id) != new.hash_of(case_id)
    }
    changed: list[CaseChange] = []
    relabelled: list[CaseChange] = []
    for first, second in _pairs(before, after, differ):
        if old.hash_of(first.id) != _digest(first) or new.hash_of(second.id) != _digest(second):
            raise CaseError(f"case {first.id!r} changed while the file was read", where=before.where)
        change = CaseChange(id=first.id, fields=tuple(_changes(first, second)))
        judged = all(field.field.split(".")[0] in _JUDGED for field in change.fields)
        (relabelled if judged else changed).append(change)
    common = len(old.order.keys() & new.order.keys())
    return DatasetDiff(
        before=before.where,
        after=after.where,
        before_digest=old.digest,
        after_digest=new.digest,
        n_before=len(old.positions),
        n_after=len(new.positions),
        n_same=common - len(differ),
        added=tuple(sorted(new.order.keys() - old.order.keys())),
        removed=tuple(sorted(old.order.keys() - new.order.keys())),
        changed=tuple(sorted(changed, key=lambda change: change.id)),
        relabelled=tuple(sorted(relabelled, key=lambda change: change.id)),
    )


def _pairs(before: Cases, after: Cases, positions: Mapping[int, int]) -> Iterator[tuple[Case, Case]]:
    """The two sides of each changed case; in another order, those of `after` are kept till they are met."""
    if not positions:
        return
    waiting: dict[str, Case] = {}
    later = after.pick(positions.values())
    for _, first in before.pick(positions.keys()):
        while first.id not in waiting:
            found = next(later, None)
            if found is None:
                raise CaseError(f"case {first.id!r} changed while the file was read", where=after.where)
            waiting[found[1].id] = found[1]
        yield first, waiting.pop(first.id)


def _digest(case: Case) -> bytes:
    return bytes.fromhex(case.content_hash)


def _changes(first: Case, second: Case) -> Iterator[FieldChange]:
    one, other = _flat(first), _flat(second)
    for field in [*one, *(field for field in other if field not in one)]:
        if one.get(field) != other.get(field):
            before, after = _brief(one.get(field), other.get(field))
            yield FieldChange(field=field, before=before, after=after)


def _flat(case: Case) -> dict[str, str]:
    """Every field that is not at its default, by dotted path, as text; a label by its name and who gave it."""
    data = case.model_dump(mode="json", exclude_defaults=True)
    data.pop("id")
    flat: dict[str, str] = {}
    for position, label in enumerate(data.pop("labels", ())):
        name = f"labels.{label['name']} by {label['by']}"
        flat[name if name not in flat else f"{name} #{position}"] = _label(label)
    for field in ("expect", "slices"):
        flat |= {f"{field}.{name}": _text(value) for name, value in data.pop(field, {}).items()}
    return {name: _text(value) for name, value in data.items()} | flat


def _label(label: dict[str, Any]) -> str:
    note = f", {label['note']}" if label.get("note") else ""
    return f"{_text(label['value'])} at {label['at']}{note}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else canonical_json(value)


def _brief(before: str | None, after: str | None) -> tuple[str | None, str | None]:
    """Both texts cut to the stretch where they begin to differ."""
    start = 0
    if before is not None and after is not None and max(len(before), len(after)) > SHOWN:
        pairs = enumerate(zip(before, after, strict=False))
        first = next((at for at, (one, other) in pairs if one != other), min(len(before), len(after)))
        start = max(0, first - SHOWN // 4)
    return _cut(before, start), _cut(after, start)


def _cut(text: str | None, start: int) -> str | None:
    if text is None:
        return None
    shown = text[start : start + SHOWN]
    return ("…" if start else "") + shown + ("…" if len(text) > start + SHOWN else "")
