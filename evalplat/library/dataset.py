"""`ep.dataset`: datasets of cases, as `evalplat dataset`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evalplat.errors import InputError

from .lazy import lazily
from .verb import names, verb

if TYPE_CHECKING:
    from evalplat.records import Case, Curated
    from evalplat.sdk.dataset import diff, show, version
    from evalplat.sdk.dataset_check import check
    from evalplat.sdk.dataset_curate import pending, reject
    from evalplat.sdk.dataset_group import group, label_group, slice_by_group
    from evalplat.sdk.dataset_labels import add_labels, labels
    from evalplat.sdk.dataset_retire import restore, retire
    from evalplat.sdk.dataset_split import split
    from evalplat.sdk.dataset_weigh import weigh_dataset as weigh
    from evalplat.sdk.export import export_dataset as export

_PLACES = {
    "add_labels": "evalplat.sdk.dataset_labels:add_labels",
    "check": "evalplat.sdk.dataset_check:check",
    "diff": "evalplat.sdk.dataset:diff",
    "export": "evalplat.sdk.export:export_dataset",
    "group": "evalplat.sdk.dataset_group:group",
    "label_group": "evalplat.sdk.dataset_group:label_group",
    "labels": "evalplat.sdk.dataset_labels:labels",
    "pending": "evalplat.sdk.dataset_curate:pending",
    "reject": "evalplat.sdk.dataset_curate:reject",
    "restore": "evalplat.sdk.dataset_retire:restore",
    "retire": "evalplat.sdk.dataset_retire:retire",
    "show": "evalplat.sdk.dataset:show",
    "slice_by_group": "evalplat.sdk.dataset_group:slice_by_group",
    "split": "evalplat.sdk.dataset_split:split",
    "version": "evalplat.sdk.dataset:version",
    "weigh": "evalplat.sdk.dataset_weigh:weigh_dataset",
}

__all__ = [
    "accept",
    "add_labels",
    "check",
    "curate",
    "diff",
    "export",
    "group",
    "label_group",
    "labels",
    "pending",
    "reject",
    "restore",
    "retire",
    "show",
    "slice_by_group",
    "split",
    "version",
    "weigh",
]

if not TYPE_CHECKING:  # else a type checker would find every name here
    __getattr__ = lazily(__name__, _PLACES)


def __dir__() -> list[str]:
    return __all__


@verb
def curate(
    ref: str,
    *,
    run: str | None = None,
    traces: Path | str | None = None,
    failed: bool = False,
    group: str | None = None,
    metric: str | Sequence[str] = (),
    below: float | None = None,
    case: str | None = None,
    cluster: str | None = None,
    slices: Sequence[str] = (),
    threshold: float = 0.8,
    by: str | None = None,
) -> Curated:
    """Put cases of a run or of traces beside a dataset, masked, pending until accepted: `evalplat dataset curate`.

    Parameters
    ----------
    ref : the dataset's file or name; the file need not be there.
    run : a kept run (id or alias): all its cases; with `failed` those with a failed trial, with `group` one group.
    traces : OTLP traces, or an exported run.
    metric, below : with `failed`: which metrics count, and below which score.
    case, cluster, slices : of traces: the attributes that name the case, what cases share, slices.
    threshold : Jaccard similarity over shingles of 3 words from which on a case is there already.
    by : who does this; default: the user.

    Returns Curated: `pending`, `duplicates`, `notes`. The dataset itself is unchanged until `ep.dataset.accept`.
    Raises InputError, CaseError, LogError or ReferenceUnknown; then nothing is written.
    """
    from evalplat.sdk.dataset_curate import Source
    from evalplat.sdk.dataset_curate import curate as curated

    if traces is None and (case or cluster or slices):
        raise InputError("--case, --cluster and --slices go with --traces: a run's cases have theirs")
    if (metric or below is not None) and not failed:
        raise InputError("--metric and --below go with --failed")
    if group is not None and failed:
        raise InputError("--group is of failures already: leave --failed out")
    source = Source(
        run=run,
        traces=None if traces is None else Path(traces),
        failed=failed,
        group=group,
        metrics=names(metric),
        below=below,
        case=case,
        cluster=cluster,
        slices=slices,
    )
    return curated(ref, source, by=by, threshold=threshold)


@verb
def accept(
    ref: str,
    ids: str | Sequence[str] = (),
    *,
    every: bool = False,
    answer: str | Sequence[str] = (),
    number: float | None = None,
    tolerance: float = 0.0,
    pattern: str | None = None,
    abstain: bool = False,
    sources: Sequence[str] = (),
    as_is: str | None = None,
    cluster: str | None = None,
    slices: Mapping[str, str] | None = None,
    tags: Sequence[str] = (),
    by: str | None = None,
) -> tuple[Case, ...]:
    """Put pending cases into the dataset: `evalplat dataset accept`.

    `ids` are the cases, or `every` that lacks nothing. What is right: `answer`s, a `number` with its `tolerance`, a
    `pattern`, to `abstain`, with the `sources` that hold it; or `as_is`, and why no other expectation is needed.
    Returns the cases as they are in the dataset now. Raises CaseError or InputError; then no file is changed.
    """
    from evalplat.sdk.dataset_curate import Fields
    from evalplat.sdk.dataset_curate import accept as accepted

    if tolerance and number is None:
        raise InputError("--tolerance goes with --number")
    stated: dict[str, object] = {
        "answers": names(answer), "number": number, "pattern": pattern, "sources": list(sources),
        "abstain": abstain or None, "tolerance": tolerance or None,
    }  # fmt: skip
    expect = {name: value for name, value in stated.items() if value not in (None, [])}
    fields = Fields(expect=expect, as_is=as_is, cluster=cluster, slices=slices, tags=tags)
    return accepted(ref, names(ids), fields=fields, by=by, every=every)
