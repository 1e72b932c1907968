"""`evalplat import` and `evalplat export` as a user types them; a run that came in is a run like any other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalplat.cli.main import app
from evalplat.errors import EvalplatError, StoreError
from evalplat.sdk.gate import gate
from evalplat.sdk.import_runs import import_otlp, import_tau_bench
from evalplat.sdk.policy import policy_of
from evalplat.sdk.report import report
from evalplat.sdk.workspace import workspace

DESK = Path(__file__).parents[1] / "instruments" / "inspect_log" / "desk.eval"


def typed(capsys: pytest.CaptureFixture[str], *args: object) -> tuple[str, str]:
    """Standard output and error of a command."""
    app(list(map(str, args)), standalone_mode=False)
    done = capsys.readouterr()
    return done.out, done.err


def rows(rewards: list[float]) -> str:
    def row(task: int, reward: float) -> dict[str, Any]:
        said = [{"role": "user", "content": f"Question {task}"}, {"role": "assistant", "content": f"{reward}"}]
        return {"task_id": task, "trial": 0, "reward": reward, "instruction": f"Ask {task}", "messages": said}

    return "".join(json.dumps(row(task, reward)) + "\n" for task, reward in enumerate(rewards))


@pytest.mark.slow
def test_inspect_in_and_out_and_in(project, capsys):
    out, err = typed(capsys, "import", "inspect", DESK, "--slice", "topic", "-o", "cases.jsonl")
    system, run_id = out.strip().split("\t")
    assert (system, err) == ("mockllm/model", "mockllm/model: 4 cases, 8 trials, 1 failed\n")
    out, _ = typed(capsys, "summarize", run_id, "--json", "-")
    means = {entry["metric"]: entry for entry in json.loads(out)["systems"]}
    # All were polite but the one that broke off, which counts as the worst.
    assert (means["includes"]["failures"], means["style.polite"]["mean"]) == (1, 0.875)
    for to in ("jsonl", "inspect"):
        assert typed(capsys, "export", run_id, "--to", to, "-o", "out")[0] == "out\n"
        assert typed(capsys, "import", to, "out")[0] == f"{system}\t{run_id}\n"
    assert typed(capsys, "dataset", "diff", "cases.jsonl", f"run:{run_id}")[0].startswith("no difference")
    typed(capsys, "dataset", "export", f"run:{run_id}", "--to", "inspect", "-o", "s.jsonl")
    typed(capsys, "import", "inspect", "s.jsonl", "-o", "again.jsonl")
    assert typed(capsys, "dataset", "diff", "cases.jsonl", "again.jsonl")[0].startswith("no difference")
    with pytest.raises(EvalplatError, match="--to: expected jsonl or inspect, found 'xml'"):
        typed(capsys, "export", run_id, "--to", "xml", "-o", "out")


@pytest.mark.slow
def test_imported_runs_are_gated_and_shown(project):
    Path("base.jsonl").write_text(rows([1.0] * 60))
    Path("cand.jsonl").write_text(rows([1.0] * 30 + [0.0] * 30))
    base, cand = (import_tau_bench(f"{name}.jsonl", suite="desk") for name in ("base", "cand"))
    gated = gate(base.run_id, cand.run_id, policy=policy_of(metric="reward", margin=0.05))
    assert gated.decision.verdict == "fail"
    assert "Ask 59" in gated.html()
    page = report(cand.run_id)
    assert "Ask 30" in page
    store = workspace().store()
    assert store.run_info(cand.run_id).target.kind == "imported"
    with pytest.raises(EvalplatError, match="only the tool that gave its scores can score again"):
        from evalplat.scorers import build

        build(store.load_suite(cand.run_id).scorers)


@pytest.mark.slow
def test_a_malformed_line_in_the_middle_leaves_nothing(project):
    lines = rows([1.0] * 9).splitlines()
    lines[4] = lines[4].replace('"reward": 1.0', '"reward": NaN')
    Path("x.jsonl").write_text("\n".join(lines))
    with pytest.raises(EvalplatError, match=r"^x\.jsonl:5: holds NaN"):
        import_tau_bench("x.jsonl", out=Path("cases.jsonl"))
    assert [path.name for path in project.iterdir()] == ["x.jsonl"]


def test_a_store_that_fails_leaves_no_dataset_behind(project, monkeypatch):
    Path("x.jsonl").write_text(rows([1.0] * 3))
    Path("cases.jsonl").write_text("as it was\n")
    seen = []

    def full(*_: object, **__: object) -> None:
        seen.extend(path.name for path in project.glob("*cases.jsonl*"))
        raise StoreError("the disk is full")

    monkeypatch.setattr("evalplat.store.Store.save_run", full)
    for out in ("cases.jsonl", "new/cases.jsonl"):
        with pytest.raises(StoreError, match="the disk is full"):
            import_tau_bench("x.jsonl", out=Path(out))
    assert Path("cases.jsonl").read_text() == "as it was\n"
    assert [path.name for path in project.rglob("*cases.jsonl*")] == ["cases.jsonl"]
    assert len(seen) > 1, "the dataset was not on disk when the store was asked"


def test_a_dataset_that_cannot_be_written_leaves_no_run(project, monkeypatch):
    Path("x.jsonl").write_text(rows([1.0] * 3))
    Path("file").write_text("")
    kept = []
    monkeypatch.setattr("evalplat.store.Store.save_run", lambda *args, **_: kept.append(args))
    with pytest.raises(EvalplatError, match=r"file/cases\.jsonl: cannot be written"):
        import_tau_bench("x.jsonl", out=Path("file/cases.jsonl"))
    assert kept == []


def test_wrong_use_is_told(project, capsys):
    Path("c.csv").write_text("id,input\n1,x\n")
    for args, said in (
        (["import", "jsonl", "c.csv"], "cases need --out"),
        (["import", "csv", "c.csv", "-o", "o", "--map", "input"], "expected FIELD=COLUMN"),
        (["import", "csv", "c.csv", "-o", "o", "--map", "input=a", "--map", "input=b"], "is given twice"),
        (["import", "otlp", "nowhere.json"], "cannot be read: No such file"),
        (["import", "inspect", "nowhere.eval"], "cannot be read: No such file"),
    ):
        with pytest.raises(EvalplatError, match=said):
            typed(capsys, *args)
    out, err = typed(capsys, "import", "csv", "c.csv", "-o", "o.jsonl")
    assert (out, err) == ("o.jsonl\n", "1 cases\n")
    with pytest.raises(EvalplatError):
        import_otlp("c.csv")
