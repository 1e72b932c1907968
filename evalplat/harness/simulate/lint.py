"""Lint: what in a file of scenarios is ambiguous, cannot be played, or can never fail; with the line and a way out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from evalplat.errors import InputError, SpecError
from evalplat.records import Case
from evalplat.scorers.base import CannotScore
from evalplat.suites import Entry, ScenarioFile, read_scenarios

from .domain import Domain
from .fitting import misfits
from .lint_checks import checks_of_ends
from .lint_faults import checks_of_faults
from .lint_found import Found
from .lint_solution import checks_of_solution
from .lint_users import checks_of_users
from .lint_words import checks_of_words
from .loading import load_domain

_FIXES = {
    "unknown_tool": "name a tool of the domain",
    "unknown_argument": "name an argument of the tool",
    "unknown_path": "name a place that the state's type has",
    "type_mismatch": "test for a value that can be there",
    "bad_state": "put a value of the right type at a place that is there",
}


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One finding: where, which scenario, a stable `kind`, what is wrong and what to do about it."""

    path: Path
    line: int
    scenario: str
    kind: str
    message: str
    fix: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.scenario}: {self.kind}: {self.message}; {self.fix}"


def lint(path: Path | str) -> tuple[LintFinding, ...]:
    """Everything found in a file of scenarios, by line. Raises InputError where the file cannot be read at all."""
    file = read_scenarios(path)
    found = [*_across(file), *(finding for entry in file.entries for finding in _entry(file.path, entry))]
    return tuple(sorted(found, key=lambda f: (f.line, f.kind, f.scenario)))


def _across(file: ScenarioFile) -> Iterator[LintFinding]:
    for taken in file.taken():
        fix = "give each row its own id" if taken.of_row else "give each scenario its own id"
        yield LintFinding(file.path, taken.line, taken.entry.id, "duplicate_id", taken.message, fix)


def _entry(path: Path, entry: Entry) -> Iterator[LintFinding]:
    if entry.problem is not None:
        yield _malformed(path, entry, entry.problem)
        return
    for name in entry.unused:
        line = entry.line_of("scenario", "parameters", 0, name)
        message = f"parameter {name!r} is put in nowhere, so its rows are alike"
        fix = f"write ${name} where it belongs, or drop it"
        yield LintFinding(path, line, entry.id, "unused_parameter", message, fix)
    yield from _repeated(path, entry)
    told: set[tuple[str, int]] = set()
    for case in entry.cases:
        for found in _case(case):
            line = entry.line_of("scenario", *found.place) if found.place[:1] != ("input",) else entry.line_of("input")
            if (found.kind, line) not in told:
                told.add((found.kind, line))
                yield LintFinding(path, line, case.id, found.kind, found.message, found.fix)


def _malformed(path: Path, entry: Entry, problem: InputError) -> LintFinding:
    where, text = problem.where or "", str(problem)
    _, _, number = where.rpartition(":")
    message = text.removeprefix(f"{where}: ") if where else text
    kind, fix = "malformed", "see the page of simulate for the fields and what they hold"
    if "is not defined" in message:
        kind, fix = "undefined_parameter", "add it to every row of `parameters`, or write $$"
    elif "not a regular expression" in message:
        kind, fix = "bad_pattern", "mend the pattern; what is meant literally is escaped by \\"
    elif "path '" in message:
        kind, fix = "bad_path", "write the path as the page of simulate shows"
    elif "operator" in message:
        kind, fix = "ambiguous_condition", "say one thing in one condition"
    elif "not the parameters of the first row" in message:
        kind, fix = "uneven_parameters", "give every row the same keys"
    line = int(number) if number.isdigit() else entry.line
    return LintFinding(path, line, entry.id, kind, message, fix)


def _repeated(path: Path, entry: Entry) -> Iterator[LintFinding]:
    seen: dict[str, str] = {}
    for at, case in enumerate(entry.cases):
        assert case.scenario is not None
        plain = case.scenario.model_copy(update={"parameters": {}})
        same = case.model_copy(update={"id": "x", "scenario": plain}).content_hash
        # Rows of one id are told as such.
        if same in seen and seen[same] != case.id:
            line = entry.line_of("scenario", "parameters", at)
            message = f"{case.id} is the same scenario as {seen[same]}"
            yield LintFinding(path, line, case.id, "repeated_row", message, "vary a parameter, or drop the row")
        seen.setdefault(same, case.id)


def _case(case: Case) -> Iterator[Found]:
    assert case.scenario is not None
    try:
        domain = load_domain(case.scenario.environment)
    except SpecError as err:
        yield Found("bad_domain", ("environment", "domain"), str(err), "name module:NAME of a Domain")
        return
    wrong = list(misfits(case.scenario, domain))
    yield from (Found(each.kind, each.place, each.message, _FIXES[each.kind]) for each in wrong)
    if not wrong:
        yield from _sound(case, domain)


def _sound(case: Case, domain: Domain) -> Iterator[Found]:
    """What is looked for in a scenario that can be played."""
    found: list[Found] = []
    for checks in (checks_of_words, checks_of_ends, checks_of_users, checks_of_faults):
        try:
            found += checks(case, domain)
        except CannotScore as err:  # a pattern that a text of this very scenario is too much for
            if not any(each.kind == "slow_pattern" for each in found):
                found.append(Found("slow_pattern", (), str(err), "do not repeat what repeats itself"))
    yield from found
    if not _hopeless(found):
        yield from checks_of_solution(case)


def _hopeless(found: Sequence[Found]) -> bool:
    """Whether the solution fails for a reason that has been told."""
    told = {"contradiction", "never_passes", "slow_pattern", "forbidden_at_start", "matches_everything"}
    return any(each.kind in told for each in found)
