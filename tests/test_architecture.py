"""ARCHITECTURE.md against the folders, and the linter against a breach."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "evalplat"
PAGE = (PACKAGE / "ARCHITECTURE.md").read_text(encoding="utf-8")


def rooms_on_the_page() -> set[str]:
    return set(re.findall(r"^\| `([^`]+)` \|", PAGE, flags=re.MULTILINE))


def rooms_in_the_house() -> set[str]:
    folders = [file.parent for pattern in ("*/__init__.py", "*/*/__init__.py") for file in PACKAGE.glob(pattern)]
    files = [file.name for file in PACKAGE.glob("*.py") if file.name != "__init__.py"]
    return {str(folder.relative_to(PACKAGE)) for folder in folders} | set(files)


def test_the_page_lists_exactly_the_rooms_that_are_there():
    assert rooms_on_the_page() == rooms_in_the_house()


def test_every_room_is_more_than_a_name_and_has_its_page():
    for room in rooms_in_the_house():
        folder = PACKAGE / room
        if folder.is_dir() and room != "runtime":
            code = [file for file in folder.rglob("*.py") if file.name != "__init__.py"]
            assert code, f"{room} holds nothing"
        if folder.is_dir() and "/" not in room:
            assert (folder / "README.md").is_file(), f"{room} has no README.md"


def test_package_lists_every_room():
    import tomllib

    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"])
    there = {".".join(folder.parent.relative_to(ROOT).parts) for folder in PACKAGE.rglob("__init__.py")}
    assert listed == there


def test_every_public_name_of_a_room_is_there():
    import importlib

    for init in PACKAGE.rglob("__init__.py"):
        module = importlib.import_module(".".join(init.parent.relative_to(ROOT).parts))
        for name in getattr(module, "__all__", []):
            assert hasattr(module, name), f"{module.__name__}.{name}"


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("stats/holm.py", "import mlflow"),
        ("gates/decide.py", "import evalplat.store"),
        ("runtime/retrieval/index.py", "import evalplat.harness"),
        ("sdk/run.py", "import plotly"),
    ],
)
def test_a_breach_of_the_architecture_fails_the_linter(tmp_path: Path, file: str, line: str):
    shutil.copytree(PACKAGE, tmp_path / "evalplat", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    kept = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env={"PYTHONPATH": str(tmp_path)})
    assert kept.returncode == 0, kept.stdout
    target = tmp_path / "evalplat" / file
    target.write_text(f"{target.read_text()}\n{line}\n")
    broken = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env={"PYTHONPATH": str(tmp_path)})
    assert broken.returncode != 0
    assert "BROKEN" in broken.stdout


def test_help_loads_nothing_heavy():
    heavy = ["mlflow", "ragas", "deepeval", "plotly", "pydantic_ai", "openai", "xllamacpp", "wordllama", "bm25s", "ray"]
    heavy += ["pandas", "scipy.stats", "pyarrow", "numpy.testing"]
    code = (
        "import sys; sys.argv=['evalplat','--help']\n"
        "from evalplat.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        f"loaded=[m for m in {heavy!r} if m in sys.modules]\n"
        "assert not loaded, loaded"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for command in ("demo", "run", "import", "summarize", "gate", "plan", "report", "doctor"):
        assert re.search(rf"^\W*{command}\b", done.stdout, flags=re.MULTILINE), command
