"""A red team as a file of scenarios: a field a line, so that two versions can be compared line by line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from evalplat.errors import InputError
from evalplat.records import Case
from evalplat.suites.files import replaced
from evalplat.suites.scenario.file import read_scenarios
from evalplat.suites.scenario.template import filled

from .generate import RedTeam

_LEVELS_UP = 3  # one less than a file of scenarios looks: the draft lies one folder deeper
# What JSON leaves as it is and YAML does not take, or an editor would hide.
_UNSEEN = re.compile("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff]")


def write_scenarios(
    made: RedTeam, surface_file: Path, out: Path, *, check: Callable[[tuple[Case, ...]], object]
) -> tuple[Case, ...]:
    """Write it, whole or not at all, and give back the cases as they are read from it; `check` looks at them before.

    Raises InputError where the domain could not be found from there, CaseError or SpecError naming the line and field
    of what the surface has got wrong.
    """
    if out.suffix.lower() not in (".yaml", ".yml"):
        raise InputError("expected a file NAME.yaml to write", where=str(out))
    domain = _domain(made.surface.domain, surface_file.resolve().parent, out)
    text = "".join(_lines(made, surface_file, domain))
    with TemporaryDirectory(dir=_nearest(out.resolve().parent)) as folder:
        draft = Path(folder) / out.name
        draft.write_text(text, encoding="utf-8")
        cases = read_scenarios(draft).cases
        check(cases)
    with replaced(out) as file:
        file.write(text.encode())
    return cases


def _lines(made: RedTeam, surface_file: Path, domain: str) -> Iterator[str]:
    surface = f"{surface_file.resolve().parent.name}/{surface_file.name}"
    yield f"# {len(made.attacks)} attacks and {len(made.twins)} harmless twins, generated from {surface}.\n"
    yield f"# evalplat scenario generate red-team --domain ... --n {len(made.attacks)} --seed {made.seed}\n"
    yield f"domain: {_json(domain)}\n"
    yield "defaults:\n"
    for name, value in made.surface.defaults.items():
        yield f"  {name}: {_json(_escaped(filled(value, made.surface.words, set())))}\n"
    yield "scenarios:\n"
    for scenario in sorted([*made.attacks, *made.twins], key=lambda each: str(each["id"])):
        yield from _scenario(scenario)


def _scenario(fields: Mapping[str, Any]) -> Iterator[str]:
    start = "  - "
    for name, value in fields.items():
        yield f"{start}{name}: {_json(_escaped(value))}\n"
        start = "    "


def _json(value: Any) -> str:
    """JSON, which is YAML too."""
    text = json.dumps(value, ensure_ascii=False)
    return _UNSEEN.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _escaped(value: Any) -> Any:
    """In a file of scenarios a dollar sign of its own is written twice."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, Mapping):
        return {_escaped(key): _escaped(inner) for key, inner in value.items()}
    return [_escaped(inner) for inner in value] if isinstance(value, list | tuple) else value


def _domain(domain: str, home: Path, out: Path) -> str:
    """The domain as it is found from the new file: the module's folder, or the one above, lies above it."""
    folder = out.resolve().parent
    reached = (folder, *folder.parents[:_LEVELS_UP])
    if home in reached:
        return domain
    if home.parent in reached and home.name.isidentifier():
        return f"{home.name}.{domain}"
    raise InputError(f"the domain would not be found from there: write it in {home.parent} or below", where=str(out))


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest above that is there."""
    return folder if folder.is_dir() else _nearest(folder.parent)
