"""A YAML file of scenarios into cases: defaults, parameters, and the line of everything."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import regex  # type: ignore[import-untyped]

from evalplat.errors import CaseError, InputError
from evalplat.records import Case, Dataset, build, parse_yaml
from evalplat.suites.files import read_text

from .patterns import patterns_of
from .template import filled

MAX_BYTES = 8 * 2**20
NO_SCENARIOS = "holds no file of scenarios (*.yaml)"
"""What is said of a folder without any."""
MAX_ROWS = 10_000
MAX_PATTERN_CHARS = 1_000
_CASE_FIELDS = frozenset(Case.model_fields) - {"scenario"}
_MERGED = ("environment", "bounds", "finish", "slices")
_APPENDED = ("never_call", "never_say", "tags")
_LEVELS_UP = 4

Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class Entry:
    """One scenario as it was written: the cases that it became, or what is wrong with it.

    `lines` has the line of each place in a Case, as pydantic names it (`("scenario", "end_state", "must", 0)`).
    """

    id: str
    line: int
    lines: Mapping[Path_, int]
    cases: tuple[Case, ...] = ()
    problem: InputError | None = None
    unused: tuple[str, ...] = ()
    """Parameters that are defined and nowhere put in."""

    def line_of(self, *path: str | int) -> int:
        """The line of a place, or of what holds it."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return self.line


@dataclass(frozen=True, slots=True)
class TakenId:
    """An id that an earlier scenario, or an earlier row of the same scenario's parameters, has: where, and in words."""

    entry: Entry
    line: int
    message: str
    of_row: bool


@dataclass(frozen=True)
class ScenarioFile:
    """All scenarios of a file, in order."""

    path: Path
    entries: tuple[Entry, ...] = field(default=())

    @property
    def cases(self) -> tuple[Case, ...]:
        """The cases. Raises CaseError where a scenario has a problem, or an id occurs twice."""
        for entry in self.entries:
            if entry.problem is not None:
                raise entry.problem
        for taken in self.taken():
            raise CaseError(taken.message, where=f"{self.path}:{taken.line}")
        return tuple(case for entry in self.entries for case in entry.cases)

    def taken(self) -> Iterator[TakenId]:
        """Every id that occurs a second time; of two scenarios whose rows clash, the first row that does."""
        seen: dict[str, tuple[Entry, int]] = {}
        for entry in self.entries:
            is_told = False
            for row, case in enumerate(entry.cases):
                first, first_row = seen.setdefault(case.id, (entry, row))
                if first is not entry and not is_told:
                    is_told = True
                    message = f"id: {case.id!r} is already on line {first.line_of('id')}"
                    yield TakenId(entry, entry.line_of("id"), message, of_row=False)
                elif first is entry and first_row != row:
                    message = f"id: row {row + 1} of `parameters` has the id of row {first_row + 1}, {case.id!r}"
                    yield TakenId(entry, entry.line_of("scenario", "parameters", row), message, of_row=True)


def read_scenarios(path: Path | str) -> ScenarioFile:
    """The scenarios of a YAML file; one that is malformed is an Entry with its problem.

    Raises CaseError or SpecError naming file and line where the file as a whole cannot be read.
    """
    path = Path(path)
    where = str(path)
    data, lines = parse_yaml(read_text(path, limit=MAX_BYTES, error=CaseError), where=where)
    data = _plain(data, (), where, lines)
    if not isinstance(data, dict) or not isinstance(data.get("scenarios"), list) or not data["scenarios"]:
        raise CaseError("expected `scenarios:` with a list of at least one", where=f"{where}:1")
    if unknown := sorted(map(str, data.keys() - {"scenarios", "defaults", "domain"})):
        raise CaseError(
            f"unknown field {unknown[0]!r}; a file of scenarios has domain, defaults, scenarios",
            where=f"{where}:{lines.get((unknown[0],), 1)}",
        )
    defaults = data.get("defaults") or {}
    if not isinstance(defaults, dict):
        raise CaseError("defaults: expected a mapping of fields", where=f"{where}:{lines[('defaults',)]}")
    if "domain" in data:
        environment = defaults.get("environment") or {}
        defaults = {**defaults, "environment": {"domain": data["domain"], **environment}}
    return ScenarioFile(path, tuple(_entry(path, data["scenarios"], i, defaults, lines) for i in _count(data)))


def load_scenarios(path: Path | str) -> Dataset:
    """The scenarios of a YAML file, or of all in a folder (sorted by name), as a dataset named after it.

    Raises CaseError or SpecError naming file, line and field.
    """
    path = Path(path)
    if not path.is_dir():
        return Dataset(name=path.stem, cases=read_scenarios(path).cases)
    homes: dict[str, Path] = {}
    cases: list[Case] = []
    files = scenario_files(path)
    for file in files:
        for case in read_scenarios(file).cases:
            if case.id in homes:
                raise CaseError(f"id: {case.id!r} is also in {homes[case.id]}", where=str(file))
            homes[case.id] = file
            cases.append(case)
    if not cases:
        raise CaseError(NO_SCENARIOS, where=str(path))
    return Dataset(name=path.resolve().name, cases=tuple(cases))


def scenario_files(path: Path) -> list[Path]:
    """The YAML files of a folder, sorted by name; a file is itself."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if is_scenario_file(file))


def is_scenario_file(path: Path) -> bool:
    """Whether a name says that scenarios may be in it."""
    return path.suffix.lower() in (".yaml", ".yml") and not path.name.endswith(".card.yaml")


def _count(data: dict[str, Any]) -> range:
    return range(len(data["scenarios"]))


def _entry(path: Path, written: list[Any], at: int, defaults: dict[str, Any], lines: dict[Path_, int]) -> Entry:
    line = lines.get(("scenarios", at), 1)
    places = _places(at, lines)
    name = str(written[at].get("id", at + 1)) if isinstance(written[at], dict) else str(at + 1)
    used: set[str] = set()
    try:
        if not isinstance(written[at], dict):
            raise CaseError("expected a mapping of fields", where=f"{path}:{line}")
        data = _merged(defaults, written[at])
        rows = _rows(data, path, places)
        cases = tuple(_case(data, row, used, path, places) for row in rows)
    except InputError as err:
        return Entry(name, line, places, problem=err)
    defined = tuple(rows[0][1]) if data.get("parameters") else ()
    return Entry(name, line, places, cases, unused=tuple(sorted(set(defined) - used - {"id"})))


def _places(at: int, lines: dict[Path_, int]) -> dict[Path_, int]:
    """Lines by the places of a Case: first what defaults say, then the scenario's own."""
    places: dict[Path_, int] = {}
    for prefix in (("defaults",), ("scenarios", at)):
        for path, line in lines.items():
            if path[: len(prefix)] == prefix and path != ("defaults",):
                for place in _as_in_case(path[len(prefix) :]):
                    places[place] = line
    if ("domain",) in lines:
        places.setdefault(("scenario", "environment", "domain"), lines[("domain",)])
    return places


def _as_in_case(path: Path_) -> Iterator[Path_]:
    if not path or path[0] in _CASE_FIELDS:
        yield path
        return
    yield ("scenario", *path)
    # pydantic names the member of a union in the places of its complaints
    if path[0] == "user":
        for kind in ("scripted", "model"):
            yield ("scenario", "user", kind, *path[1:])
    elif path[0] == "faults" and len(path) > 1:
        for kind in ("tool", "model"):
            yield ("scenario", "faults", path[1], kind, *path[2:])


def _merged(defaults: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    merged = {**defaults, **own}
    for name in _MERGED:
        if isinstance(defaults.get(name), dict) and isinstance(own.get(name), dict):
            merged[name] = {**defaults[name], **own[name]}
    for name in _APPENDED:
        if isinstance(defaults.get(name), list) and isinstance(own.get(name), list):
            merged[name] = [*defaults[name], *own[name]]
    return merged


def _rows(data: dict[str, Any], path: Path, places: dict[Path_, int]) -> list[tuple[str | None, dict[str, Any]]]:
    """Suffix of the id and values of each expansion; one without a suffix where there are no parameters."""
    table = data.get("parameters")
    if table is None:
        return [(None, {})]
    where = f"{path}:{places.get(('scenario', 'parameters'), 1)}"
    if not isinstance(table, list) or not table or not all(isinstance(row, dict) and row for row in table):
        raise CaseError("parameters: expected a list of mappings, one for each expansion", where=where)
    if len(table) > MAX_ROWS:
        raise CaseError(f"parameters: {len(table)} rows, at most {MAX_ROWS} are read", where=where)
    rows: list[tuple[str | None, dict[str, Any]]] = []
    for number, row in enumerate(table, start=1):
        place = f"{path}:{places.get(('scenario', 'parameters', number - 1), 1)}"
        if row.keys() != table[0].keys():
            wrong = ", ".join(sorted(map(str, row.keys() ^ table[0].keys())))
            raise CaseError(f"parameters.{number - 1}: not the parameters of the first row: {wrong}", where=place)
        rows.append((str(row.get("id", number)), {str(name): value for name, value in row.items()}))
    return rows


def _case(
    data: dict[str, Any],
    row: tuple[str | None, dict[str, Any]],
    used: set[str],
    path: Path,
    places: dict[Path_, int],
) -> Case:
    suffix, values = row
    case: dict[str, Any] = {}
    scenario: dict[str, Any] = {}
    for name, value in data.items():
        if name == "parameters":
            continue
        here = (name,) if name in _CASE_FIELDS else ("scenario", name)
        try:
            (case if name in _CASE_FIELDS else scenario)[name] = filled(value, values, used)
        except ValueError as err:
            raise CaseError(f"{name}: {err}", where=f"{path}:{places.get(here, places.get((), 1))}") from err
    if suffix is not None:
        case.setdefault("cluster", case.get("id"))
        case["id"] = f"{case.get('id')}-{suffix}"
        scenario["parameters"] = values
    _settle(scenario, path)
    where = str(path)
    whole = {**case, "scenario": scenario}
    built = build(Case, whole, where=where, lines=dict(places), error=CaseError, unwritten="scenario")
    for place, pattern in patterns_of(built):
        _compiles(pattern, place, path, places)
    return built


def _settle(scenario: dict[str, Any], path: Path) -> None:
    """Where the domain is, and the hash of its source: a changed tool is another environment."""
    environment = scenario.get("environment")
    if not isinstance(environment, dict) or not isinstance(environment.get("domain"), str):
        return
    home, digest = _home(environment["domain"].partition(":")[0], path)
    if home is not None:
        scenario["environment"] = {**environment, "home": home, "domain_sha256": digest}


def _home(module: str, path: Path) -> tuple[Path | None, str | None]:
    """The nearest folder, from the scenario's upwards, that has this module; None where it must be importable."""
    parts = module.split(".")
    folder = path.resolve().parent
    for home in (folder, *folder.parents[:_LEVELS_UP]):
        file = home.joinpath(*parts).with_suffix(".py")
        package = home.joinpath(*parts)
        if file.is_file():
            return home, hashlib.sha256(file.read_bytes()).hexdigest()
        if (package / "__init__.py").is_file():
            return home, _digest(package)
    return None, None


def _digest(package: Path) -> str:
    """SHA-256 over the names and contents of all files of a package."""
    digest = hashlib.sha256()
    files = (file for file in package.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    for file in sorted(files, key=lambda file: file.relative_to(package).as_posix()):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{file.relative_to(package).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()


def _compiles(pattern: str, place: Path_, path: Path, places: dict[Path_, int]) -> None:
    where = f"{path}:{next((places[place[:n]] for n in range(len(place), -1, -1) if place[:n] in places), 1)}"
    name = ".".join(map(str, place)).removeprefix("scenario.")
    if len(pattern) > MAX_PATTERN_CHARS:
        raise CaseError(f"{name}: a pattern may have {MAX_PATTERN_CHARS} characters", where=where)
    try:
        regex.compile(pattern)
    except (regex.error, RecursionError, OverflowError) as err:
        raise CaseError(f"{name}: {pattern!r} is not a regular expression: {err}", where=where) from err


def _plain(value: Any, path: Path_, where: str, lines: dict[Path_, int]) -> Any:
    """YAML's dates as the text that was written; everything else JSON, with text as keys."""
    if isinstance(value, dict):
        plain = {}
        for key, inner in value.items():
            if not isinstance(key, str):
                spot = f"{where}:{lines.get((*path, str(key)), lines.get(path, 1))}"
                raise CaseError(f"the key {key!r} is read as {type(key).__name__}: put it in quotes", where=spot)
            plain[key] = _plain(inner, (*path, key), where, lines)
        return plain
    if isinstance(value, list):
        return [_plain(inner, (*path, i), where, lines) for i, inner in enumerate(value)]
    if isinstance(value, datetime) or not isinstance(value, str | int | float | bool | date | None):
        spot = f"{where}:{lines.get(path, 1)}"
        raise CaseError(f"{value!r} is read as {type(value).__name__}: put it in quotes", where=spot)
    return value.isoformat() if isinstance(value, date) else value
