"""The notebooks: executed as a reader would, with the outputs that are committed, and nothing of a machine in them."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("[0-9]*.ipynb"))
MAX_BYTES = 200_000

pytestmark = pytest.mark.filterwarnings("default")  # Jupyter's own, about its loop and its ports


def outputs(notebook: Any) -> list[str]:
    """What each code cell printed or showed, as text; what went to standard error is named."""
    found = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            parts = [f"{one.output_type} {one.get('name', '')}\n{_text(one)}" for one in cell.outputs]
            found.append("".join(re.sub(r"^stream stdout\n", "", part) for part in parts))
    return found


def _text(output: Any) -> str:
    return str(output.get("text") or output.get("data", {}).get("text/plain", "") or output.get("evalue", ""))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_begins_with_a_question_and_holds_nothing_of_a_machine(path: Path):
    text = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    assert notebook.cells[0].cell_type == notebook.cells[-1].cell_type == "markdown"
    assert "?" in notebook.cells[0].source.splitlines()[0]
    assert re.search(r"(?im)^#+ what to do", notebook.cells[-1].source)
    assert len(text) < MAX_BYTES
    told = "\n".join(outputs(notebook))
    assert told.strip(), "it was not executed"
    assert not re.search(r"/(home|root|work|tmp|Users|private)/|[A-Z]:\\", text)
    assert not re.search(r"(?i)stream stderr|warning:|Traceback", told)
    numbers = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_says_what_is_committed(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    from nbclient import NotebookClient

    for name in ("MLFLOW_TRACKING_URI", "EVALPLAT_DIR", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # nothing is fetched
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    committed = nbformat.read(path, as_version=4)
    fresh = nbformat.read(path, as_version=4)
    client = NotebookClient(fresh, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}})
    asyncio.run(client.async_execute())
    assert outputs(fresh) == outputs(committed)
