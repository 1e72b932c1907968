"""`evalplat dataset`."""

from __future__ import annotations

from typing import Annotated

import typer

from .console import write
from .options import JsonOut

app = typer.Typer(
    help="Datasets of cases: look, check, compare, split, keep versions, labels.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Ref = Annotated[
    str,
    typer.Argument(
        metavar="DATASET", help="A file, a name (NAME.jsonl here or in datasets/), NAME@v3, or run:RUN[/NAME]."
    ),
]


@app.command("show")
def show(ref: Ref, json: JsonOut = None) -> None:
    """Figures, card, content hash and kept versions; every case is checked."""
    from evalplat.sdk.dataset import show as verb

    from .dataset_tables import facts_json, facts_lines

    shown = verb(ref)
    if json is not None:
        write(json, facts_json(shown))
    if json != "-":
        facts_lines(shown)


@app.command("version")
def version(
    ref: Ref,
    name: Annotated[str | None, typer.Option("--name", help="Keep it under this name; default: the file's.")] = None,
    message: Annotated[str, typer.Option("--message", "-m", help="What changed, in a line.")] = "",
    json: JsonOut = None,
) -> None:
    """Keep the dataset as it is now as a version, found by its content; prints NAME@vN last."""
    from evalplat.sdk.dataset import version as verb

    from .dataset_tables import record_json

    kept = verb(ref, name=name, message=message)
    if json is not None:
        write(json, record_json(kept, "evalplat.dataset-version/1"))
    if json != "-":
        typer.echo(f"{kept.n_cases:,} cases, sha256 {kept.digest}")
        typer.echo(kept.ref)


@app.command("diff")
def diff(
    before: Annotated[str, typer.Argument(metavar="BEFORE", help="As DATASET of `evalplat dataset show`.")],
    after: Annotated[str, typer.Argument(metavar="AFTER", help="The same.")],
    json: JsonOut = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Cases of each kind that are shown.")] = 20,
) -> None:
    """What was added, removed, changed field by field, and relabelled (only `expect` or `labels` changed)."""
    from evalplat.sdk.dataset import diff as verb

    from .dataset_tables import diff_lines, record_json

    found = verb(before, after)
    if json is not None:
        write(json, record_json(found, "evalplat.dataset-diff/1"))
    if json != "-":
        diff_lines(found, limit=limit)
