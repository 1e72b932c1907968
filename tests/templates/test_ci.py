"""The CI jobs that `init` lays down, run from their own shell steps in a git repository."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from instruments.ci_jobs import Comments, forge, git, github_steps, gitlab_steps, gitlab_variables, run_job
from instruments.projects import evalplat, lay_down

from evalplat.templates import TEMPLATES, files_of

ROOT = Path(__file__).parents[2]
WAS = "return sentence\n\n\n@traced\ndef answer_next"
GOOD = (WAS, WAS.replace("sentence", 'sentence if _ >= 0.34 else "I don\'t know."', 1))
BAD = (WAS, WAS.replace("sentence", '"We are happy to help."', 1))
PAGE = (ROOT / "runners/ci/README.md").read_text(encoding="utf-8")
REPORT = ("decision.json", "report.html", "junit.xml", "comment.md")


def repository(tmp_path: Path) -> Path:
    """A project on its main branch."""
    project = lay_down(tmp_path, "own_agent")
    git(project, "init", "--quiet")
    git(project, "add", "-A")
    git(project, "commit", "--quiet", "-m", "our agent")
    return project


def changed(project: Path, change: tuple[str, str]) -> str:
    """A commit of a changed agent; the commit that it asks to be merged into."""
    base = git(project, "rev-parse", "HEAD")
    text = (project / "agent.py").read_text(encoding="utf-8")
    assert change[0] in text
    (project / "agent.py").write_text(text.replace(change[0], change[1]), encoding="utf-8")
    git(project, "commit", "--quiet", "-am", "a change")
    return base


def pull_request(base: str, api: Comments) -> dict[str, str]:
    """What GitHub's runner sets for a pull request."""
    github = {"GITHUB_API_URL": api.url, "GITHUB_REPOSITORY": "we/desk", "GITHUB_TOKEN": "t0ken"}
    return {"EVALPLAT_BASE": base, "EVALPLAT_PULL": "7", **github}


def fresh_machine(project: Path, at: Path) -> Path:
    """A clone that has only the kept file."""
    git(project.parent, "clone", "--quiet", str(project), str(at))
    shutil.copy(project / ".evalplat-kept.zip", at)
    return at


@pytest.mark.slow
def test_github_a_good_change_is_green_with_a_report_and_a_comment(tmp_path: Path):
    project = repository(tmp_path)
    base = changed(project, GOOD)
    with forge() as api:
        job = run_job(
            github_steps(project), project, **pull_request(base, api), GITHUB_STEP_SUMMARY=str(tmp_path / "s")
        )
        assert job.code == 0, job.log
        assert list(api.bodies) == [1]
        assert "PASS" in api.bodies[1].upper()
        assert api.tokens == {"Bearer t0ken"}
    out = project / ".evalplat-out"
    assert json.loads((out / "decision.json").read_text())["verdict"] == "pass"
    assert ET.parse(out / "junit.xml").getroot().tag == "testsuites"
    assert all((out / name).stat().st_size > 100 for name in REPORT)
    assert (tmp_path / "s").read_text() == (out / "comment.md").read_text()


@pytest.mark.slow
def test_github_the_baseline_of_main_is_kept_and_a_job_again_continues_the_test(tmp_path: Path):
    project = repository(tmp_path)
    steps = github_steps(project)
    first = run_job(steps, project)
    assert first.code == 0, first.log
    assert "94 trials were run" in first.log
    assert "nothing to compare with" in (project / ".evalplat-out/comment.md").read_text()
    base = changed(project, GOOD)
    with forge() as api:
        one = fresh_machine(project, tmp_path / "one")
        job = run_job(steps, one, **pull_request(base, api))
        assert job.code == 0, job.log
        assert "it is kept, and nothing was run" in job.log
        again = fresh_machine(one, tmp_path / "two")
        second = run_job(steps, again, **pull_request(base, api))
        assert second.code == 0, second.log
        assert json.loads((again / ".evalplat-out/decision.json").read_text())["attempt"] == 2
        assert list(api.bodies) == [1], "one comment, written anew"
        assert "ttempt 2" in api.bodies[1]


@pytest.mark.slow
def test_gitlab_a_broken_change_is_red_and_says_so_where_no_token_is(tmp_path: Path):
    project = repository(tmp_path)
    base = changed(project, BAD)
    variables = gitlab_variables(project) | {"CI_MERGE_REQUEST_DIFF_BASE_SHA": base, "CI_MERGE_REQUEST_IID": "3"}
    del variables["EVALPLAT_INSTALL"]
    job = run_job(gitlab_steps(project), project, **variables)
    assert job.code == 1, job.log
    assert "no comment" in job.log
    out = project / ".evalplat-out"
    assert json.loads((out / "decision.json").read_text())["verdict"] == "fail"
    assert all((out / name).stat().st_size > 100 for name in REPORT)
    assert (project / ".evalplat-kept.zip").is_file()
    assert git(project, "status", "--porcelain") == ""
    with forge() as api:
        shell = "\n".join(part for part in gitlab_steps(project)[0][0].split("\n(") if "PRIVATE-TOKEN" in part)
        api_of = {"CI_API_V4_URL": api.url, "CI_PROJECT_ID": "11", "EVALPLAT_GITLAB_TOKEN": "glt0ken"}
        said = run_job([("(" + shell.rsplit("\n)", 1)[0] + "\n)", False)] * 2, project, **variables, **api_of)
        assert said.code == 0, said.log
        assert "FAIL" in api.bodies[1].upper()
        assert list(api.bodies) == [1]
        assert api.tokens == {"glt0ken"}


@pytest.mark.slow
def test_no_decision_is_red_with_its_reason_and_a_comment_that_is_refused_is_not(tmp_path: Path):
    project = repository(tmp_path)
    base = changed(project, ("import json\n", "import json\nimport a_module_that_is_nowhere\n"))
    with forge() as api:
        api.refuses = True
        job = run_job(github_steps(project), project, **pull_request(base, api))
    assert job.code == 2, job.log
    assert "::warning::" in job.log
    assert "a_module_that_is_nowhere" in (project / ".evalplat-out/comment.md").read_text()


@pytest.mark.parametrize("name", ["github.yml", "gitlab.yml"])
def test_runners_hold_the_jobs_that_init_lays_down(name: str):
    assert (ROOT / "runners/ci" / name).read_bytes() == (ROOT / "evalplat/templates/ci" / name).read_bytes()


def test_both_jobs_do_the_same_and_put_nothing_into_a_shell_that_is_not_theirs():
    files = files_of(TEMPLATES["rag"])
    github = yaml.safe_load(files[".github/workflows/evalplat.yml"])["jobs"]["gate"]["steps"]
    shells = [step["run"] for step in github if "run" in step]
    gitlab = yaml.safe_load(files[".gitlab/evalplat.yml"])[".evalplat"]["script"]
    same = [0, 1, 2, 4]  # all but the comment, whose API differs
    assert [_bare(shells[place]) for place in same] == [_bare(gitlab[place]) for place in same]
    assert not any("${{" in shell for shell in shells), "an expression in a shell is an injection"
    uses = [step["uses"] for step in github if "uses" in step]
    assert all(re.fullmatch(r"actions/[\w/-]+@v\d+", one) for one in uses)
    assert len(files[".gitlab-ci.yml"].strip().splitlines()) <= 6


def test_the_page_has_six_lines_for_each_forge():
    github, gitlab = (yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL))
    assert len(re.findall(r"```yaml\njobs:\n(.*?)```", PAGE, flags=re.DOTALL)[0].splitlines()) <= 6
    assert gitlab == yaml.safe_load((ROOT / "evalplat/templates/ci/gitlab_job.yml").read_text())
    called = yaml.safe_load((ROOT / "runners/ci/github.yml").read_text())[True]["workflow_call"]["inputs"]
    assert set(github["jobs"]["gate"]["with"]) <= set(called)
    assert all(f"`{name}`" in PAGE for name in called)


@pytest.mark.slow
def test_the_commands_of_the_page_run_as_written(tmp_path: Path):
    folder = lay_down(tmp_path, "own_agent")
    commands = re.findall(r"^    (evalplat [^#\n]*)", PAGE, flags=re.MULTILINE)
    commands += re.findall(r"`(evalplat baseline refresh [^`]+)`", PAGE)
    codes = [
        evalplat(*shlex.split(text.replace("agent.yaml", "agent:answer"))[1:], cwd=folder).returncode
        for text in commands
    ]
    assert codes == [0, 0, 0, 0]


def _bare(shell: str) -> list[str]:
    lines = [line.strip() for line in shell.strip().splitlines()]
    return [line for line in lines if not line.startswith("(  #") and line != ")"]
