"""A real MLflow server on loopback: what was kept in sqlite is seen in it, and it is a store itself."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from instruments.kept_runs import make_run, make_scores, make_suite, make_summary

from evalplat.errors import ReferenceUnknown, StoreError
from evalplat.records import Run, Suite
from evalplat.store import Store

pytestmark = pytest.mark.xdist_group("server")  # which takes twenty seconds to start


@dataclass
class Server:
    """A running server and the folder of the store behind it."""

    uri: str
    root: Path
    process: subprocess.Popen[bytes]

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """The JSON answer of its REST interface, or its text."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.uri + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read().decode()
        return json.loads(text) if text.startswith(("{", "[")) else text


def kept(store: Store, run_id: str, suite: Suite) -> tuple[Run, str]:
    run = make_run(run_id, suite)
    files = {"report.html": "<!doctype html><p>v2</p>"}
    return run, store.save_run(run, suite, make_scores(run, suite), make_summary(run), files=files)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, template_cache: Path) -> Iterator[Server]:
    """`mlflow server` on a store that was made and filled without it."""
    root = tmp_path_factory.mktemp("served") / ".evalplat"
    suite = make_suite()
    run, _ = kept(Store.open(f"sqlite:///{root}/mlflow.db"), "r-local", suite)
    store = Store.open(f"sqlite:///{root}/mlflow.db")
    store.log_traces("r-local", run.failures)
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store.uri, "--host", "127.0.0.1",
        "--port", str(port), "--workers", "1", "--artifacts-destination", str(root / "served"),
    ]  # fmt: skip
    environment = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    log = (root.parent / "server.log").open("wb")
    process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=root.parent)
    running = Server(f"http://127.0.0.1:{port}", root, process)
    try:
        deadline = time.monotonic() + 120
        while True:
            try:
                running.ask("/api/2.0/mlflow/experiments/search", {"max_results": 1})
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    pytest.fail((root.parent / "server.log").read_text()[-3000:])
                time.sleep(0.2)
        yield running
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


def test_mlflows_pages_show_what_was_kept(server: Server) -> None:
    """Runs, metrics, artifacts, prompts and the failed trial's trace, as the pages ask for them."""
    assert "<title>MLflow" in server.ask("/")
    experiment = server.ask("/api/2.0/mlflow/experiments/get-by-name?experiment_name=support%20desk")["experiment"]
    experiment_id = experiment["experiment_id"]
    query = {"experiment_ids": [experiment_id], "filter": "tags.`evalplat.run_id` = 'r-local'"}
    (run,) = server.ask("/api/2.0/mlflow/runs/search", query)["runs"]
    metrics = {metric["key"]: metric["value"] for metric in run["data"]["metrics"]}
    assert metrics["correct"] == 0.625
    assert metrics["run/failures"] == 1
    run_id = run["info"]["run_id"]
    listed = server.ask(f"/api/2.0/mlflow/artifacts/list?run_id={run_id}")["files"]
    assert {"trials.parquet", "traces.jsonl", "report.html"} <= {file["path"] for file in listed}
    assert "<p>v2</p>" in server.ask(f"/get-artifact?run_id={run_id}&path=report.html")
    wanted = quote("tag.`mlflow.prompt.is_prompt` = 'true'")
    prompts = server.ask(f"/api/2.0/mlflow/registered-models/search?filter={wanted}")["registered_models"]
    assert [prompt["name"] for prompt in prompts] == ["v2.system", "v2.user"]
    place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment_id}}
    query = {"locations": [place], "filter": f"attribute.run_id = '{run_id}'", "max_results": 100}
    (trace,) = server.ask("/api/3.0/mlflow/traces/search", query)["traces"]
    assert trace["state"] == "ERROR"
    assert trace["tags"]["mlflow.traceName"] == "q1 #1"
    spans = server.ask(f"/ajax-api/3.0/mlflow/get-trace-artifact?request_id={trace['trace_id']}")["spans"]
    assert [span["name"].split()[0] for span in spans] == ["invoke_agent", "retrieval", "chat", "execute_tool"]


def test_server_is_a_store(server: Server, capfd: pytest.CaptureFixture[str]) -> None:
    """Everything that works on sqlite works over HTTP, with the artifacts kept by the server."""
    store = Store.open(server.uri)
    assert store.ui_command == server.uri
    assert store.load_run("r-local").info.id == "r-local"
    suite = make_suite("over http", cases=30)
    run, mlflow_run_id = kept(store, "r-http", suite)
    assert kept(store, "r-http", suite)[1] == mlflow_run_id
    assert store.load_run("r-http") == run
    assert store.load_suite("r-http") == suite
    assert len(store.load_scores("r-http")) == 120
    assert store.log_traces("r-http", run.trials) == 60
    assert store.log_traces("r-http", run.trials) == 60
    store.set_alias("production", "r-http")
    assert store.resolve("production", suite="over http") == "r-http"
    assert [listed.run_id for listed in store.runs("over http")] == ["r-http"]
    with pytest.raises(ReferenceUnknown, match="r-http"):
        store.resolve("r-htp")
    (file,) = (server.root / "served").rglob("trials.parquet")
    assert mlflow_run_id in str(file)
    again = make_run("r-other", suite, system_prompt="Be kind.")
    store.save_run(again, suite, make_scores(again, suite), make_summary(again))
    wanted = "name = 'v2.system' AND tag.`mlflow.prompt.is_prompt` = 'true'"
    versions = server.ask(f"/api/2.0/mlflow/model-versions/search?filter={quote(wanted)}")["model_versions"]
    assert sorted(version["version"] for version in versions) == ["1", "2"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_server_that_goes_away_is_said(server: Server) -> None:
    """Last: it ends the server."""
    suite = make_suite("gone")
    store = Store.open(server.uri)
    server.process.terminate()
    server.process.wait(timeout=30)
    began = time.monotonic()
    with pytest.raises(StoreError, match=r"cannot keep run r-gone: .*see that the server runs"):
        kept(store, "r-gone", suite)
    assert time.monotonic() - began < 20
