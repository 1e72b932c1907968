"""The verbs called from Python: inside a running loop, interrupted, with errors that speak of arguments."""

from __future__ import annotations

import asyncio
import doctest
import os
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import pytest

import evalplat as ep
from evalplat.errors import InputError, ReferenceUnknown
from evalplat.records import GatePolicy, MetricRule

EXAMPLES = ("after", "before", "gate", "load", "run", "show")


@pytest.mark.parametrize("module", [*(f"evalplat.library.{name}" for name in EXAMPLES), "evalplat.records.agent"])
def test_the_examples_of_the_docstrings_run(module: str, project: Path):
    for name in ("scores.jsonl", "suite.yaml"):
        (project / name).unlink()
    found = doctest.testmod(import_module(module), raise_on_error=False)
    assert found.attempted > 0
    assert found.failed == 0


def test_from_question_to_flipped_case_to_trace_to_a_changed_dataset_inside_a_running_loop(project: Path):
    async def cell() -> None:
        assert asyncio.get_running_loop().is_running()
        base = ep.run("suite.yaml", "sums:right", alias="v1", progress=False)
        cand = ep.run("suite.yaml", "sums:half", progress=False)
        gated = ep.gate("v1", cand.run_id)
        assert gated.verdict == "fail"
        flips = ep.to_frame(gated, "flips")
        assert len(flips) == len(gated.flips) == 32
        assert set(flips["change"]) == {-1.0}
        worst = gated.case(flips["case_id"][0])
        assert worst.candidate is not None
        assert worst.candidate.answer is not None
        assert worst.candidate.answer.text == "no idea"
        unchanged = gated.case("1+1")
        assert unchanged.baseline_scores["correct"] == unchanged.candidate_scores["correct"] == 1.0
        assert unchanged.case.id == "1+1"
        curated = ep.curate("bad.jsonl", run=cand.run_id, failed=True, by="ana")
        assert len(curated.pending) == 32
        ep.accept("bad.jsonl", "2+0", answer="2", by="ana")
        diff = ep.dataset.diff("cases.jsonl", "bad.jsonl")
        assert (len(diff.removed), len(diff.changed) + len(diff.relabelled), diff.n_same) == (71, 1, 0)
        assert "no idea" not in ep.text(diff)
        with pytest.raises(ReferenceUnknown, match=r"has no case 'moon'"):
            gated.case("moon")
        assert ep.load_run("v1").info.id == base.run_id
        past = ep.history("suite.yaml", metric="correct")
        assert "suite sums over time" in ep.text(past)
        assert list(ep.to_frame(past).groupby("aliases")["mean"].first()) == [40 / 72, 1.0]
        assert len(ep.plot(past).data[0].x) == 2

    asyncio.run(cell())


def test_a_gate_that_runs_targets_does_so_inside_a_running_loop(project: Path):
    import sums  # type: ignore[import-not-found]

    async def cell() -> None:
        gated = ep.gate("sums:right", sums.half, suite="suite.yaml", progress=False, html="page.html", json="d.json")
        assert gated.verdict == "fail"
        assert gated.decision.calls is not None
        assert "no idea" in Path("page.html").read_text()
        assert ep.load_decision("d.json").verdict == "fail"
        assert gated.decision.candidate.ref == "sums:half"

    asyncio.run(cell())


def test_a_scenario_is_played_inside_a_running_loop():
    async def cell() -> None:
        file = Path(__file__).parents[2] / "scenarios" / "support_desk" / "scenarios" / "refunds.yaml"
        case = ep.scenario.show(file)[0]
        played = ep.scenario.run(file, "evalplat.harness.simulate.instruments:reference", case.id)
        assert played.passed
        assert "conversation:" in ep.text(played.trial)

    asyncio.run(cell())


CUT = """
import asyncio, sys
import evalplat as ep

def verb():
    ep.run("suite.yaml", "sums:right", concurrency=2)

async def cell():
    verb()

try:
    asyncio.run(cell()) if sys.argv[1] == "loop" else verb()
except KeyboardInterrupt as err:
    print(err)
    sys.exit(5)
"""


@pytest.mark.parametrize("where", ["loop", pytest.param("plain", marks=pytest.mark.slow)])
def test_an_interrupt_leaves_a_run_that_goes_on_and_says_how(where: str, project: Path):
    (project / "cut.py").write_text(CUT)
    env = {**os.environ, "SLOWLY": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    begun = subprocess.Popen(
        [sys.executable, "cut.py", where],
        cwd=project,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    asked, until = project / "asked.txt", time.monotonic() + 60
    while time.monotonic() < until and (not asked.exists() or len(asked.read_text().splitlines()) < 10):
        time.sleep(0.05)
    begun.send_signal(signal.SIGINT)
    said, complained = begun.communicate(timeout=60)
    assert begun.returncode == 5, complained
    assert said.startswith("interrupted; "), said
    kept = int(said.split()[1])
    assert 5 <= kept < 72
    how = said.partition("go on with ")[2].strip()
    assert how.startswith("ep.run('suite.yaml', 'sums:right', resume='2")
    before = len(asked.read_text().splitlines())
    go_on = f"import evalplat as ep\ndone = {how}\nprint(done.n_trials, len(done.failures))"
    done = subprocess.run([sys.executable, "-c", go_on], cwd=project, env=env, capture_output=True, text=True)
    assert done.stdout.split() == ["72", "0"], done.stderr
    assert len(asked.read_text().splitlines()) - before == 72 - kept


def test_progress_is_told_to_whom_one_names_and_in_lines_to_standard_error(
    project: Path, capsys: pytest.CaptureFixture[str]
):
    states = []

    class Told:
        def update(self, state: object) -> None:
            states.append(state)

    ep.run("suite.yaml", "sums:right", progress=Told())
    assert (states[0].done, states[-1].done) == (0, 72)
    assert capsys.readouterr() == ("", "")
    ep.run("suite.yaml", "sums:right")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1].startswith("72/72 trials")


def test_errors_name_arguments_and_leave_commands_as_they_are(project: Path):
    with pytest.raises(InputError, match=r"^scores= needs policy=, or metric= and margin=$"):
        ep.gate("v1", "v2", scores="scores.jsonl")
    with pytest.raises(InputError, match=r"^metric= needs margin="):
        ep.gate("v1", "v2", scores="scores.jsonl", metric="ok")
    with pytest.raises(InputError, match=r"^trials= needs suite= and a target"):
        ep.gate("v1", "v2", scores="scores.jsonl", metric="ok", margin=0.1, trials=3)
    with pytest.raises(InputError, match=r"is a function of this session.*desk:answer"):
        ep.run("suite.yaml", _of_a_session())
    with pytest.raises(InputError, match=r"expected AGENT.yaml, module:function"):
        ep.run("suite.yaml", lambda question: question)
    with pytest.raises(ReferenceUnknown, match=r"`evalplat run`"):
        ep.gate_several("v1", ["v2"], metric="ok", margin=0.1)


def _of_a_session() -> object:
    def answer(question: str) -> str:
        return question

    answer.__module__, answer.__qualname__ = "__main__", "answer"
    return answer


def test_a_policy_is_a_record_a_file_or_one_metric_and_all_give_the_same(project: Path):
    Path("rule.yaml").write_text("metrics: [{metric: ok, margin: 0.05, range: binary}]")
    record = GatePolicy(metrics=(MetricRule(metric="ok", margin=0.05, range="binary"),))
    ways = [
        ep.gate("v1", "v2", scores="scores.jsonl", policy="rule.yaml"),
        ep.gate("v1", "v2", scores=[Path("scores.jsonl")], policy=record),
        ep.gate("v1", "v2", scores="scores.jsonl", metric="ok", margin=0.05, range="binary"),
    ]
    assert len({way.json() for way in ways}) == 1
    wide = ep.gate("v1", "v2", scores="scores.jsonl", metric="ok", margin=0.5, range=(0.0, 2.0))
    assert wide.decision.metrics[0].comparison.range == (0.0, 2.0)
    with pytest.raises(InputError, match=r"^policy= and metric=, margin= exclude each other: the policy says it all$"):
        ep.gate("v1", "v2", scores="scores.jsonl", policy=record, metric="ok", margin=0.1)
    for ignored in ({"alpha": 0.001}, {"direction": "lower"}, {"range": "binary"}):
        for policy in (record, "rule.yaml"):
            with pytest.raises(InputError, match=f"^policy= and {next(iter(ignored))}= exclude each other"):
                ep.gate("v1", "v2", scores="scores.jsonl", policy=policy, **ignored)
        with pytest.raises(InputError, match=f"{next(iter(ignored))}= needs metric="):
            ep.gate("v1", "v2", scores="scores.jsonl", **ignored)


def test_two_agents_say_what_differs_line_by_line(project: Path):
    for name, system in (("a", "Be brief."), ("b", "Be brief.\\nBe kind.")):
        Path(f"{name}.yaml").write_text(f'name: {name}\nprompts: {{system: "{system}"}}\nmodel: {{name: embedded}}\n')
    diff = ep.load_agent("a.yaml").diff(ep.load_agent("b.yaml"))
    assert diff == ("prompts",)
    assert [change.part for change in diff.changes] == ["prompts"]
    lines = ep.text(diff).splitlines()
    assert lines[0] == "a to b: prompts"
    assert "  + Be kind." in [line.replace("+   ", "+ ") for line in lines]
    assert "same agent" in ep.text(ep.load_agent("a.yaml").diff(ep.load_agent("a.yaml")))
