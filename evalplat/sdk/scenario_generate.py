"""scenario generate: attacks on a domain, from what its folder says there is to attack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evalplat.errors import InputError, SpecError
from evalplat.harness.simulate.stage import Stage
from evalplat.suites import red_team

_MAX_PROMPT_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class GeneratedRedTeam:
    """A file that was written: how many attacks by goal, and how many harmless twins."""

    path: Path
    n: int
    seed: int
    by_goal: Mapping[str, int]
    n_twins: int


def generate_red_team(domain: Path | str, out: Path | str, *, n: int, seed: int) -> GeneratedRedTeam:
    """Write `n` attacks on a domain and their harmless twins to a YAML file of scenarios; by `seed`, to the byte.

    `domain` is a folder with `red_team.yaml`, or such a file. Raises InputError, SpecError or CaseError naming file,
    line and field; nothing is written then.
    """
    surface, file = red_team.load_surface(domain)
    prompt = file.parent / surface.prompt
    if not prompt.is_file() or prompt.stat().st_size > _MAX_PROMPT_BYTES:
        raise SpecError(f"prompt: no file {prompt} of at most 1 MiB", where=str(file))
    try:
        text, name = prompt.read_text(encoding="utf-8"), file.resolve().parent.name
        made = red_team.generate(surface, text, name=name, n=n, seed=seed)
    except InputError:
        raise
    except ValueError as err:
        raise SpecError(str(err), where=str(file)) from err
    # What names a tool or a place that the domain does not have is said now, not at the first run.
    red_team.write_scenarios(made, file, Path(out), check=Stage)
    goals = Counter(str(attack["slices"]["goal"]) for attack in made.attacks)
    return GeneratedRedTeam(Path(out), n, seed, dict(sorted(goals.items())), len(made.twins))
