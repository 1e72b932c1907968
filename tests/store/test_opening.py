"""Opening: where the store is, how it is made, and what is said when it cannot be."""

from __future__ import annotations

import logging
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import warnings
from contextlib import closing
from pathlib import Path

import pytest
from instruments.kept_runs import make_run, make_scores, make_suite, make_summary

from evalplat.errors import StoreError
from evalplat.store import Store


@pytest.fixture
def closed_port() -> int:
    """A port of this machine where nobody listens."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_default_is_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = Store.open()
    assert store.uri == f"sqlite:///{tmp_path}/.evalplat/mlflow.db"
    assert store.ui_command == f"mlflow ui --backend-store-uri sqlite:///{tmp_path}/.evalplat/mlflow.db"
    suite = make_suite()
    run = make_run(suite=suite)
    store.save_run(run, suite, make_scores(run, suite), make_summary(run))
    assert {path.name for path in tmp_path.iterdir()} == {".evalplat"}
    assert {path.name for path in (tmp_path / ".evalplat").iterdir()} == {"mlflow.db", "artifacts"}
    # From another directory a relative address is another store, though this process has seen it before.
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert Store.open().runs() == ()


def test_address_from_the_environment_and_the_argument(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///a/one.db")
    assert Store.open().uri == f"sqlite:///{tmp_path}/a/one.db"
    assert Store.open("sqlite:///b/two.db").uri == f"sqlite:///{tmp_path}/b/two.db"
    assert not (tmp_path / ".evalplat").exists()


def test_copying_the_template_is_fast(tmp_path: Path, template_cache: Path) -> None:
    Store.open(root=tmp_path / "first")
    assert [path.suffix for path in (template_cache / "mlflow").iterdir()] == [".db"]
    began = time.process_time()
    Store.open(root=tmp_path / "second")
    assert time.process_time() - began < 1.0
    with closing(sqlite3.connect(tmp_path / "second" / "mlflow.db")) as database:
        rows = database.execute("SELECT name, artifact_location FROM experiments").fetchall()
    assert rows == [("Default", str(tmp_path / "second" / "artifacts" / "0"))]


def test_broken_template_is_made_anew_and_no_cache_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evalplat.store import template

    made: list[Path] = []

    def initialise(path: Path) -> None:  # the real one takes 9 s and has made the session's template
        made.append(path)
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("CREATE TABLE alembic_version (version_num TEXT)")
            database.execute("CREATE TABLE experiments (artifact_location, creation_time, last_update_time)")
            database.execute("INSERT INTO alembic_version VALUES ('x')")
            database.execute("INSERT INTO experiments VALUES ('', 0, 0)")

    monkeypatch.setattr(template, "_initialise", initialise)
    monkeypatch.setenv("EVALPLAT_CACHE_DIR", str(tmp_path / "cache"))
    template.ensure_database(tmp_path / "one.db", tmp_path / "artifacts")
    (cached,) = (tmp_path / "cache" / "mlflow").iterdir()
    cached.write_bytes(cached.read_bytes()[:4096])
    template.ensure_database(tmp_path / "two.db", tmp_path / "artifacts")
    assert len(made) == 2
    template.ensure_database(tmp_path / "three.db", tmp_path / "artifacts")
    assert len(made) == 2
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("EVALPLAT_CACHE_DIR", str(tmp_path / "file" / "cache"))
    template.ensure_database(tmp_path / "four.db", tmp_path / "artifacts")
    assert len(made) == 3
    assert sorted(path.name for path in tmp_path.glob("*.db")) == ["four.db", "one.db", "three.db", "two.db"]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_many_at_once_make_one_database(tmp_path: Path) -> None:
    from evalplat.store.template import ensure_database

    database = tmp_path / "mlflow.db"
    inodes: set[int] = set()
    start = threading.Barrier(8)

    def make() -> None:
        start.wait()
        ensure_database(database, tmp_path / "artifacts")
        inodes.add(database.stat().st_ino)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(inodes) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"mlflow.db"}


def test_unreachable_server_is_said_at_once(closed_port: int) -> None:
    began = time.monotonic()
    with pytest.raises(StoreError) as caught:
        Store.open(f"http://alice:s3cr3t@127.0.0.1:{closed_port}")
    assert time.monotonic() - began < 10
    message = str(caught.value)
    assert message.startswith(f"the experiment store http://127.0.0.1:{closed_port} cannot be reached: ")
    assert "unset it to use .evalplat/mlflow.db" in message
    assert "\n" not in message
    assert "s3cr3t" not in message
    assert caught.value.__cause__ is None


def test_silent_server_is_given_up(closed_port: int) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        began = time.monotonic()
        with pytest.raises(StoreError, match="cannot be reached"):
            Store.open(f"http://127.0.0.1:{listener.getsockname()[1]}")
        assert time.monotonic() - began < 10


def test_unreachable_database_is_said_at_once(closed_port: int) -> None:
    began = time.monotonic()
    with pytest.raises(StoreError) as caught:
        Store.open(f"postgresql+psycopg://alice:s3cr3t@127.0.0.1:{closed_port}/mlflow")
    assert time.monotonic() - began < 10
    assert f"postgresql+psycopg://127.0.0.1:{closed_port}/mlflow cannot be reached" in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


def test_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"not a database" * 100)
    began = time.monotonic()
    with pytest.raises(StoreError, match="file is not a database"):
        Store.open(root=tmp_path)
    assert time.monotonic() - began < 5


def test_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot be reached: .*file"):
        Store.open(root=tmp_path / "file" / "deeper")


def test_database_of_another_mlflow(tmp_path: Path) -> None:
    Store.open(root=tmp_path / "a")
    (tmp_path / "b").mkdir()
    with closing(sqlite3.connect(tmp_path / "a" / "mlflow.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '90e64c465722'")
    (tmp_path / "a" / "mlflow.db").rename(tmp_path / "b" / "mlflow.db")
    with pytest.raises(StoreError, match=r"mlflow db upgrade sqlite:///.*b/mlflow\.db"):
        Store.open(root=tmp_path / "b")


@pytest.mark.parametrize(
    "uri", ["./mlruns", "file:///tmp/mlruns", "databricks", "s3://bucket/x", "sqlite://", "ftp://a"]
)
def test_kinds_that_keep_no_prompts_or_traces_are_refused(uri: str) -> None:
    with pytest.raises(StoreError):
        Store.open(uri)


def test_callers_mlflow_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook has its own tracking address, experiment, run, logging, warnings and environment."""
    import mlflow

    monkeypatch.chdir(tmp_path)
    own = Store.open(root=tmp_path / "own").uri
    mlflow.set_tracking_uri(own)
    mlflow.set_experiment("mine")
    level = logging.getLogger("mlflow").level
    try:
        with mlflow.start_run() as active:
            environment, filters = dict(os.environ), list(warnings.filters)
            store = Store.open(f"sqlite:///{tmp_path}/other/mlflow.db")
            suite = make_suite()
            run = make_run(suite=suite)
            store.save_run(run, suite, make_scores(run, suite), make_summary(run))
            store.log_traces("r-1", run.trials)
            assert dict(os.environ) == environment
            assert list(warnings.filters) == filters
            assert mlflow.get_tracking_uri() == own
            assert mlflow.active_run().info.run_id == active.info.run_id
            mlflow.log_metric("x", 1.0)
        assert logging.getLogger("mlflow").level == level
        client = mlflow.MlflowClient()
        assert [found.name for found in client.search_experiments()] == ["mine", "Default"]
        assert client.get_run(active.info.run_id).data.metrics == {"x": 1.0}
        assert client.search_prompts() == []
    finally:
        mlflow.set_tracking_uri(None)
        mlflow.tracking.fluent._active_experiment_id = None


QUIET = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
import evalplat.store
assert not {"mlflow", "pyarrow", "pandas", "sqlalchemy"} & set(sys.modules), "importing the store loads vendors"
from instruments.kept_runs import make_run, make_scores, make_suite, make_summary
store = evalplat.store.Store.open(root=Path(sys.argv[1]))
suite = make_suite()
run = make_run(suite=suite)
store.save_run(run, suite, make_scores(run, suite), make_summary(run))
store.log_traces("r-1", run.trials)
assert store.load_run("r-1") == run
"""


def test_nothing_reaches_the_terminal(tmp_path: Path) -> None:
    """No log, warning, progress bar or hint of MLflow; no telemetry and no files of it in the home folder."""
    environment = os.environ | {"HOME": str(tmp_path / "home"), "CLAUDECODE": "1"}
    for name in ("CI", "GITHUB_ACTIONS", "PYTEST_CURRENT_TEST", "DO_NOT_TRACK", "XDG_CONFIG_HOME"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", QUIET, str(tmp_path / "store"), str(Path(__file__).parents[1])],
        capture_output=True,
        text=True,
        env=environment,
        cwd=tmp_path,
        check=False,
    )
    assert done.stdout + done.stderr == ""
    assert done.returncode == 0
    assert not (tmp_path / "home").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"store"}
