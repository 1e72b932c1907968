"""`evalplat plan` as a user starts it: tables, JSON, one line for an error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalplat.errors import InputError, ReferenceUnknown
from evalplat.records import RunInfo
from evalplat.sdk.import_scores import import_scores
from evalplat.sdk.plan import plan
from evalplat.sdk.policy import policy_of
from evalplat.sdk.run import run

METRIC = ("--metric", "success", "--margin", "0.1")
GUESS = ("--discordance", "0.2", "--rate", "0.8", "--cases", "200")


def table(path: Path, *, systems: int = 2, trials: int = 3, cases: int = 40) -> Path:
    """Scores that differ between trials of a case, with a cost for each trial."""
    rows = [
        {
            "system": f"v{s}",
            "case_id": f"c{i}",
            "trial": k,
            "metric": "success",
            "score": float((i * 7 + k * 3 + s * 5) % 10 < 7),
            "cost_usd": 0.01 * (1 + (i + k) % 3),
        }
        for s in range(systems)
        for i in range(cases)
        for k in range(trials)
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return path


def test_a_history_in_a_table(evalplat, tmp_path):
    path = table(tmp_path / "scores.jsonl")
    done = evalplat("plan", "--scores", path, *METRIC, "--spend", "600", "--json", tmp_path / "plan.json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    first = done.stdout.splitlines()[0]
    assert first.startswith("With 40 cases x 3 trials the policy passes an unchanged candidate ")
    for word in ("best for the spend", "smallest limit", "US$", "looks up to 5 times"):
        assert word in done.stdout
    found = json.loads((tmp_path / "plan.json").read_text())
    assert found["schema"] == "evalplat.plan/1"
    assert (found["source"], found["baseline"], found["candidate"]) == ("scores", "v0", "v1")
    assert found["now"]["spend"]["calls"] == 240
    assert found["now"]["spend"]["cost_usd"]["estimate"] == pytest.approx(240 * 0.02, rel=0.05)
    assert found["now"]["spend"]["tokens"] is None
    assert found["best_for_spend"]["spend"]["calls"] <= 600
    assert 0 <= found["now"]["power"]["low"] <= found["now"]["power"]["estimate"] <= found["now"]["power"]["high"] <= 1


def test_stated_guesses_and_nothing_but_json_on_standard_output(evalplat):
    done = evalplat("plan", *GUESS, "--clusters", "40", "--icc", "0.1", *METRIC, "--json", "-")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["source"] == "guesses"
    assert found["metrics"][0]["se"]["estimate"] == pytest.approx((0.2 * 1.4 / 200) ** 0.5)
    assert found["by_trials"] is None
    shared = evalplat("plan", *GUESS, "--trial-share", "success=1", *METRIC, "--trials", "2", "--json", "-")
    assert json.loads(shared.stdout)["by_trials"]["estimate"]["trials"] >= 1


def test_a_policy_of_several_rules_from_guesses(evalplat, tmp_path):
    policy = tmp_path / "gate.yaml"
    policy.write_text(
        "metrics:\n"
        "  - {metric: success, margin: 0.05}\n"
        "  - {metric: cost_usd, statistic: ratio, margin: 0.10, direction: lower}\n"
        "  - {metric: leak, rule: zero, max_rate: 0.02, direction: lower, range: binary}\n"
    )
    figures = ("--cases", 300, "--discordance", "success=0.2", "--sd", "cost_usd=0.5")
    done = evalplat("plan", "--policy", policy, *figures, "--json", "-")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [one["metric"] for one in found["metrics"]] == ["success", "cost_usd", "leak"]
    assert found["metrics"][2]["clusters"]["estimate"] == 149
    assert found["now"]["power"]["low"] <= found["now"]["power"]["high"]
    assert any("Bonferroni" in note for note in found["notes"])


WRONG = [
    (METRIC, "--scores"),
    ((*METRIC, "--scores", "t.jsonl", *GUESS), "one of"),
    (GUESS, "--policy"),
    ((*METRIC, "--discordance", "0.2"), "--cases"),
    ((*METRIC, *GUESS, "--sd", "other=1"), "no metric 'other'"),
    ((*METRIC, *GUESS, "--icc", "much"), "--icc"),
    ((*METRIC, *GUESS, "--sd", "=1"), "--sd"),
    ((*METRIC, *GUESS, "--clusters", "40", "--icc", "2"), "--icc"),
    ((*METRIC, *GUESS, "--icc", "0.1"), "--icc needs --clusters"),
    ((*METRIC, "--scores", "t.jsonl", "--baseline", "v1", "--candidate", "v1"), "the baseline itself"),
    ((*METRIC, *GUESS, "--clusters", "300"), "--clusters"),
    ((*METRIC, *GUESS, "--power", "1"), "--power"),
    ((*METRIC, *GUESS, "--spend-usd", "5"), "--spend-usd"),
    ((*METRIC, *GUESS, "--trials", "0"), "--trials"),
    ((*METRIC, "--rate", "0.8", "--cases", "100"), "--discordance"),
    ((*METRIC, "--scores", "nowhere.jsonl"), "nowhere.jsonl"),
    ((*METRIC, "--scores", "t.jsonl", "--baseline", "v9"), "no system 'v9'"),
    ((*METRIC, "--scores", "t.jsonl", "--candidate", "v1"), "--baseline"),
]


@pytest.mark.parametrize(("options", "says"), WRONG, ids=[says for _, says in WRONG])
def test_what_cannot_be_planned_is_one_line_and_exit_2(evalplat, tmp_path, options, says):
    table(tmp_path / "t.jsonl")
    done = evalplat("plan", *options)
    assert done.returncode == 2, done.stdout
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert says in done.stderr


def test_three_systems_have_to_be_chosen_from(evalplat, tmp_path):
    path = table(tmp_path / "scores.jsonl", systems=3)
    done = evalplat("plan", "--scores", path, *METRIC)
    assert done.returncode == 2
    assert "v0, v1, v2" in done.stderr
    assert evalplat("plan", "--scores", path, *METRIC, "--baseline", "v1").returncode == 0


def test_imported_runs_are_a_history(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    path = table(tmp_path / "scores.jsonl")
    runs = import_scores([path])
    policy = policy_of(metric="success", margin=0.1)
    kept = plan(policy=policy, history=[runs["v0"], runs["v1"]])
    read = plan(policy=policy, scores=[path], baseline="v0", candidate="v1")
    assert kept.source == "runs"
    assert kept.model_copy(update={"source": "scores", "baseline": "v0", "candidate": "v1"}) == read
    assert plan(policy=policy, history=[runs["v0"]]).candidate is None
    with pytest.raises(ReferenceUnknown, match="no-such-run"):
        plan(policy=policy, history=["no-such-run"])
    with pytest.raises(InputError, match="no policy"):
        plan(history=[runs["v0"]])
    monkeypatch.setattr(RunInfo, "is_whole", property(lambda _: False))
    with pytest.raises(InputError, match="ended early"):
        plan(policy=policy, history=[runs["v0"]])


def test_a_column_of_clusters_is_the_policys(tmp_path):
    path = table(tmp_path / "scores.jsonl", trials=2)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("\n".join(json.dumps({**row, "topic": int(row["case_id"][1:]) // 4}) for row in rows))
    found = plan(policy=policy_of(metric="success", margin=0.1, cluster="topic"), scores=[path])
    assert (found.now.cases, found.now.clusters) == (40, 10)


def test_real_costs_are_planned_with_the_policy_on_them(tmp_path, shared_data):
    lines = (shared_data / "deepswe_harness_ab_outcomes.jsonl").read_text().splitlines()
    path = tmp_path / "deepswe.jsonl"
    rows = [json.loads(line) for line in lines]
    kept = ("system", "task_id", "trial", "cost_usd")
    path.write_text(
        "\n".join(
            json.dumps({**{k: row[k] for k in kept}, "metric": "reward", "score": row["reward_partial"]})
            for row in rows
        )
    )
    policy = tmp_path / "gate.yaml"
    policy.write_text(
        "metrics:\n"
        "  - {metric: reward, margin: 0.05, range: [0, 1]}\n"
        "  - {metric: cost_usd, statistic: ratio, margin: 0.10, direction: lower}\n"
    )
    found = plan(policy=policy_of(policy=policy), scores=[path])
    mean = sum(row["cost_usd"] for row in rows) / len(rows)
    spent = found.now.spend
    assert spent.cost_usd is not None
    assert spent.cost_usd.estimate == pytest.approx(mean * spent.calls, rel=0.02)
    assert found.reachable != "now"
    assert found.now.power.estimate is not None
    assert found.now.power.estimate <= min(one.power.estimate or 0 for one in found.metrics) + 1e-9


SUITE = """
name: coins
datasets: [cases.jsonl]
scorers: [{metric: correct, kind: expectation}]
policy: gate.yaml
trials: 2
"""
AGENT = """
import hashlib, itertools
calls = itertools.count()

def coin(question):
    return "12" if hashlib.sha256(f"{question}{next(calls)}".encode()).digest()[0] < 160 else "no idea"
"""


def test_a_kept_run_is_planned_with_its_suites_policy_and_its_own_latency(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    cases = [{"id": f"c{i}", "input": f"toss {i}", "expect": {"number": 12}} for i in range(30)]
    (tmp_path / "cases.jsonl").write_text("\n".join(json.dumps(case) for case in cases))
    (tmp_path / "gate.yaml").write_text("metrics:\n  - {metric: correct, margin: 0.1, range: binary}\n")
    (tmp_path / "suite.yaml").write_text(SUITE)
    (tmp_path / "coins.py").write_text(AGENT)
    done = run("suite.yaml", "coins:coin", alias="production")
    found = plan(history=["production"])
    assert (found.source, found.baseline, found.candidate) == ("runs", "production", None)
    assert (found.now.cases, found.now.trials) == (30, 2)
    latency = sum(trial.latency_s for trial in done.run.trials) / 60
    minutes = found.now.spend.minutes
    assert minutes is not None
    assert minutes.estimate == pytest.approx(120 * latency / 60 / 4)
    assert found.now.spend.tokens is None  # a function says nothing of tokens
    assert found.now.spend.cost_usd is None
    assert plan(history=["production"], estimand="suite").by_clusters is None


def test_one_is_one_percent_has_a_space_and_seconds_are_seconds(evalplat, tmp_path):
    (tmp_path / "t.jsonl").write_text(
        "\n".join(
            json.dumps(
                {"system": s, "case_id": f"c{i}", "metric": "success", "score": i % 2, "latency_s": 0.1 + i / 500}
            )
            for s in ("a", "b")
            for i in range(30)
        )
    )
    shown = evalplat("plan", "--scores", "t.jsonl", *METRIC).stdout
    assert shown.startswith("With 30 cases x 1 trial the policy")
    assert " min" not in shown
    assert " s\n" in shown
    assert "Ranges are at 80 %" in shown
    assert not any(f"{digit}%" in shown for digit in range(10))
