"""`evalplat init`: what it lays down gates by the two commands that it prints."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from instruments.endpoint import MisbehavingEndpoint
from instruments.projects import evalplat, lay_down, passage_in, printed_commands

from evalplat.runtime.agents import load_agent
from evalplat.suites import load_card, load_suite
from evalplat.templates import TEMPLATES, files_of

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("template", ["rag", "support_desk"])
def test_agents_of_a_model_gate_on_a_provider_too(tmp_path: Path, template: str):
    folder = lay_down(tmp_path, template)
    gate, report = printed_commands(evalplat("init", tmp_path / "again", "--template", template).stdout)
    with MisbehavingEndpoint(respond=passage_in) as endpoint:
        done = evalplat(*shlex.split(gate)[1:], "--model", "openai:test-model", cwd=folder, env=endpoint.env)
        asked = len(endpoint.completions)
    assert done.returncode in (0, 3), done.stdout + done.stderr
    assert asked > 80
    assert evalplat(*shlex.split(report)[1:], cwd=folder).returncode == 0


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_readme_names_only_what_is_there_and_its_commands_parse(tmp_path: Path, template: str):
    folder = lay_down(tmp_path, template)
    readme = (folder / "README.md").read_text(encoding="utf-8")
    for name in re.findall(r"`([\w./-]+\.(?:yaml|yml|jsonl|json|py))`", readme):
        assert (folder / name).exists(), name
    commands = re.findall(r"^    (evalplat .*)$", readme, flags=re.MULTILINE)
    assert commands[:2] == printed_commands(evalplat("init", tmp_path / "again", "--template", template).stdout)
    suite = load_suite(folder / "suite.yaml")
    assert len(suite.cases) == 94
    assert suite.policy is not None
    for path in folder.glob("agent*.yaml"):
        load_agent(path)
    assert load_card(folder / "questions.card.yaml").licence == "Apache-2.0"


@pytest.mark.slow
def test_the_commands_that_are_printed_and_the_readme_run_as_written(tmp_path: Path):
    told = evalplat("init", "own agent", cwd=tmp_path).stdout
    assert "  cd 'own agent'\n" in told
    folder = tmp_path / "own agent"
    readme = (folder / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    (evalplat .*)$", readme, flags=re.MULTILINE)
    assert commands[:2] == printed_commands(told)
    commands += [text.replace("TARGET", "agent:answer") for text in re.findall(r"`(evalplat [^`]+)`", readme)]
    done = {command: evalplat(*shlex.split(command)[1:], cwd=folder) for command in commands}
    assert [one.returncode for one in done.values()] == [0, 0, 1, 0, 0, 0], done
    assert done[commands[0]].stdout.startswith("PASS (ship): correct")
    assert done[commands[2]].stdout.startswith("FAIL (hold): correct")
    assert json.loads((folder / "decision.json").read_text())["verdict"] == "pass"
    assert "agent:answer_next" in (folder / "report.html").read_text(encoding="utf-8")


def test_nothing_is_written_over_and_a_refusal_writes_nothing(tmp_path: Path):
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk/suite.yaml").write_text("mine")
    refused = evalplat("init", "desk", cwd=tmp_path)
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "suite.yaml" in refused.stderr
    assert [path.name for path in (tmp_path / "desk").iterdir()] == ["suite.yaml"]
    assert (tmp_path / "desk/suite.yaml").read_text() == "mine"


def test_a_gitignore_and_other_files_stay_as_they_are(tmp_path: Path):
    (tmp_path / ".gitignore").write_text("mine\n")
    (tmp_path / "notes.txt").write_text("mine\n")
    done = evalplat("init", ".", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert ".gitignore" in done.stdout
    assert (tmp_path / ".gitignore").read_text() == "mine\n"
    assert "  cd " not in done.stdout


@pytest.mark.parametrize(("where", "word"), [("a_file", "is a file"), ("a_file/below", "cannot be written")])
def test_a_folder_that_cannot_be_is_said_in_a_line(tmp_path: Path, where: str, word: str):
    (tmp_path / "a_file").write_text("")
    refused = evalplat("init", where, cwd=tmp_path)
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert word in refused.stderr


def test_an_unknown_template_is_told_those_that_there_are(tmp_path: Path):
    refused = evalplat("init", "desk", "--template", "chat", cwd=tmp_path)
    assert refused.returncode == 2
    assert all(name in refused.stderr for name in TEMPLATES)
    assert not (tmp_path / "desk").exists()


def test_inside_a_repository_it_says_where_the_jobs_belong(tmp_path: Path):
    (tmp_path / ".git").mkdir()
    assert "evals inside a repository" in evalplat("init", "evals", cwd=tmp_path).stdout


def test_what_is_laid_down_ships_with_the_package():
    """package-data names each folder of the room; the questions are those of the scenarios that ship."""
    import tomllib

    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    room = ROOT / "evalplat/templates"
    folders = {path.name for path in room.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert {entry.removesuffix("/*") for entry in listed["evalplat.templates"]} == folders
    assert not [path for path in room.glob("*/*") if path.is_dir() and path.name != "__pycache__"]
    shop = ROOT / "scenarios/support_desk"
    assert (room / "fernhill/passages.jsonl").read_bytes() == (shop / "passages.jsonl").read_bytes()
    questions = (shop / "questions.jsonl").read_text().splitlines()
    assert set((room / "fernhill/questions.jsonl").read_text().splitlines()) <= set(questions)


def test_a_project_is_filled_with_its_own_agent():
    for template in TEMPLATES.values():
        files = files_of(template)
        job = files[".github/workflows/evalplat.yml"] + files[".gitlab-ci.yml"] + files[".gitlab/evalplat.yml"]
        assert template.agent in job
        assert ("evalplat[local]" in job) == (template.extra == "local")
        assert ("agent.yaml" in job) == (template.agent == "agent.yaml")


@pytest.mark.slow
@pytest.mark.parametrize("template", ["rag", "support_desk"])
def test_the_readme_of_an_embedded_agent_runs_as_written(tmp_path: Path, template: str):
    folder = lay_down(tmp_path, template)
    readme = (folder / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    (evalplat .*)$", readme, flags=re.MULTILINE)
    codes = [evalplat(*shlex.split(command)[1:], cwd=folder, timeout=900).returncode for command in commands]
    assert codes == [0, 0, 1]
    assert (folder / "report.html").stat().st_size < 6_000_000


def test_without_a_name_it_is_this_folder(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("mine")
    told = evalplat("init", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("this folder: ") and "\n  cd " not in told.stdout
    assert printed_commands(told.stdout)[0].startswith("evalplat gate ")
    assert (tmp_path / "suite.yaml").is_file() and (tmp_path / "notes.txt").read_text() == "mine"
