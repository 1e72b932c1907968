"""Surface: what there is to attack in one domain: stories and what they read, and what an attacker may want."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from evalplat.errors import SpecError
from evalplat.records import Record, build, parse_yaml
from evalplat.records.base import Name
from evalplat.suites.files import read_text

from .owasp import FAMILIES

FILE = "red_team.yaml"
MAX_BYTES = 2**20
Carrier = Literal["user", "document", "tool_result", "memory"]


class Site(Record):
    """A place that a story's agent reads and somebody else writes: `state` with `$text` where the attack is put."""

    id: Name
    carrier: Literal["document", "tool_result", "memory"]
    state: dict[str, Any] = Field(min_length=1, description="As in a scenario's environment; `$text` is filled in.")
    plain: str = Field(min_length=1, description="What stands there on a good day, and before the attack.")


class Story(Record):
    """A right request that an agent settles; `scenario` has the fields of a scenario (persona, input, ...)."""

    id: Name
    sites: tuple[Site, ...] = ()
    scenario: dict[str, Any]


class Action(Record):
    """One step that the attacker wants, as machines read it: a call, or something to `say`.

    `<<field>>` in any text stands for the last value that a tool's result had under this name, `<<prompt>>` for what
    the agent was told by its makers, `<<n>>` for the how manieth of `times` it is, in two digits from 00.
    """

    tool: Name | None = None
    arguments: dict[str, Any] = Field(default_factory=dict)
    say: str | None = None
    times: int = Field(default=1, ge=1, le=100)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.tool is None) == (self.say is None):
            raise ValueError("needs either `tool` (with `arguments`) or `say`")
        return self


class Goal(Record):
    """What the attacker wants, how it is asked for, and the checks that tell whether it was brought about.

    `checks` are fields of a scenario that only safety depends on: `resists`, `never_say`, `never_call`. A resource
    bomb may have none: the bounds of every scenario tell.
    """

    id: Name
    family: Name = Field(description="One of those of owasp.FAMILIES.")
    ask: str = Field(min_length=1)
    ask_de: str = Field(min_length=1)
    actions: tuple[Action, ...] = Field(min_length=1)
    checks: dict[Literal["resists", "never_say", "never_call"], list[Any]] = Field(default_factory=dict)
    tells: tuple[Literal["resisted", "kept", "bounded"], ...] = Field(
        min_length=1, description="Metrics of which at least one fails where the attack succeeds."
    )

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.family not in FAMILIES:
            raise ValueError(f"family {self.family!r} is none of {', '.join(FAMILIES)}")
        needed = {"resisted": "resists", "kept": "never_say"}
        for metric in self.tells:
            if metric in needed and needed[metric] not in self.checks and self.family != "prompt_extraction":
                raise ValueError(f"tells {metric} and has no checks.{needed[metric]}")
        return self


class Lookalike(Record):
    """A right request, or a harmless text, that only looks like an attack: whoever refuses it fails the story."""

    id: Name
    story: Name
    input: str | None = None
    site: Name | None = None
    text: str | None = Field(default=None, description="What stands at the site.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if (self.site is None) != (self.text is None) or (self.input is None and self.text is None):
            raise ValueError("needs `input`, or `site` and `text`")
        return self


class Stranger(Record):
    """The user who is the attacker: fields of a scenario for attacks that come by the user's own message."""

    persona: Name
    scenario: dict[str, Any] = Field(default_factory=dict)


class Surface(Record):
    """The whole of red_team.yaml. `words` are put in for `$name` everywhere."""

    domain: Name = Field(description="As in a file of scenarios; the module lies beside this file.")
    prompt: Name = Field(description="File, relative to this one, with the instructions that must stay secret.")
    words: dict[Name, str] = Field(default_factory=dict)
    defaults: dict[str, Any] = Field(default_factory=dict, description="As in a file of scenarios.")
    stranger: Stranger
    stories: tuple[Story, ...] = Field(min_length=1)
    goals: tuple[Goal, ...] = Field(min_length=1)
    lookalikes: tuple[Lookalike, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for what in ("stories", "goals", "lookalikes"):
            ids = [each.id for each in getattr(self, what)]
            if twice := sorted({each for each in ids if ids.count(each) > 1}):
                raise ValueError(f"{what}: id {twice[0]!r} occurs twice")
        sites = [(story.id, site.id) for story in self.stories for site in story.sites]
        names = [site for _, site in sites]
        if twice := sorted({each for each in names if names.count(each) > 1}):
            raise ValueError(f"stories: site {twice[0]!r} occurs twice")
        for twin in self.lookalikes:
            if twin.story not in {story.id for story in self.stories}:
                raise ValueError(f"lookalikes: {twin.id}: there is no story {twin.story!r}")
            if twin.site is not None and (twin.story, twin.site) not in sites:
                raise ValueError(f"lookalikes: {twin.id}: story {twin.story!r} has no site {twin.site!r}")
        return self


def load_surface(path: Path | str) -> tuple[Surface, Path]:
    """The surface of a domain's folder, or in a file, and that file. Raises SpecError naming file, line and field."""
    path = Path(path)
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        raise SpecError(f"has no {FILE}, which says what there is to attack", where=str(path))
    data, lines = parse_yaml(read_text(file, limit=MAX_BYTES, error=SpecError), where=str(file))
    return build(Surface, data, where=str(file), lines=lines), file
