"""What the fingerprint of a Python target covers: its module, what that imports from the project, what it names."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import evalplat
from evalplat.errors import TargetFailed
from evalplat.harness import CallableTarget
from evalplat.harness.targets.said import said

FILES = {
    "desk.py": "import json, helper\nfrom parts import prompts\n__fingerprint__ = ['facts.jsonl', 'more']\n"
    "def answer(text):\n    from parts.late import last\n    return helper.reply(text)\n",
    "helper.py": "import parts.deep.far\ndef reply(text): return text\n",
    "parts/__init__.py": "",
    "parts/prompts.py": "from . import shared\nfrom .deep import far\n",
    "parts/shared.py": "import numpy, helper\n",
    "parts/late.py": "last = 1\n",
    "parts/deep/__init__.py": "",
    "parts/deep/far.py": "from ..shared import *\n",
    "facts.jsonl": "{}\n",
    "more/a.txt": "a",
    "more/b/c.txt": "c",
}
UNUSED = {"other.py": "x = 1\n", "parts/unused.py": "x = 1\n", "notes.txt": "n", "json_.py": "", "calls.log": "1"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in {**FILES, **UNUSED}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] in ("desk", "helper", "parts")]:
        monkeypatch.delitem(sys.modules, name)
    return tmp_path


def fingerprint() -> str:
    return CallableTarget("desk:answer").info.fingerprint


@pytest.mark.parametrize("name", FILES)
def test_a_change_of_each_file_is_another_agent_and_back_is_the_old_one(project: Path, name: str):
    before, text = fingerprint(), FILES[name]
    (project / name).write_text(text + ("\nchanged = 1\n" if name.endswith(".py") else "\nchanged\n"))
    assert fingerprint() != before
    (project / name).write_text(text)
    assert fingerprint() == before


@pytest.mark.parametrize("name", UNUSED)
def test_what_it_does_not_use_is_no_part_of_it(project: Path, name: str):
    before = fingerprint()
    (project / name).write_text("x = 2\n")
    assert fingerprint() == before


def test_what_runs_is_what_was_hashed(project: Path):
    target = CallableTarget("desk:answer")
    assert target._function("a") == "a"
    (project / "helper.py").write_text("def reply(text): return 'nope'\n")
    assert CallableTarget("desk:answer")._function("a") == "nope"


def test_a_named_file_that_is_not_there_is_said(project: Path):
    (project / "more/a.txt").unlink()
    (project / "facts.jsonl").unlink()
    with pytest.raises(TargetFailed, match=r"desk\.py: __fingerprint__ names 'facts\.jsonl', which is no file"):
        fingerprint()
    (project / "desk.py").write_text("__fingerprint__ = [name for name in 'ab']\ndef answer(text): return text\n")
    with pytest.raises(TargetFailed, match="must be a list of names of files, written out"):
        fingerprint()


@given(st.text(max_size=80))
def test_no_text_of_a_module_is_too_much(text: str):
    from tempfile import TemporaryDirectory

    from evalplat.harness.targets.local_files import files_of

    with TemporaryDirectory() as folder:
        file = Path(folder) / "odd.py"
        file.write_text(text, encoding="utf-8", errors="surrogatepass")
        assert "odd.py" in files_of("odd", file)


COMMENTED = (
    '# a heading\n\nimport json  # why\r\n\n\nTEXT = """one  # no comment\n\n  two   \n"""  # one\n'
    "def answer(text):\n    # says it\n"
    "    f = f'''{text} # in\n\n{text!r}'''\n\n    return [text,\n\n  # in between\n  f]  \n"
)
BARE = (
    'import json\nTEXT = """one  # no comment\n\n  two   \n"""\n'
    "def answer(text):\n    f = f'''{text} # in\n\n{text!r}'''\n    return [text,\n  f]"
)


def test_comments_and_empty_lines_make_no_other_agent_and_strings_do(project: Path):
    desk = project / "desk.py"
    desk.write_bytes(COMMENTED.encode())
    before = fingerprint()
    desk.write_text(BARE)
    assert fingerprint() == before
    for old, new in (("two   ", "two"), ("# in", "# In"), ("one  #", "one #"), ("\n  f]", "f]")):
        desk.write_text(BARE.replace(old, new, 1))
        assert fingerprint() != before, old


@pytest.mark.parametrize("text", ["def broken(:\n", "x = 1\ry = 2\n", "\ufeffx = 1 # é\n", "x = '''\n", "\x00"])
def test_what_is_odd_is_taken_as_it_is(text: str):
    raw = text.encode()
    assert said(raw) in (raw, b"x = 1", raw.rstrip())


def test_the_same_program_is_left_of_every_file_of_this_project():
    for file in sorted(Path(evalplat.__file__).parent.rglob("*.py")):
        raw = file.read_bytes()
        assert ast.dump(ast.parse(said(raw))) == ast.dump(ast.parse(raw)), file


CODE = (
    "import os", "def f(a):", "    if a:", "        return 1", "    return (a,", "        2)", "x = 1", "class A:",
    "    b = 2", "    c = 3", "y = 2",
)  # fmt: skip


@given(st.lists(st.sampled_from([" # c\n", "\n", "\n# c\n", "\n\n", "  \n"]), min_size=11, max_size=11))
def test_whatever_is_said_beside_the_lines_does_not_count(beside: list[str]):
    dressed = "".join(line + more for line, more in zip(CODE, beside, strict=True))
    assert said(dressed.encode()) == "\n".join(CODE).encode()
