"""The templates that there are, and what is said about each."""

from __future__ import annotations

from dataclasses import dataclass

from evalplat.errors import InputError


@dataclass(frozen=True, slots=True)
class Template:
    """A project to begin with. `agent` is its TARGET as its users have it, `changed` the one that asks to be released;
    `layers` are folders of this room, laid over each other; `extra` is what its agents need besides evalplat."""

    name: str
    about: str
    agent: str
    changed: str
    layers: tuple[str, ...]
    extra: str | None = None

    @property
    def requirement(self) -> str:
        """What pip is told to install."""
        return f"evalplat[{self.extra}]" if self.extra else "evalplat"


TEMPLATES = {
    template.name: template
    for template in (
        Template(
            "own_agent",
            "your own agent: any Python function, framework, endpoint or command",
            "agent:answer",
            "agent:answer_next",
            ("own_agent", "fernhill"),
        ),
        Template(
            "rag",
            "an agent that answers from passages, examined on what it looks up and on what it says",
            "agent.yaml",
            "agent_next.yaml",
            ("rag", "fernhill"),
            extra="local",
        ),
        Template(
            "support_desk",
            "the help desk of a shop, whose prompt changes",
            "agent.yaml",
            "agent_next.yaml",
            ("support_desk", "fernhill"),
            extra="local",
        ),
    )
}


def template_of(name: str) -> Template:
    """The template of that name. Raises InputError, naming those that there are."""
    if name not in TEMPLATES:
        raise InputError(f"--template: there is no {name!r}; there are {', '.join(TEMPLATES)}")
    return TEMPLATES[name]
