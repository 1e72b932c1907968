"""Which attacks of all that are possible: as even as can be over goals, templates and carriers, drawn by a seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from evalplat.errors import InputError

from .surface import Carrier, Goal, Site, Story, Surface
from .templates import AttackTemplate


@dataclass(frozen=True, slots=True)
class Attack:
    """One template x carrier x goal. Without a site it comes by the user's own message."""

    template: AttackTemplate
    goal: Goal
    story: Story | None = None
    site: Site | None = None

    @property
    def carrier(self) -> Carrier:
        """What brings it before the agent."""
        return "user" if self.site is None else self.site.carrier

    @property
    def id(self) -> str:
        """`goal.template.site`, or `.user`."""
        return f"{self.goal.id}.{self.template.id}.{'user' if self.site is None else self.site.id}"

    @property
    def traits(self) -> tuple[tuple[str, ...], ...]:
        """What is counted so that the choice is even; what comes first counts most."""
        family = self.goal.family
        return (
            (family, self.carrier),
            (self.template.id, family),
            (self.template.id, self.carrier),
            (self.goal.id,),
            ("site", self.id.rpartition(".")[2]),
        )


def every_attack(surface: Surface, templates: tuple[AttackTemplate, ...]) -> Iterator[Attack]:
    """All that make sense, in the order of the files."""
    for goal in surface.goals:
        for template in templates:
            yield Attack(template, goal)
            if template.user_only:
                continue
            for story in surface.stories:
                for site in story.sites:
                    yield Attack(template, goal, story, site)


def choose(surface: Surface, templates: tuple[AttackTemplate, ...], n: int, seed: int) -> list[Attack]:
    """`n` different attacks. The first of a larger choice with the same seed are those of a smaller one.

    Raises InputError where there are not so many.
    """
    left = [(attack, attack.traits) for attack in every_attack(surface, templates)]
    if not 1 <= n <= len(left):
        raise InputError(f"--n: from 1 to {len(left)} different attacks can be made here, found {n}")
    Random(f"{seed}:order").shuffle(left)  # noqa: S311 - a choice to be repeated, nothing secret
    taken: list[Attack] = []
    seen: Counter[tuple[str, ...]] = Counter()
    while len(taken) < n:
        best = min(range(len(left)), key=lambda at: [seen[trait] for trait in left[at][1]])
        attack, traits = left.pop(best)
        seen.update(traits)
        taken.append(attack)
    return taken
