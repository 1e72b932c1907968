"""init: lay down a project that gates at once."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from evalplat.templates import Template, lay_down, template_of


@dataclass(frozen=True, slots=True)
class Project:
    """What was laid down, and the two commands to begin with, both from inside `folder`.

    `files` are paths inside the folder. `repository` is the root of the git repository that the folder lies in, where
    that is another folder: GitHub and GitLab look for their jobs there.
    """

    folder: Path
    template: Template
    files: tuple[str, ...]
    repository: Path | None

    @property
    def gate(self) -> str:
        """Gates the change that the template brings, and keeps the decision."""
        return (
            f"evalplat gate --suite suite.yaml --baseline {shlex.quote(self.template.agent)} "
            f"--candidate {shlex.quote(self.template.changed)} --json decision.json"
        )

    @property
    def report(self) -> str:
        """The page of that decision."""
        return "evalplat report decision.json -o report.html"


def init(folder: Path | str = ".", *, template: str = "own_agent") -> Project:
    """Lay down `template` (`own_agent`, `rag` or `support_desk`) in `folder`, which is made where it is absent.

    Raises InputError where there is no such template, or a file of it is there already: nothing is written over.
    """
    chosen, place = template_of(template), Path(folder)
    files = lay_down(chosen, place)
    return Project(place, chosen, files, _repository(place))


def _repository(folder: Path) -> Path | None:
    for parent in folder.resolve().parents:
        if (parent / ".git").exists():
            return None if (folder / ".git").exists() else parent
    return None
