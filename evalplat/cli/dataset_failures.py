"""`evalplat dataset group`, `label-group`, `slice`, `retire`, `restore`: what runs say about cases."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import printable, told
from .dataset_curation import Below, By, FailedOn
from .options import DatasetRef as Ref
from .options import JsonOut, Scores

app = typer.Typer()

Run = Annotated[str, typer.Argument(metavar="RUN", help="A kept run with its trials.")]
Which = Annotated[str, typer.Argument(metavar="GROUP", help="Its id, such as g1, or its name.")]


@app.command("group")
def group(
    run: Run,
    metric: FailedOn = None,
    below: Below = None,
    groups: Annotated[
        int | None, typer.Option("--groups", min=1, metavar="N", help="So many; default: what fits best, up to 12.")
    ] = None,
    kept: Annotated[bool, typer.Option("--kept", help="Show those that are kept, and make none.")] = False,
    json: JsonOut = None,
) -> None:
    """A run's failures in groups, by what was asked and what failed, named by the words that set them apart."""
    from evalplat.errors import InputError
    from evalplat.sdk.dataset_group import group as verb
    from evalplat.sdk.dataset_group import kept_groups

    from .curation_tables import group_lines
    from .dataset_tables import record_json

    if kept and (metric or below is not None or groups is not None):
        raise InputError("--kept shows what there is: leave --metric, --below and --groups out")
    found = kept_groups(run) if kept else verb(run, metrics=tuple(metric or ()), below=below, n_groups=groups)
    told(json, lambda: record_json(found, "evalplat.failure-groups/1"), lambda: group_lines(found))


@app.command("label-group")
def label_group(
    run: Run,
    which: Which,
    name: Annotated[str | None, typer.Option("--name", help="What to call the group from now on.")] = None,
    label: Annotated[
        str | None, typer.Option("--label", metavar="LABEL=VALUE", help="Such as cause=retrieval.")
    ] = None,
    note: Annotated[str, typer.Option("--note", "-m", help="In a line.")] = "",
    by: By = None,
) -> None:
    """What a person says about a group of failures: another name, a label with who and when. Prints the name."""
    from evalplat.errors import InputError
    from evalplat.sdk.dataset_curate import who
    from evalplat.sdk.dataset_group import label_group as verb

    key, equals, value = (label or "").partition("=")
    if label is not None and (not key or not equals or not value):
        raise InputError(f"--label: expected LABEL=VALUE, such as cause=retrieval, found {label!r}")
    words: dict[str, bool] = {"true": True, "false": False}
    done = verb(
        run,
        which,
        by=who(by),
        name=name,
        label=key or None,
        value=words.get(value, value) if label is not None else None,
        note=note,
    )
    typer.echo(printable(done.name))


@app.command("slice")
def slice_cases(
    ref: Ref,
    run: Annotated[str, typer.Option("--run", metavar="RUN", help="The run whose groups these are.")],
    groups: Annotated[
        list[str] | None, typer.Option("--group", metavar="GROUP", help="Default: all. May be given again.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="Of the slice.")] = "failure",
    others: Annotated[
        str | None, typer.Option("--others", metavar="VALUE", help="Value of cases in no group; default: none.")
    ] = None,
) -> None:
    """Make groups of failures a slice of the dataset: its values are the groups' names."""
    from evalplat.sdk.dataset_group import slice_by_group

    from .curation_tables import sliced_lines

    changed, missing, path = slice_by_group(ref, run, slice_name=name, groups=tuple(groups or ()), others=others)
    sliced_lines(changed, missing, path)


@app.command("retire")
def retire(
    ref: Ref,
    runs: Annotated[
        list[str] | None, typer.Option("--run", metavar="RUN", help="A kept run. Give it for each.")
    ] = None,
    scores: Scores = None,
    metric: Annotated[
        list[str] | None, typer.Option("--metric", metavar="M", help="Default: all of 0 and 1. May be given again.")
    ] = None,
    at_most: Annotated[
        float, typer.Option("--at-most", help="Largest upper bound of the chance that a trial differs.")
    ] = 0.1,
    confidence: Annotated[float, typer.Option("--confidence", help="Of that bound.")] = 0.95,
    systems: Annotated[int, typer.Option("--systems", help="On so many systems, at least.")] = 2,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", metavar="TAG|SLICE=VALUE", help="Cases never to retire, beside those about safety."),
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Move them to NAME.retired.jsonl.")] = False,
    by: By = None,
    json: JsonOut = None,
) -> None:
    """Cases on which all systems always did the same: proposed, with the figures; taken out only with --apply."""
    from evalplat.sdk.dataset_retire import retire as verb

    from .curation_tables import retirement_lines
    from .dataset_tables import record_json

    found = verb(
        ref,
        runs=runs or (),
        scores=scores or (),
        metrics=metric or (),
        at_most=at_most,
        confidence=confidence,
        min_systems=systems,
        keep=keep or (),
        apply=apply,
        by=by,
    )
    told(json, lambda: record_json(found, "evalplat.dataset-retirement/1"), lambda: retirement_lines(found))


@app.command("restore")
def restore(
    ref: Annotated[str, typer.Argument(metavar="DATASET", help="A dataset's file or name.")],
    ids: Annotated[list[str], typer.Argument(metavar="CASE...", help="Retired cases.")],
) -> None:
    """Put retired cases back into the dataset. Prints their ids."""
    from evalplat.sdk.dataset_retire import restore as verb

    for case in verb(ref, ids):
        typer.echo(printable(case.id))
