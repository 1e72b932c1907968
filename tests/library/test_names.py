"""`import evalplat as ep`: the promised names, that nothing is loaded for them, that type checkers know them."""

from __future__ import annotations

import ast
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

import evalplat as ep

ROOT = Path(__file__).parents[2]
HEAVY = [
    "mlflow",
    "ragas",
    "deepeval",
    "pydantic_ai",
    "plotly",
    "scipy.stats",
    "pandas",
    "openai",
    "pyarrow",
    "IPython",
]

NAMES = {
    "accept", "baseline", "curate", "dataset", "demo", "doctor", "export_run", "gate", "gate_several", "html",
    "import_agentdojo",
    "import_cases", "import_inspect", "import_otlp", "import_run", "import_scores", "import_tau_bench", "load_agent",
    "load_dataset", "load_decision", "load_policy", "load_run", "load_scores", "load_suite", "plan", "plot", "report",
    "run", "scenario", "selftest", "show", "summarize", "text", "to_frame",
    "traced",
    "traced_tool",
    "history",
    "init",
}  # fmt: skip
DATASET = {
    "accept", "add_labels", "check", "curate", "diff", "export", "group", "label_group", "labels", "pending", "reject",
    "restore", "retire", "show", "slice_by_group", "split", "version", "weigh",
}  # fmt: skip


def alone(code: str, **env: str) -> str:
    """What a fresh interpreter prints."""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **env})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_public_names_are_these():
    assert set(ep.__all__) == NAMES
    assert set(ep.dataset.__all__) == DATASET
    assert set(ep.scenario.__all__) == {"generate_red_team", "lint", "run", "show"}


def test_each_name_is_there_has_a_page_of_its_own_and_is_known_to_type_checkers():
    for module in (ep, ep.baseline, ep.dataset, ep.scenario):
        assert module.__all__ == sorted(module.__all__)
        declared = _declared(Path(module.__file__ or ""))
        for name in module.__all__:
            found = getattr(module, name)
            assert inspect.getdoc(found), name
            assert name in declared, f"{module.__name__}.{name} lacks in the TYPE_CHECKING block"
            assert name in dir(module)
        assert set(module._PLACES) <= set(module.__all__)
    with pytest.raises(AttributeError, match="no attribute 'gait'"):
        ep.gait  # type: ignore[attr-defined]  # noqa: B018


def _declared(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return functions | {alias.asname or alias.name for node in imports for alias in node.names}


def test_no_name_is_that_of_a_module_which_would_take_its_place():
    modules = {path.stem for path in (ROOT / "evalplat").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert not modules & NAMES
    assert (
        alone(
            "import evalplat as ep; verb = ep.gate; import evalplat.sdk.gate, evalplat.sdk.run, evalplat.sdk.plan\n"
            "assert ep.gate is verb and callable(ep.gate) and callable(ep.run)\n"
            "assert evalplat.sdk.gate.__name__ == 'evalplat.sdk.gate'; print('fine')"
        )
        == "fine\n"
    )


def test_the_import_and_the_access_of_every_verb_load_nothing_heavy():
    verbs = sorted(name for name in NAMES if not name.startswith(("import_", "export_", "demo", "doctor")))
    code = (
        f"import sys, evalplat as ep\nheavy = {HEAVY!r}\nloaded = [m for m in heavy if m in sys.modules]\n"
        "assert not loaded, loaded\nassert 'numpy' not in sys.modules and 'pydantic' not in sys.modules\n"
        f"for name in {verbs!r}: getattr(ep, name)\n"
        "loaded = [m for m in heavy if m in sys.modules]\nassert not loaded, loaded\nprint('fine')"
    )
    assert alone(code) == "fine\n"


def test_a_gate_of_a_score_table_loads_neither_a_store_nor_a_model_nor_a_chart(tmp_path: Path):
    table = tmp_path / "scores.csv"
    rows = [f"{system},c{i},ok,{i % 2}" for system in "ab" for i in range(60)]
    table.write_text("\n".join(["system,case_id,metric,score", *rows]))
    heavy = [name for name in HEAVY if name not in ("pyarrow",)]
    code = (
        f"import sys, evalplat as ep\ngated = ep.gate('a', 'b', scores={str(table)!r}, metric='ok', margin=0.5)\n"
        f"loaded = [m for m in {heavy!r} if m in sys.modules]\nassert not loaded, loaded\nprint(gated.verdict)"
    )
    assert alone(code) == "pass\n"


def test_verbs_have_the_options_of_their_commands():
    from evalplat.cli.main import app

    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    of_targets = {"trials", "baseline_trials", "looks", "model", "concurrency", "kept", "keep", "rules", "candidate"}
    for name, missing, more in (
        ("run", set(), {"progress"}),
        ("gate", {"rank_by"}, {"progress"}),  # of several candidates
        ("plan", set(), set()),
        ("selftest", set(), set()),
        ("summarize", set(), set()),
        ("report", set(), set()),
        ("history", set(), set()),
    ):
        options = {_name(param) for param in commands[name].params} - {"help"}
        arguments = set(inspect.signature(getattr(ep, name)).parameters)
        assert arguments - more == options - missing, f"ep.{name} and `evalplat {name}` have other options"
    gate = {_name(param) for param in commands["gate"].params} - {"help"}
    given = set(inspect.signature(ep.gate_several).parameters)
    assert given - {"candidates"} == gate - of_targets


def test_commands_of_datasets_and_scenarios_have_their_verbs():
    from evalplat.cli.main import app

    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    renamed = {"slice": "slice_by_group", "generate": "generate_red_team"}
    for group, module in (("baseline", ep.baseline), ("dataset", ep.dataset), ("scenario", ep.scenario)):
        for name in commands[group].commands:
            python = renamed.get(name, name.replace("-", "_"))
            assert python in module.__all__, f"`evalplat {group} {name}` has no ep.{group}.{python}"


def _name(param: object) -> str:
    return max(param.opts, key=len).lstrip("-").replace("-", "_")  # type: ignore[attr-defined]


SCRIPT = """
import evalplat as ep

gated = ep.gate("v1", "v2", scores="scores.jsonl", metric="correct", margin=0.02)
verdict: str = gated.verdict
worst = gated.case(gated.flips[0].case_id)
answer: str | None = worst.candidate.answer.text if worst.candidate and worst.candidate.answer else None
power: float | None = ep.plan(scores="scores.jsonl", metric="correct", margin=0.02).now.power.estimate
changed: int = ep.dataset.diff("a.jsonl", "b.jsonl").n_same
parts: tuple[str, ...] = ep.load_agent("a.yaml").diff(ep.load_agent("b.yaml"))
ids: str = ep.run("suite.yaml", "desk:answer", trials=2).run_id
reveal_type(gated.decision.verdict)
"""
WRONG = """
import evalplat as ep

ep.gate("v1", "v2", margn=0.02)
ep.gait("v1")
"""


@pytest.mark.slow
def test_a_script_is_checked_by_mypy_strict(tmp_path: Path):
    assert (ROOT / "evalplat" / "py.typed").is_file()
    (tmp_path / "right.py").write_text(SCRIPT)
    (tmp_path / "wrong.py").write_text(WRONG)
    # With the project's settings, so that what `make lint` has looked at is not looked at again.
    command = [sys.executable, "-m", "mypy", "--strict", str(tmp_path / "right.py"), str(tmp_path / "wrong.py")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    said = [line for line in done.stdout.splitlines() if "right.py" in line or "wrong.py" in line]
    right, wrong = (
        [line for line in said if "right.py" in line],
        [line for line in said if "wrong.py" in line and ": error:" in line],
    )
    assert len(right) == 1, done.stdout + done.stderr
    assert "Literal['pass'] | Literal['fail'] | Literal['inconclusive']" in right[0]
    assert len(wrong) == 2
    assert "margn" in wrong[0]
    assert "gait" in wrong[1]
