"""`evalplat scenario` on files that are wrong: one line that says what and where, never a traceback, never green."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from instruments.lending import FILE
from typer.testing import CliRunner, Result

from evalplat.cli.main import app
from evalplat.errors import CaseError, EvalplatError
from evalplat.records import counted
from evalplat.suites import read_scenarios

RUN = CliRunner()
GOOD: dict[str, Any] = {
    "id": "x",
    "persona": "Ana",
    "goal": "Keep the book",
    "input": "Renew L1, please.",
    "end_state": {"must": [{"path": "loans.L1.status", "equals": "renewed"}]},
    "solution": [{"call": "renew", "args": {"loan_id": "L1"}}, {"say": "Renewed."}],
}


def written(folder: Path, one: dict[str, Any], name: str = "s.yaml") -> Path:
    (folder / "domain.py").write_text((FILE.parent / "domain.py").read_text())
    path = folder / name
    path.write_text(yaml.safe_dump({"domain": "domain:DOMAIN", "scenarios": [one]}, sort_keys=False))
    return path


def put(one: Any, place: tuple[str | int, ...], value: Any) -> Any:
    """A copy with a value at a place; lists and mappings on the way are made."""
    if not place:
        return value
    first, *rest = place
    if isinstance(first, int):
        return [put(one[0] if one else None, tuple(rest), value)]
    return {**(one or {}), first: put((one or {}).get(first), tuple(rest), value)}


def fails_in_words(result: Result) -> bool:
    assert result.exception is None or isinstance(result.exception, SystemExit | EvalplatError), repr(result.exception)
    assert "Traceback" not in result.output
    return result.exit_code in (0, 1, 2) and "this is a fault of evalplat" not in result.output


FAULT = {"tool": "renew", "kind": "timeout", "step": 1}
MODEL = {"model": True, "kind": "slow", "step": 1}
NUMBERS: dict[str, tuple[Any, ...]] = {
    "weight": ("weight",),
    "expect.number": ("expect", "number"),
    "expect.tolerance": ("expect", "tolerance"),
    "max_turns": ("max_turns",),
    "max_tool_calls": ("max_tool_calls",),
    "environment.seed": ("environment", "seed"),
    "environment.state": ("environment", "state", "members.m1.fine_cents"),
    "bounds.turns": ("bounds", "turns"),
    "bounds.tool_calls": ("bounds", "tool_calls"),
    "bounds.repeats": ("bounds", "repeats"),
    "user.patience": ("user", "patience"),
    "must_call.at_most": ("must_call", 0, "at_most"),
    "resists.at_least": ("resists", 0, "at_least"),
    "resists.equals": ("resists", 0, "equals"),
    "resists.rises_by": ("resists", 0, "rises_by"),
    "resists.count": ("resists", 0, "count"),
    "solution.args": ("solution", 0, "args", "amount_cents"),
    **{f"faults.{name}": ("faults", 0, name) for name in ("step", "probability", "seed", "times", "delay_s")},
    **{f"model.{name}": ("faults", 0, name) for name in ("step", "probability", "seed", "times", "delay_s")},
}
START: dict[str, dict[str, Any]] = {
    "user.patience": {"user": {"otherwise": "Please."}},
    "must_call.at_most": {"must_call": [{"tool": "renew"}]},
    **{f"resists.{name}": {"resists": [{"path": "members.m1.fine_cents"}]} for name in ("at_least", "equals")},
    "resists.rises_by": {"resists": [{"path": "members.m1.fine_cents"}]},
    "resists.count": {"resists": [{"path": "members"}]},
    "solution.args": {"solution": [{"call": "waive_fine", "args": {"member": "m1"}}, {"say": "Done."}]},
}


@pytest.mark.parametrize("name", NUMBERS)
def test_no_number_ends_in_a_traceback(tmp_path: Path, name: str) -> None:
    kind = name.partition(".")[0]
    start = {**GOOD, **START.get(name, {})}
    if kind in ("faults", "model"):
        start["faults"] = [FAULT if kind == "faults" else MODEL]
    if name.endswith("probability"):
        start["faults"] = [{**start["faults"][0], "step": None}]
    for value in (-1, 1e308, 2**63, 10**400, float("nan")):
        path = written(tmp_path, put(start, NUMBERS[name], value))
        for command in ("lint", "run"):
            assert fails_in_words(RUN.invoke(app, ["scenario", command, str(path)])), (name, value)


@pytest.mark.parametrize("fault", [FAULT, MODEL], ids=["tool", "model"])
def test_a_fault_waits_a_day_at_most(tmp_path: Path, fault: dict[str, Any]) -> None:
    day = written(tmp_path, {**GOOD, "faults": [{**fault, "delay_s": 86_400}]})
    assert RUN.invoke(app, ["scenario", "run", str(day)]).exit_code == 0
    longer = written(tmp_path, {**GOOD, "faults": [{**fault, "delay_s": 86_401}]})
    found = RUN.invoke(app, ["scenario", "lint", str(longer)])
    assert found.exit_code == 1
    assert "delay_s: Input should be less than or equal to 86400" in found.output


def test_a_folder_without_scenarios_is_not_clean(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    found = RUN.invoke(app, ["scenario", "lint", str(tmp_path / "empty")])
    assert found.exit_code == 2
    assert "empty: holds no file of scenarios" in found.output
    assert "finding" not in found.output
    both = RUN.invoke(app, ["scenario", "lint", str(written(tmp_path, GOOD)), str(tmp_path / "empty")])
    assert both.exit_code == 2
    assert "0 findings" not in both.output


def test_an_unreadable_file_is_counted_as_such(tmp_path: Path) -> None:
    good = written(tmp_path, GOOD)
    assert RUN.invoke(app, ["scenario", "lint", str(good)]).stdout == "0 findings in 1 file\n"
    broken = tmp_path / "broken.yaml"
    broken.write_text("")
    assert RUN.invoke(app, ["scenario", "lint", str(broken)]).stdout == "1 unreadable\n"
    assert RUN.invoke(app, ["scenario", "lint", str(broken), str(good)]).stdout == "1 unreadable\n"
    odd = written(tmp_path, {**GOOD, "weight": -1}, "odd.yaml")
    mixed = RUN.invoke(app, ["scenario", "lint", str(broken), str(good), str(odd)])
    assert mixed.exit_code == 2
    assert mixed.stdout.endswith("\n1 finding in 2 files, 1 unreadable\n")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"inptu": GOOD["input"], "input": None}, "unknown field 'inptu'; did you mean 'input'?"),
        ({"persnoa": "Ana", "persona": None}, "unknown field 'persnoa'; did you mean 'persona'?"),
        ({"never_shout": []}, ": unknown field 'never_shout'"),
        ({"faults": [{**FAULT, "dely_s": 1}]}, "faults.0.tool: unknown field 'dely_s'"),
    ],
)
def test_an_unknown_field_is_named_first(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    one = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    found = RUN.invoke(app, ["scenario", "lint", str(written(tmp_path, one))])
    assert said in found.output
    assert "scenario." not in found.output.replace(str(tmp_path), "")


def test_what_is_lacking_is_named_as_it_is_written(tmp_path: Path) -> None:
    one = {name: value for name, value in GOOD.items() if name != "persona"}
    assert "malformed: persona: Field required;" in RUN.invoke(
        app, ["scenario", "lint", str(written(tmp_path, one))]
    ).output  # fmt: skip


def test_rows_of_one_id_are_told_at_their_lines(tmp_path: Path) -> None:
    rows = [{"id": "a", "book": "L1"}, {"id": "b", "book": "L2"}, {"id": "a", "book": "L1"}]
    path = written(tmp_path, {**GOOD, "input": "Renew $book.", "parameters": rows})
    lines = path.read_text().splitlines()
    at = [number for number, line in enumerate(lines, 1) if "- id: a" in line][1]
    out = RUN.invoke(app, ["scenario", "lint", str(path)]).output
    assert f"s.yaml:{at}: x: duplicate_id: id: row 3 of `parameters` has the id of row 1, 'x-a'; give each row" in out
    assert "repeated_row" not in out
    with pytest.raises(CaseError, match=rf"s\.yaml:{at}: id: row 3 of `parameters`"):
        _ = read_scenarios(path).cases


def test_text_of_a_set_does_not_hang_on_its_order(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text("scenarios:\n  - id: x\n    tags: !!set {a, b}\n")
    assert "s.yaml:3: a set is not read: write a list" in RUN.invoke(app, ["scenario", "lint", str(path)]).stderr
    path.write_text("scenarios: [{id: a}]\n---\nscenarios: []\n")
    assert "s.yaml:2: holds several YAML documents" in RUN.invoke(app, ["scenario", "lint", str(path)]).stderr


@pytest.mark.parametrize(("step", "said"), [("[7]", "[7]"), ("[*].nope", "nope"), (".L1.nope", "nope")])
def test_the_step_that_leads_nowhere_is_named(tmp_path: Path, step: str, said: str) -> None:
    condition = {"path": f"loans{step}", "exists": True}
    out = RUN.invoke(app, ["scenario", "lint", str(written(tmp_path, {**GOOD, "resists": [condition]}))]).output
    assert f"{said!r} leads nowhere" in out


def test_a_number_is_shown_as_a_number(tmp_path: Path) -> None:
    for value, shown in ((1, "found 1;"), ("1", "found '1';")):
        path = written(tmp_path, {**GOOD, "environment": {"state": {"loans.L1": value}}})
        assert shown in RUN.invoke(app, ["scenario", "lint", str(path)]).output


def test_a_transcript_counts_as_people_do(tmp_path: Path) -> None:
    out = RUN.invoke(app, ["scenario", "run", str(written(tmp_path, GOOD))]).output
    assert "user: Ana\ngoal: Keep the book\n" in out
    assert "after 1 reply, 1 tool call\n" in out
    assert "1 condition holds, 0 do not, as they should" in out
    assert "1 scenario in 1 cluster" in RUN.invoke(app, ["scenario", "show", str(tmp_path / "s.yaml")]).output
    assert [counted(n, "case") for n in (0, 1, 2, 12_345, 2_500_000)] == [
        "0 cases", "1 case", "2 cases", "12,345 cases", "2,500,000 cases",
    ]  # fmt: skip


def test_an_id_is_never_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "in" / "work"
    home.mkdir(parents=True)
    monkeypatch.chdir(home)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{home}/mlflow.db")
    written(home, {**GOOD, "id": "../../../x"})
    (home / "suite.yaml").write_text(
        "name: s\ndatasets: [s.yaml]\nscorers: [{metric: end_state, kind: end_state}]\ntrials: 1\n"
    )
    ran = RUN.invoke(app, ["run", "suite.yaml", "--agent", "evalplat.harness.simulate.instruments:reference"])
    assert ran.exit_code == 0, ran.output
    run = ran.stdout.split()[-1]
    assert RUN.invoke(app, ["report", run, "-o", "run.html"]).exit_code == 0
    assert RUN.invoke(app, ["dataset", "curate", "new.jsonl", "--run", run]).exit_code in (0, 1, 2)
    assert RUN.invoke(app, ["export", run, "--to", "inspect", "-o", "run.eval"]).exit_code == 0
    outside = [path for path in tmp_path.rglob("*") if home not in (path, *path.parents)]
    assert outside == [tmp_path / "in"]
    assert not any(".." in str(path.relative_to(home)) or path.name == "x" for path in home.rglob("*"))
