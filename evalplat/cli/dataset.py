"""`evalplat dataset`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from . import dataset_curation, dataset_failures
from .console import told, write
from .export import Out, To
from .options import DatasetRef as Ref
from .options import JsonOut

app = typer.Typer(
    help="Datasets of cases: look, check, compare, split, keep versions, labels.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("show")
def show(ref: Ref, json: JsonOut = None) -> None:
    """Figures, card, content hash and kept versions; every case is checked."""
    from evalplat.sdk.dataset import show as verb

    from .dataset_tables import facts_json, facts_lines

    shown = verb(ref)
    told(json, lambda: facts_json(shown), lambda: facts_lines(shown))


@app.command("version")
def version(
    ref: Ref,
    name: Annotated[str | None, typer.Option("--name", help="Keep it under this name; default: the file's.")] = None,
    message: Annotated[str, typer.Option("--message", "-m", help="What changed, in a line.")] = "",
    register: Annotated[bool, typer.Option("--register", help="Show it among MLflow's datasets, too.")] = False,
    json: JsonOut = None,
) -> None:
    """Keep the dataset as it is now as a version, found by its content; prints NAME@vN last."""
    from evalplat.sdk.dataset import version as verb

    from .dataset_tables import record_json

    kept = verb(ref, name=name, message=message, register=register)
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
    told(json, lambda: record_json(found, "evalplat.dataset-diff/1"), lambda: diff_lines(found, limit=limit))


@app.command("check")
def check(
    ref: Ref,
    against: Annotated[
        list[str] | None,
        typer.Option(
            "--against",
            metavar="DATASET|AGENT.yaml|TEXT",
            help="Another dataset (such as another part), or a prompt that may hold cases. May be given again.",
        ),
    ] = None,
    threshold: Annotated[
        float, typer.Option("--threshold", help="Jaccard similarity of near-duplicates, over shingles of 3 words.")
    ] = 0.8,
    strict: Annotated[bool, typer.Option("--strict", help="End with 2 where anything is found.")] = False,
    json: JsonOut = None,
) -> None:
    """Near-duplicates, contradictions, leaks into other parts and prompts, keys, data about people, a missing card."""
    from evalplat.errors import CaseError
    from evalplat.sdk.dataset_check import check as verb

    from .dataset_tables import check_lines, record_json

    done = verb(ref, against=against or (), threshold=threshold)
    told(json, lambda: record_json(done, "evalplat.dataset-check/1"), lambda: check_lines(done))
    if strict and done.findings:
        codes = ", ".join(sorted({finding.code for finding in done.findings}))
        raise CaseError(f"{len(done.findings):,} findings: {codes}", where=done.facts.where)


@app.command("split")
def split(
    ref: Ref,
    share: Annotated[
        list[str], typer.Option("--share", metavar="PART=SHARE", help="A part, such as test=0.2; give it for each.")
    ],
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed gives other parts.")] = 0,
    stratify: Annotated[
        str | None, typer.Option("--stratify", metavar="SLICE", help="Hold the shares within each value of this slice.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="DIR", help="Where the parts go.")] = None,
    afresh: Annotated[
        bool, typer.Option("--afresh", help="With --stratify: do not keep what lies in the parts.")
    ] = False,
    json: JsonOut = None,
) -> None:
    """Parts that share no cluster, as DATASET.PART.jsonl; cases that are added later move none of the others."""
    from evalplat.sdk.dataset_split import split as verb

    from .dataset_tables import record_json, split_lines

    done = verb(ref, shares_of(share), seed=seed, stratify=stratify, out=out, afresh=afresh)
    told(json, lambda: record_json(done, "evalplat.dataset-split/1"), lambda: split_lines(done))


@app.command("weigh")
def weigh(
    ref: Ref,
    weights: Annotated[
        Path,
        typer.Option("--weights", metavar="FILE", help="CSV of traffic: `topic,share`, a row for each value."),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Default: the dataset's own file.")
    ] = None,
    json: JsonOut = None,
) -> None:
    """Weights of cases from production traffic, so that each slice counts as often as it occurs."""
    from evalplat.sdk.dataset_weigh import weigh_dataset

    from .dataset_tables import record_json, weight_lines

    found, path = weigh_dataset(ref, weights, out=out)
    told(json, lambda: record_json(found, "evalplat.dataset-weights/1"), lambda: weight_lines(found, path))


@app.command("labels")
def labels(
    ref: Ref,
    add: Annotated[
        list[Path] | None,
        typer.Option("--add", metavar="FILE", help="JSON Lines of {case_id, name, value, by, at}: put on the cases."),
    ] = None,
    name: Annotated[str | None, typer.Option("--label", help="Only this label.")] = None,
    level: Annotated[
        str, typer.Option("--level", metavar="nominal|ordinal|interval", help="What alpha takes values for.")
    ] = "nominal",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="With --add; default: the dataset's own file.")
    ] = None,
    json: JsonOut = None,
) -> None:
    """How far those who labelled cases agree: Krippendorff's alpha, Cohen's kappa; with --add, new labels first."""
    from evalplat.errors import InputError
    from evalplat.sdk.dataset_labels import add_labels
    from evalplat.sdk.dataset_labels import labels as verb

    from .dataset_tables import agreement_json, agreement_lines

    if level not in ("nominal", "ordinal", "interval"):
        raise InputError(f"--level: expected nominal, ordinal or interval, found {level!r}")
    if out is not None and not add:
        raise InputError("--out needs --add")
    if add:
        add_labels(ref, add, out=out)
    found = verb(str(out or ref), name=name, level=level)  # type: ignore[arg-type]
    told(json, lambda: agreement_json(found), lambda: agreement_lines(found))


@app.command("export")
def export(ref: Ref, out: Out, to: To = "jsonl") -> None:
    """Write the cases: JSON Lines as here, or samples of Inspect, which keep what Inspect has no place for."""
    from evalplat.sdk.export import export_dataset

    typer.echo(f"{export_dataset(ref, out, to=to):,} cases", err=True)
    typer.echo(out)


for part in (dataset_curation.app, dataset_failures.app):
    app.add_typer(part)


def shares_of(given: list[str]) -> dict[str, float]:
    """Parts and shares from `PART=SHARE`. Raises InputError."""
    from evalplat.errors import InputError

    shares: dict[str, float] = {}
    for text in given:
        name, equals, number = text.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            equals = ""
        if not equals or not name:
            raise InputError(f"--share: expected PART=SHARE, such as test=0.2, found {text!r}")
        if name in shares:
            raise InputError(f"--share: {name!r} is given twice")
        shares[name] = value
    return shares
