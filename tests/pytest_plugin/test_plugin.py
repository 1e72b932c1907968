"""The marker `evalplat_gate`, in a pytest of its own, as users have it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from instruments.projects import environment, lay_down

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "evalplat/pytest_plugin/README.md").read_text(encoding="utf-8")

RIGHT = {"old": range(150), "same": range(150), "worse": range(90), "unsure": range(20, 166)}
ROWS = {system: [int(case in right) for case in range(200)] for system, right in RIGHT.items()}
TESTS = """
import pytest

def gate(candidate, **more):
    more = {"baseline": "old", "policy": "gate.yaml", "scores": ["scores.jsonl"], **more}
    return pytest.mark.evalplat_gate(candidate=candidate, **more)

@gate("same")
def test_passes(gated):
    assert gated.passed and gated.verdict == "pass" and gated.page.is_file()

@gate("worse")
def test_fails(gated):
    assert gated.passed

@gate("worse")
def test_fails_though_it_asserts_nothing():
    pass

@gate("unsure")
def test_unsure():
    pass

@gate("unsure", on_inconclusive="xfail")
def test_unsure_and_expected():
    pass

@gate("worse", on_inconclusive="xfail")
def test_fails_also_where_inconclusive_is_expected():
    pass

@gate("unsure", on_inconclusive="pass")
def test_cannot_be_made_green():
    pass

@gate("nobody")
def test_undecided():
    pass

@gate("same", candiate="x")
def test_misspelt():
    pass

@gate("same")
def test_passes_but_for_its_body(gated):
    assert gated.decision.candidate.n_trials == 0

def test_without_marker(gated):
    pass

def test_of_something_else():
    pass
"""


def run_pytest(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """pytest in a folder; the plugin is loaded by its entry point, which the installed evalplat has."""
    quiet = ["-p", "no:cacheprovider", "-p", "no:asyncio", "--strict-markers", "-W", "error"]
    command = [sys.executable, "-m", "pytest", *quiet, *args]
    return subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=240)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """All tests above, run once."""
    folder = tmp_path_factory.mktemp("gates")
    rows = [
        {"system": system, "case_id": f"c{case}", "metric": "success", "score": score}
        for system, scores in ROWS.items()
        for case, score in enumerate(scores)
    ]
    (folder / "scores.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    (folder / "gate.yaml").write_text("metrics: [{metric: success, margin: 0.06, range: binary}]\n")
    (folder / "test_gates.py").write_text(TESTS)
    return folder, run_pytest(folder, "-rA", "--evalplat-report-dir=pages", "--junit-xml=junit.xml")


def outcomes(ran: tuple[Path, subprocess.CompletedProcess[str]]) -> dict[str, str]:
    found = re.findall(r"^(PASSED|FAILED|ERROR|XFAIL|SKIPPED|XPASS) \S*::(\w+)", ran[1].stdout, flags=re.MULTILINE)
    return {name: outcome for outcome, name in found}


def test_only_a_pass_is_green(ran):
    assert outcomes(ran) == {
        "test_passes": "PASSED",
        "test_fails": "FAILED",
        "test_fails_though_it_asserts_nothing": "FAILED",
        "test_unsure": "FAILED",
        "test_unsure_and_expected": "XFAIL",
        "test_fails_also_where_inconclusive_is_expected": "FAILED",
        "test_cannot_be_made_green": "ERROR",
        "test_undecided": "ERROR",
        "test_misspelt": "ERROR",
        "test_passes_but_for_its_body": "FAILED",
        "test_without_marker": "ERROR",
        "test_of_something_else": "PASSED",
    }, ran[1].stdout + ran[1].stderr


def test_a_failure_says_why_and_where_its_page_is(ran):
    folder, done = ran
    assert "evalplat: fail (hold)" in done.stdout
    assert re.search(r"fail success: success: 75 % -> 45 %|fail success: .*45", done.stdout)
    page = re.search(r"page: (\S*test_fails\.html)", done.stdout)
    assert page is not None
    assert "<!doctype html>" in (folder / page[1]).read_text(encoding="utf-8").lower()
    decision = json.loads((folder / page[1]).with_suffix(".json").read_text())
    assert decision["verdict"] == "fail"
    assert "on_inconclusive is fail or xfail, found 'pass'" in done.stdout
    assert "unexpected keyword argument 'candiate'" in done.stdout
    assert "needs @pytest.mark.evalplat_gate" in done.stdout
    assert "no decision could be made" in done.stdout


def test_verdict_and_page_are_in_junit(ran):
    cases = ET.parse(ran[0] / "junit.xml").getroot().iter("testcase")
    found = {case.get("name"): {p.get("name"): p.get("value") for p in case.iter("property")} for case in cases}
    assert found["test_unsure"]["evalplat_verdict"] == "inconclusive"
    assert found["test_passes"]["evalplat_page"].endswith("test_passes.html")


def test_a_pytest_without_gates_loads_nothing_heavy(tmp_path: Path):
    """Beside what other plugins load: the plugin itself, and nothing of evalplat's rooms."""
    told = "import sys, pathlib\ndef test_light():\n    pathlib.Path('loaded').write_text(' '.join(sys.modules))\n"
    (tmp_path / "test_light.py").write_text(told)
    loaded = []
    for more in ((), ("-p", "no:evalplat")):
        done = run_pytest(tmp_path, "-q", *more)
        assert done.returncode == 0, done.stdout + done.stderr
        loaded.append(set((tmp_path / "loaded").read_text().split()))
    assert "evalplat.pytest_plugin.plugin" in loaded[0]
    assert not any(name.startswith("evalplat") for name in loaded[1])
    ours = {name for name in loaded[0] - loaded[1] if name.split(".")[0] not in sys.stdlib_module_names}
    assert ours == {"evalplat", "evalplat.pytest_plugin", "evalplat.pytest_plugin.plugin"}


@pytest.mark.slow
def test_the_example_of_the_page_runs_as_written(tmp_path: Path):
    folder = lay_down(tmp_path, "own_agent")
    (code,) = re.findall(r"```python\n# test_release\.py\n(.*?)```", PAGE, flags=re.DOTALL)
    (command,) = re.findall(r"^    pytest (.*)$", PAGE, flags=re.MULTILINE)
    (folder / "test_release.py").write_text(code)
    done = run_pytest(folder, *command.split())
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list((folder / "gates").iterdir())) == 2
