"""Runs: kept, read back equal, completed after a crash, never loaded half."""

from __future__ import annotations

import io
import json
import resource
import sqlite3
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from instruments.kept_runs import make_run, make_scores, make_suite, make_summary

from evalplat.errors import ReferenceUnknown, StoreError
from evalplat.records import Run, Suite, TargetInfo
from evalplat.store import Store, scores_to_parquet


def keep(store: Store, run: Run, suite: Suite, **files: str) -> str:
    return store.save_run(run, suite, make_scores(run, suite), make_summary(run), files=files)


def test_round_trip(store: Store) -> None:
    suite = make_suite()
    run = make_run(suite=suite)
    mlflow_run_id = keep(store, run, suite)
    assert len(mlflow_run_id) == 32
    assert store.load_run("r-1") == run
    assert store.load_suite("r-1") == suite
    assert store.run_info("r-1") == run.info
    scores = make_scores(run, suite)
    loaded = store.load_scores("r-1")
    assert scores_to_parquet(loaded) == scores_to_parquet(scores)
    assert loaded.origin == ("run r-1",)
    assert store.resolve("r-1") == "r-1"
    assert store.resolve(mlflow_run_id) == "r-1"


def test_second_save_changes_nothing(store: Store) -> None:
    suite = make_suite()
    run = make_run(suite=suite)
    first = keep(store, run, suite)
    assert keep(store, run, suite) == first
    assert len(store.runs()) == 1


def test_kept_run_does_not_change(store: Store) -> None:
    suite = make_suite()
    run = make_run(suite=suite)
    keep(store, run, suite)
    other = run.model_copy(update={"trials": run.trials[::-1]})
    with pytest.raises(StoreError, match=r"r-1 is already in sqlite.* other trials or scores"):
        keep(store, other, suite)
    assert store.load_run("r-1") == run


STEPS = [
    ("create_run", 0),
    ("log_artifacts", 0),
    ("create_prompt", 0),
    ("create_prompt_version", 0),
    ("create_prompt_version", 1),
    ("log_inputs", 0),
    ("log_batch", 0),
    ("log_batch", 1),
    ("log_batch", 2),
    ("set_terminated", 0),
    ("set_tag", 0),
]


@pytest.mark.parametrize(("method", "calls_before"), STEPS)
def test_crash_between_steps(store: Store, monkeypatch: pytest.MonkeyPatch, method: str, calls_before: int) -> None:
    """A save that dies in any step leaves nothing that loads, and the next one completes it, once."""
    from mlflow.tracking import MlflowClient

    suite = make_suite()
    run = make_run(suite=suite)
    real = getattr(MlflowClient, method)
    calls = 0

    class Died(BaseException):
        pass

    def dies(self: MlflowClient, *args: object, **kwargs: object) -> object:
        nonlocal calls
        calls += 1
        if calls > calls_before:
            raise Died
        return real(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, method, dies)
        with pytest.raises(Died):
            keep(store, run, suite)
    assert store.runs() == ()
    with pytest.raises(ReferenceUnknown):
        store.load_run("r-1")
    with pytest.raises(ReferenceUnknown, match=r"half|no run"):
        store.resolve("r-1")

    keep(store, run, suite)
    assert store.load_run("r-1") == run
    (kept,) = store.runs()
    assert kept.metrics["correct"]["mean"] == 0.625
    client = MlflowClient(store.uri, store.uri)
    runs = client.search_runs([found.experiment_id for found in client.search_experiments()])
    assert len(runs) == 1
    assert [point.value for point in client.get_metric_history(kept.mlflow_run_id, "correct")] == [0.625]
    assert len(client.search_prompt_versions("v2.system")) == 1


def test_half_saved_run_with_other_scores_is_replaced(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow.tracking import MlflowClient

    suite = make_suite()
    run = make_run(suite=suite)
    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "set_terminated", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
        with pytest.raises(StoreError, match=r"cannot keep run r-1: .*No space left.*; see that .* has space"):
            keep(store, run, suite)
    other = run.model_copy(update={"trials": run.trials[:-1]})
    store.save_run(other, suite, make_scores(other, suite), make_summary(other))
    assert store.load_run("r-1") == other
    assert len(store.runs()) == 1


def test_full_disk_loses_nothing(store: Store) -> None:
    """Real refusals of the operating system to write more, at several moments."""
    suite = make_suite()
    run = make_run(suite=suite)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for limit in (1_000, 100_000, 900_000):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            with pytest.raises(StoreError, match=r"cannot keep run r-1: .*; see that .* has space"):
                keep(store, run, suite, **{"big.txt": "x" * 2_000_000})
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert store.runs() == ()
    keep(store, run, suite)
    assert store.load_run("r-1") == run


def test_what_mlflow_shows(store: Store) -> None:
    from mlflow.tracking import MlflowClient

    suite = make_suite()
    run = make_run(suite=suite)
    mlflow_run_id = keep(store, run, suite, **{"notes/read me (1).txt": "hello"})
    client = MlflowClient(store.uri, store.uri)
    shown = client.get_run(mlflow_run_id)
    assert client.get_experiment(shown.info.experiment_id).name == "support desk"
    metrics = shown.data.metrics
    assert metrics["correct"] == 0.625
    assert metrics["correct.se"] == 0.1
    assert metrics["correct.pass_x005E_2"] == 0.5
    assert metrics["run/failures"] == 1
    assert metrics["run/cost_usd"] == pytest.approx(0.008)
    assert metrics["run/input_tokens"] == sum(20 + index for index in range(8))
    assert shown.data.params["agent.model.temperature"] == "0.5"
    assert shown.data.params["agent.prompts.system"] == "Answer briefly."
    assert run.info.target.spec is not None
    hashes = run.info.target.spec.part_hashes
    assert shown.data.tags["evalplat.part.prompts.sha256"] == hashes["prompts"]
    assert shown.data.tags["evalplat.prompt.system"] == "v2.system/1"
    assert json.loads(shown.data.tags["mlflow.linkedPrompts"])[0] == {"name": "v2.system", "version": "1"}
    assert shown.info.status == "FINISHED"
    assert shown.info.start_time == int(run.info.created_at.timestamp() * 1000)
    assert [(found.dataset.name, len(found.dataset.digest)) for found in shown.inputs.dataset_inputs] == [("desk", 36)]
    names = {found.path for found in client.list_artifacts(mlflow_run_id)}
    assert names == {
        "run.json", "suite.json", "summary.json", "trials.parquet", "traces.jsonl", "scores.parquet", "notes"
    }  # fmt: skip
    (listed,) = store.runs("support desk")
    assert listed.metrics["correct"] == {
        "mean": 0.625, "se": 0.1, "ci_low": 0.4, "ci_high": 0.8, "n_cases": 4, "n_clusters": 2, "failures": 1,
        "pass^1": 0.625, "pass^2": 0.5,
    }  # fmt: skip
    assert listed.totals["trials"] == 8
    assert listed.target == "v2"


def test_parquet_has_the_contracts_columns(store: Store, tmp_path: Path) -> None:
    from mlflow.tracking import MlflowClient

    suite = make_suite()
    run = make_run(suite=suite)
    mlflow_run_id = keep(store, run, suite)
    client = MlflowClient(store.uri, store.uri)
    scores = pq.read_table(client.download_artifacts(mlflow_run_id, "scores.parquet", str(tmp_path))).to_pandas()
    assert set(scores.columns) == {
        "system", "case_id", "metric", "trial", "score", "error", "cluster", "weight", "slice.topic", "output_sha256"
    }  # fmt: skip
    failed = scores[scores.error.notna() & (scores.metric == "correct")]
    assert failed.score.isna().all()
    assert len(failed) == 1
    trials = pq.read_table(client.download_artifacts(mlflow_run_id, "trials.parquet", str(tmp_path)))
    assert trials.num_rows == 8
    lines = Path(client.download_artifacts(mlflow_run_id, "traces.jsonl", str(tmp_path))).read_text().splitlines()
    assert [json.loads(line)["case_id"] for line in lines] == [trial.key.case_id for trial in run.trials]


def test_prompt_version_only_when_the_text_is_new(store: Store) -> None:
    from mlflow.tracking import MlflowClient

    suite = make_suite()
    for number, prompt in enumerate(["Be brief.", "Be brief.", "Be kind.", "Be brief."]):
        keep(store, make_run(f"r-{number}", suite, system_prompt=prompt), suite)
    client = MlflowClient(store.uri, store.uri)
    versions = client.search_prompt_versions("v2.system")
    assert sorted(version.template for version in versions) == ["Be brief.", "Be kind."]
    used = {run.run_id: client.get_run(run.mlflow_run_id).data.tags["evalplat.prompt.system"] for run in store.runs()}
    assert used == {"r-0": "v2.system/1", "r-1": "v2.system/1", "r-2": "v2.system/2", "r-3": "v2.system/1"}


@pytest.mark.parametrize("length", [7_000, 120_000])
def test_long_prompts_are_kept_whole(store: Store, length: int) -> None:
    from mlflow.tracking import MlflowClient

    prompt = "ü" * length
    suite = make_suite()
    run = make_run(suite=suite, agent="an agent: ünusual", system_prompt=prompt)
    mlflow_run_id = keep(store, run, suite)
    client = MlflowClient(store.uri, store.uri)
    shown = client.get_run(mlflow_run_id).data
    assert f"[cut: {length} characters, sha256 " in shown.params["agent.prompts.system"]
    assert store.load_run("r-1") == run
    tag = shown.tags["evalplat.prompt.system"]
    if length <= 100_000:
        name, _, version = tag.rpartition("/")
        assert client.get_prompt_version(name, version).template == prompt
    else:
        assert "whole in run.json" in tag


def test_changed_artifact_is_refused(store: Store, tmp_path: Path) -> None:
    suite = make_suite()
    keep(store, make_run(suite=suite), suite)
    (path,) = (tmp_path / ".evalplat" / "artifacts").rglob("trials.parquet")
    table = pq.read_table(path).slice(1)
    sink = io.BytesIO()
    pq.write_table(table, sink)
    path.write_bytes(sink.getvalue())
    with pytest.raises(StoreError, match=r"trials\.parquet .* has changed since it was kept"):
        store.load_run("r-1")
    path.unlink()
    with pytest.raises(StoreError, match="cannot give run r-1"):
        store.load_run("r-1")


def test_no_credentials_are_kept(store: Store, tmp_path: Path) -> None:
    suite = make_suite()
    run = make_run(suite=suite)
    ref = "https://alice:s3cr3t@example.org/ask?api_key=s3cr3t&mode=1"
    target = run.info.target.model_copy(update={"kind": "http", "ref": ref, "spec": None})
    run = run.model_copy(update={"info": run.info.model_copy(update={"target": target})})
    keep(store, run, suite)
    assert store.run_info("r-1").target.ref == "https://example.org/ask?api_key=***&mode=1"
    kept = [path for path in (tmp_path / ".evalplat").rglob("*") if path.is_file()]
    assert len(kept) > 5
    assert not [path for path in kept if b"s3cr3t" in path.read_bytes()]


def test_imported_scores_are_a_run_without_trials(store: Store) -> None:
    """The same table imported again, at another time and from another path, is the same run."""
    suite = make_suite()
    run = make_run("import-1", suite)
    scores, summary = make_scores(run, suite), make_summary(run)
    target = TargetInfo(kind="imported", ref="a/scores.csv", name="v2", fingerprint="f" * 64)
    info = run.info.model_copy(update={"target": target})
    first = store.save_scores(info, scores, summary)
    moved = target.model_copy(update={"ref": "b/scores.csv"})
    later = info.model_copy(update={"created_at": info.created_at + timedelta(days=1), "target": moved})
    assert store.save_scores(later, scores, summary) == first
    assert store.run_info("import-1") == info
    assert scores_to_parquet(store.load_scores("import-1")) == scores_to_parquet(scores)
    (listed,) = store.runs()
    assert listed.metrics["correct"]["mean"] == 0.625
    assert listed.totals == {}
    for load in (store.load_run, store.load_suite):
        with pytest.raises(ReferenceUnknown, match="imported as scores: it has no trials"):
            load("import-1")
    with pytest.raises(StoreError, match="other trials or scores"):
        store.save_scores(info, make_scores(make_run("import-1", make_suite(cases=3)), suite), summary)


def test_files_may_not_leave_the_run_or_replace_its_own(store: Store) -> None:
    suite = make_suite()
    run = make_run(suite=suite)
    for name in ("../outside.txt", "/etc/evalplat", "run.json", ""):
        with pytest.raises(StoreError):
            keep(store, run, suite, **{name: "x"})
    assert store.runs() == ()


def test_suite_must_be_the_runs_own(store: Store) -> None:
    with pytest.raises(StoreError, match="made with another suite"):
        keep(store, make_run(suite=make_suite()), make_suite(cases=5))


def test_the_tables_survive_a_dump(store: Store, tmp_path: Path) -> None:
    suite = make_suite()
    keep(store, make_run(suite=suite), suite)
    with sqlite3.connect(tmp_path / ".evalplat" / "mlflow.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
