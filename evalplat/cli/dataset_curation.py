"""`evalplat dataset curate`, `pending`, `accept`, `reject`: cases from traces and runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import told
from .options import JsonOut

app = typer.Typer()

Dataset = Annotated[
    str,
    typer.Argument(metavar="DATASET", help="A file or name; a new NAME goes to datasets/, where that is, else here."),
]
By = Annotated[str | None, typer.Option("--by", metavar="WHO", help="Who decides; default: the user.")]
FailedOn = Annotated[
    list[str] | None,
    typer.Option("--metric", metavar="M", help="What has failed; default: all metrics of 0 and 1. May be given again."),
]
Below = Annotated[float | None, typer.Option("--below", help="A score below this has failed; default: 1.")]
Pairs = Annotated[
    list[str] | None, typer.Option("--slice", metavar="NAME=VALUE", help="A slice to set. May be given again.")
]


@app.command("curate")
def curate(
    ref: Dataset,
    run: Annotated[str | None, typer.Option("--run", metavar="RUN", help="A kept run with its trials.")] = None,
    traces: Annotated[
        Path | None, typer.Option("--traces", metavar="FILE", help="OTLP traces, or an exported run.")
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only cases with a trial that failed.")] = False,
    group: Annotated[
        str | None, typer.Option("--group", metavar="GROUP", help="Only a group that `evalplat dataset group` made.")
    ] = None,
    metric: FailedOn = None,
    below: Below = None,
    case: Annotated[
        str | None, typer.Option("--case", metavar="ATTRIBUTE", help="Of traces: what names the case.")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option("--cluster", metavar="ATTRIBUTE", help="Of traces: what cases share.")
    ] = None,
    slices: Annotated[
        list[str] | None, typer.Option("--slice", metavar="ATTRIBUTE", help="Of traces: a slice. May be given again.")
    ] = None,
    threshold: Annotated[float, typer.Option("--threshold", help="As of `evalplat dataset check`.")] = 0.8,
    by: By = None,
    json: JsonOut = None,
) -> None:
    """Put cases beside a dataset, in NAME.pending.jsonl: masked, and only what is not there yet. No run sees them."""
    from evalplat.errors import InputError
    from evalplat.sdk.dataset_curate import Source
    from evalplat.sdk.dataset_curate import curate as verb

    from .curation_tables import curated_lines
    from .dataset_tables import record_json

    if traces is None and (case or cluster or slices):
        raise InputError("--case, --cluster and --slice go with --traces: a run's cases have theirs")
    if (metric or below is not None) and not failed:
        raise InputError("--metric and --below go with --failed")
    if group is not None and failed:
        raise InputError("--group is of failures already: leave --failed out")
    source = Source(
        run=run,
        traces=traces,
        failed=failed,
        group=group,
        metrics=metric or (),
        below=below,
        case=case,
        cluster=cluster,
        slices=slices or (),
    )
    done = verb(ref, source, by=by, threshold=threshold)
    told(json, lambda: record_json(done, "evalplat.dataset-curated/1"), lambda: curated_lines(done))


@app.command("pending")
def pending(ref: Dataset, json: JsonOut = None) -> None:
    """The cases that wait beside a dataset: where they come from, what they lack, what was masked."""
    from evalplat.sdk.dataset_curate import pending as verb

    from .curation_tables import pending_json, pending_lines

    waiting = verb(ref)
    told(json, lambda: pending_json(waiting), lambda: pending_lines(waiting))


@app.command("accept")
def accept(
    ref: Dataset,
    ids: Annotated[list[str] | None, typer.Argument(metavar="[CASE]...", help="Pending cases.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All pending cases that lack nothing.")] = False,
    answer: Annotated[
        list[str] | None, typer.Option("--answer", metavar="TEXT", help="A right answer. May be given again.")
    ] = None,
    number: Annotated[float | None, typer.Option("--number", help="The number that the answer must state.")] = None,
    tolerance: Annotated[float, typer.Option("--tolerance", min=0, help="Of --number.")] = 0.0,
    pattern: Annotated[str | None, typer.Option("--pattern", metavar="REGEX", help="What the answer matches.")] = None,
    abstain: Annotated[bool, typer.Option("--abstain", help="Right is to say that it is not known.")] = False,
    sources: Annotated[
        list[str] | None, typer.Option("--source", metavar="ID", help="A passage that holds the answer.")
    ] = None,
    as_is: Annotated[
        str | None, typer.Option("--as-is", metavar="WHY", help="No other expectation is needed, and why.")
    ] = None,
    cluster: Annotated[str | None, typer.Option("--cluster", help="What it shares a source with.")] = None,
    slices: Pairs = None,
    tags: Annotated[list[str] | None, typer.Option("--tag", help="May be given again.")] = None,
    by: By = None,
) -> None:
    """Put pending cases into the dataset; one that has no expectation needs one, or --as-is. Prints their ids."""
    from evalplat.errors import InputError
    from evalplat.sdk.dataset_curate import Fields
    from evalplat.sdk.dataset_curate import accept as verb

    from .curation_tables import accepted_lines

    expect: dict[str, object] = {"answers": answer, "number": number, "pattern": pattern, "sources": sources}
    expect = {name: value for name, value in expect.items() if value not in (None, [])}
    expect |= {"abstain": True} if abstain else {}
    if tolerance:
        if number is None:
            raise InputError("--tolerance goes with --number")
        expect["tolerance"] = tolerance
    fields = Fields(expect=expect, as_is=as_is, cluster=cluster, slices=_pairs(slices or ()), tags=tags or ())
    accepted_lines(verb(ref, ids or (), fields=fields, by=by, every=every))


@app.command("reject")
def reject(
    ref: Dataset,
    ids: Annotated[list[str], typer.Argument(metavar="CASE...", help="Pending cases.")],
    note: Annotated[str, typer.Option("--note", "-m", help="Why, in a line.")] = "",
    by: By = None,
) -> None:
    """Take pending cases away; their like is not proposed again. Prints their ids."""
    from evalplat.sdk.dataset_curate import reject as verb

    for one in verb(ref, ids, by=by, note=note):
        typer.echo(one.case.id)


def _pairs(given: list[str] | tuple[()]) -> dict[str, str]:
    from evalplat.errors import InputError

    found: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name or not value:
            raise InputError(f"--slice: expected NAME=VALUE, such as topic=refunds, found {text!r}")
        found[name] = value
    return found
