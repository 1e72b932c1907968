"""Programs as targets: what they are asked, what they may answer, how they fail, and what they get to see."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
from pathlib import Path

import pytest

from evalplat.errors import InputError, ReferenceUnknown, SpecError, TargetFailed
from evalplat.harness import CommandTarget, Target, open_target
from evalplat.records import Case, Outcome, TrialKey, Usage

CASE = Case(id="c1", input="Where is it?")
KEY = TrialKey(case_id="c1", trial=2)
PYTHON = sys.executable

PROGRAM = """
import json, os, subprocess, sys, time
asked = json.loads(sys.stdin.readline())
def do(what):
    if what == "text": return print(asked["input"].upper())
    if what == "asked": return print(json.dumps({"output": json.dumps(asked)}))
    if what == "json": return print(json.dumps({"output": "42", "citations": ["p1"],
        "usage": {"input_tokens": 10, "output_tokens": 2, "cost_usd": 0.5}}))
    if what == "number": return print(3)
    if what == "broken": return print('{"output": ')
    if what == "extra": return print('{"output": "x", "usages": 1}')
    if what == "env": return print(json.dumps({"output": json.dumps(dict(os.environ))}))
    if what == "flood":
        while True: print("x" * 100_000)
    if what == "fails":
        print("key sk-proj-abcdefghij0123456789 is wrong", file=sys.stderr); sys.exit(7)
    if what == "hangs": time.sleep(60)
    if what == "forks":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], stdout=subprocess.DEVNULL)
        open("child.pid", "w").write(str(child.pid)); time.sleep(60)
    if what == "complains":
        sys.stderr.write("warning\\n" * 200_000); return print("fine")
    if what == "reads nothing": return
do(sys.argv[1])
"""
LINES = """
import json, os, sys
for n, line in enumerate(sys.stdin):
    asked = json.loads(line)
    if asked["input"] == "die": sys.exit(3)
    if asked["input"] == "hang": import time; time.sleep(60)
    print(json.dumps({"output": f"{os.getpid()} {n} {asked['input']}"}), flush=True)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "lines.py").write_text(LINES)
    return tmp_path


def described(folder: Path, command: list[str], **fields: object) -> str:
    (folder / "target.yaml").write_text(json.dumps({"command": command, **fields}))
    return "target.yaml"


async def ask(target: Target, text: str = CASE.input) -> Outcome:
    try:
        await target.prepare()
        return await target.answer(CASE.model_copy(update={"input": text}), KEY, 5)
    finally:
        await target.aclose()


def line(what: str) -> Target:
    return open_target(f"cmd:'{PYTHON}' program.py '{what}'")


async def test_a_command_answers_with_text_or_json() -> None:
    outcome = await ask(line("text"))
    assert outcome.answer is not None
    assert outcome.answer.text == "WHERE IS IT?"
    assert outcome.usage == Usage(calls=1, unknown_usage_calls=1, cost_usd=None)
    outcome = await ask(line("json"))
    assert outcome.answer is not None
    assert outcome.answer.text == "42"
    assert [cited.source_id for cited in outcome.answer.citations] == ["p1"]
    assert outcome.usage == Usage(input_tokens=10, output_tokens=2, calls=1, cost_usd=0.5)


async def test_it_is_told_which_trial_this_is() -> None:
    outcome = await ask(line("asked"), "a\nb\N{SNOWMAN}")
    assert outcome.answer is not None
    asked = {"input": "a\nb\N{SNOWMAN}", "case_id": "c1", "trial": 2, "seed": 5}
    told = json.loads(outcome.answer.text)
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", told.pop("traceparent"))
    assert told == asked


@pytest.mark.parametrize(
    ("what", "fields", "says"),
    [
        ("number", {"answer": "json"}, "gave back a JSON int; expected an object with 'output'"),
        ("broken", {"answer": "json"}, "gave back no JSON"),
        ("extra", {}, "unknown field 'usages'"),
        ("flood", {}, "said more than 16777216 bytes"),
        ("fails", {}, "ended with exit code 7; it said: key [redacted] is wrong"),
        ("hangs", {"timeout_s": 0.7}, "gave no whole answer within 0.7 s"),
        ("reads nothing", {"answer": "lines"}, "ended with exit code 0 before it had answered"),
        ("fails", {"answer": "lines"}, "ended with exit code 7 before it had answered"),
    ],
)
async def test_what_goes_wrong_is_the_trials_failure(folder: Path, what: str, fields: dict, says: str) -> None:
    outcome = await ask(open_target(described(folder, [PYTHON, "program.py", what], **fields)))
    assert outcome.answer is None
    assert outcome.failure is not None
    assert outcome.failure.kind == "TargetFailed"
    assert says in outcome.failure.message
    assert "sk-proj" not in outcome.failure.message


async def test_text_is_text_where_it_is_declared(folder: Path) -> None:
    outcome = await ask(open_target(described(folder, [PYTHON, "program.py", "json"], answer="text")))
    assert outcome.answer is not None
    assert outcome.answer.text.startswith('{"output"')


async def test_it_may_complain_at_length() -> None:
    outcome = await ask(line("complains"))
    assert outcome.answer is not None
    assert outcome.answer.text == "fine"


async def test_what_it_started_is_ended_with_it(folder: Path) -> None:
    outcome = await ask(open_target(described(folder, [PYTHON, "program.py", "forks"], timeout_s=1.5)))
    assert outcome.failure is not None
    number = int((folder / "child.pid").read_text())
    until = time.monotonic() + 5
    while time.monotonic() < until and alive(number):
        await asyncio.sleep(0.02)
    assert not alive(number)


def alive(number: int) -> bool:
    """Whether the process runs; a zombie that nobody has waited for does not."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


async def test_a_process_that_goes_on_answers_line_by_line_and_is_replaced_when_it_dies(folder: Path) -> None:
    target = open_target(described(folder, [PYTHON, "lines.py"], answer="lines", timeout_s=2))
    await target.prepare()
    try:

        async def say(text: str) -> Outcome:
            return await target.answer(CASE.model_copy(update={"input": text}), KEY, 1)

        one, two = await say("a"), await say("b")
        assert one.answer is not None
        assert two.answer is not None
        pid, number, text = one.answer.text.split()
        assert (number, text) == ("0", "a")
        assert two.answer.text.split() == [pid, "1", "b"]
        for bad, says in (("die", "exit code 3"), ("hang", "within 2 s")):
            failure = (await say(bad)).failure
            assert failure is not None
            assert says in failure.message
        many = await asyncio.gather(*(say(f"m{i}") for i in range(4)))
        texts = [outcome.answer.text.split() for outcome in many if outcome.answer]
        assert [text for _, _, text in texts] == [f"m{i}" for i in range(4)]
        assert len({pid for pid, _, _ in texts}) == 4
        assert pid not in {pid for pid, _, _ in texts}
        pids = [int(pid) for pid, _, _ in texts]
    finally:
        await target.aclose()
    assert not any(alive(pid) for pid in pids)


async def test_it_sees_no_secret_that_it_was_not_given(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "plain-looking-value")
    monkeypatch.setenv("DATABASE", "postgres://me:pa55word@host/db")
    monkeypatch.setenv("EVALPLAT_DIR", "/somewhere")
    monkeypatch.setenv("COLOUR", "green")
    hidden = {"OPENAI_API_KEY", "DATABASE", "EVALPLAT_DIR", "EVALPLAT_TARGET_ENV"}
    outcome = await ask(line("env"))
    assert outcome.answer is not None
    seen = json.loads(outcome.answer.text)
    assert seen["COLOUR"] == "green"
    assert seen["PATH"] == os.environ["PATH"]
    assert not hidden & seen.keys()
    given = open_target(described(folder, [PYTHON, "program.py", "env"], env=["OPENAI_API_KEY"]))
    outcome = await ask(given)
    assert outcome.answer is not None
    assert "plain-looking-value" not in outcome.answer.text  # it has it, and says it, and it is struck out
    assert "OPENAI_API_KEY" in json.loads(outcome.answer.text)
    monkeypatch.setenv("EVALPLAT_TARGET_ENV", "OPENAI_API_KEY, DATABASE")
    outcome = await ask(line("env"))
    assert outcome.answer is not None
    assert {"OPENAI_API_KEY", "DATABASE"} <= json.loads(outcome.answer.text).keys()


def test_the_fingerprint_is_that_of_the_command_and_of_what_it_names(folder: Path) -> None:
    (folder / "prompts").mkdir()
    (folder / "prompts" / "a.txt").write_text("a")

    def fingerprint(*command: str, **fields: object) -> str:
        return open_target(described(folder, [PYTHON, *command], **fields)).info.fingerprint

    def all_of() -> list[str]:
        return [
            fingerprint("program.py", "text"),
            fingerprint("--config=program.py"),
            fingerprint("-c", "print(1)", files=["prompts"]),
            open_target(f"cmd:{PYTHON} program.py text").info.fingerprint,
        ]

    before = all_of()
    assert before == all_of()
    assert len(set(before)) == 3  # a line and a file that say the same are the same
    assert fingerprint("program.py", "json") not in before
    (folder / "prompts" / "b.txt").write_text("")
    assert [old == new for old, new in zip(before, all_of(), strict=True)] == [True, True, False, True]
    (folder / "program.py").write_text(PROGRAM + "#")
    assert not set(before) & set(all_of())


@pytest.mark.parametrize(
    ("ref", "error", "says"),
    [
        ("cmd:", SpecError, "names no command"),
        ("cmd:python 'x", SpecError, "is no command line"),
        ({"command": []}, SpecError, "command"),
        ({"command": ["x"], "answers": "json"}, SpecError, "answers"),
        ({"command": ["x"], "timeout_s": 0}, SpecError, "timeout_s"),
        ({"command": ["x"], "env": ["NO_SUCH_VARIABLE"]}, SpecError, "NO_SUCH_VARIABLE is not set"),
        ({"command": ["x"], "files": ["gone"]}, ReferenceUnknown, "there is no gone"),
        ("nothing", ReferenceUnknown, "cmd:COMMAND"),
    ],
)
def test_a_malformed_command_is_refused(folder: Path, ref: object, error: type[Exception], says: str) -> None:
    if isinstance(ref, dict):
        (folder / "target.yaml").write_text(json.dumps(ref))
        ref = "target.yaml"
    with pytest.raises(error, match=says):
        open_target(str(ref))


async def test_a_program_that_is_not_there_is_said_before_any_trial(folder: Path) -> None:
    target = open_target("cmd:no-such-program-anywhere")
    assert isinstance(target, CommandTarget)
    with pytest.raises(TargetFailed, match="there is no program 'no-such-program-anywhere'"):
        await target.prepare()
    with pytest.raises(InputError, match="--model"):
        open_target("cmd:x", model="openai:m")
