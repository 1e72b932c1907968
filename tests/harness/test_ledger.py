"""The ledger: what it keeps, what it refuses, and what it says when the file fails it."""

from __future__ import annotations

import contextlib
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from instruments.runs import InProcessTarget, make_suite, make_trial, start_run

from evalplat.errors import LedgerError, ReferenceUnknown
from evalplat.harness import Ledger, freeze
from evalplat.records import Answer, Citation, Failure, Span, SpanEvent, Trace, Trial, TrialKey, Usage

AT = datetime(2026, 5, 6, tzinfo=UTC)


async def silent(*_: object) -> str:
    return ""


TARGET = InProcessTarget(silent)


def one_line(error: pytest.ExceptionInfo[BaseException]) -> str:
    message = str(error.value)
    assert "\n" not in message
    return message


# -- what it keeps -----------------------------------------------------------------------------------------------------


def test_what_was_recorded_is_there_after_opening_anew(tmp_path: Path) -> None:
    suite, path = make_suite(), tmp_path / "deep" / "ledger.db"
    with Ledger(path) as ledger:
        info = start_run(ledger, suite, TARGET)
        ledger.record("run-1", make_trial("c2", 1), make_trial("c0", 1))
        ledger.record("run-1", make_trial("c0", 0))
    with Ledger(path) as ledger:
        assert ledger.run_info("run-1") == info
        assert ledger.runs() == (info,)
        assert ledger.suite("run-1") == suite
        assert ledger.finished("run-1") == {TrialKey(case_id=c, trial=t) for c, t in [("c0", 0), ("c0", 1), ("c2", 1)]}
        assert [t.key.case_id + str(t.key.trial) for t in ledger.trials("run-1")] == ["c00", "c01", "c21"]
        assert next(ledger.trials("run-1")) == make_trial("c0", 0)


def test_runs_do_not_mix(ledger: Ledger) -> None:
    suite = make_suite()
    for run_id in ("a", "b"):
        start_run(ledger, suite, TARGET, run_id)
    ledger.record("a", make_trial(text="of a"))
    ledger.record("b", make_trial(text="of b"))
    assert [trial.answer and trial.answer.text for trial in ledger.trials("b")] == ["of b"]
    assert [info.id for info in ledger.runs()] == ["a", "b"]


def test_trials_come_in_the_suites_order(ledger: Ledger) -> None:
    suite = make_suite(n_cases=120, trials=3)
    start_run(ledger, suite, TARGET)
    wanted = [(case.id, number) for case in suite.cases for number in range(3)]
    ledger.record("run-1", *(make_trial(*key) for key in reversed(wanted)))
    assert [(t.key.case_id, t.key.trial) for t in ledger.trials("run-1")] == wanted


def test_tally_counts_failures_and_adds_usage(ledger: Ledger) -> None:
    start_run(ledger, make_suite(), TARGET)
    good = make_trial("c0").model_copy(update={"usage": Usage(input_tokens=5, calls=1, cost_usd=0.25)})
    bad = Trial(
        failure=Failure(kind="ModelOverloaded", message="429"), latency_s=1, started_at=AT,
        usage=Usage(calls=2, retries=1, unknown_usage_calls=1, cost_usd=None),
        key=TrialKey(case_id="c1"), seed=1,
    )  # fmt: skip
    ledger.record("run-1", good, bad)
    tally = ledger.tally("run-1")
    assert (tally.done, tally.failed) == (2, 1)
    assert tally.usage == Usage(input_tokens=5, calls=3, retries=1, unknown_usage_calls=1, cost_usd=None)


text = st.text(st.characters(exclude_categories=["Cs"]))
number = st.integers(0, 2**62)
usages = st.builds(
    Usage,
    input_tokens=number, output_tokens=number, calls=number, retries=number, cached_calls=number,
    unknown_usage_calls=number, cost_usd=st.none() | st.floats(0, 1e300),
)  # fmt: skip
attributes = st.dictionaries(
    text, text | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
)
spans = st.builds(
    Span,
    trace_id=st.just("a" * 32), span_id=st.just("b" * 16), name=text, start_unix_nano=number, end_unix_nano=number,
    attributes=attributes,
    events=st.lists(st.builds(SpanEvent, name=text, time_unix_nano=number), max_size=2).map(tuple),
)  # fmt: skip
answers = st.builds(
    Answer,
    text=text,
    citations=st.lists(
        st.builds(Citation, source_id=text, score=st.floats(allow_nan=False, allow_infinity=False), text=text),
        max_size=3,
    ).map(tuple),
)


@given(
    answer=answers,
    usage=usages,
    latency=st.floats(0, 1e9),
    at=st.datetimes(timezones=st.just(UTC)),
    trace=st.none() | st.builds(Trace, trace_id=st.just("a" * 32), spans=st.lists(spans, max_size=2).map(tuple)),
)
@settings(max_examples=60, deadline=None)
def test_a_trial_comes_back_as_it_went_in(
    answer: Answer, usage: Usage, latency: float, at: datetime, trace: Trace | None
) -> None:
    trial = Trial(
        answer=answer, usage=usage, latency_s=latency, started_at=at, trace=trace, key=TrialKey(case_id="c0"), seed=3
    )
    with tempfile.TemporaryDirectory() as folder, Ledger(Path(folder) / "ledger.db") as ledger:
        start_run(ledger, make_suite(1, 1), TARGET)
        ledger.record("run-1", trial)
        assert list(ledger.trials("run-1")) == [trial]


# -- what it refuses ---------------------------------------------------------------------------------------------------


def test_the_same_trial_again_changes_nothing_and_another_is_refused(ledger: Ledger) -> None:
    start_run(ledger, make_suite(), TARGET)
    ledger.record("run-1", make_trial())
    ledger.record("run-1", make_trial())
    with pytest.raises(LedgerError, match="another trial 0 of case 'c0'"):
        ledger.record("run-1", make_trial("c1"), make_trial(text="another"))
    assert list(ledger.trials("run-1")) == [make_trial()]  # all or none: c1 went with it


@pytest.mark.parametrize(("case_id", "trial"), [("c9", 0), ("c0", 2)])
def test_a_trial_that_the_suite_does_not_ask_for_is_refused(ledger: Ledger, case_id: str, trial: int) -> None:
    start_run(ledger, make_suite(), TARGET)
    with pytest.raises(LedgerError, match=f"does not ask for trial {trial} of case '{case_id}'"):
        ledger.record("run-1", make_trial(case_id, trial))


def test_a_run_is_closed_only_when_whole_and_then_stays_so(ledger: Ledger) -> None:
    start_run(ledger, make_suite(2, 1), TARGET)
    ledger.record("run-1", make_trial("c0"))
    with pytest.raises(LedgerError, match="1 trials are not finished"):
        ledger.close_run("run-1", AT)
    ledger.record("run-1", make_trial("c1"))
    ledger.close_run("run-1", AT)
    ledger.close_run("run-1", datetime.now(UTC))
    assert ledger.run_info("run-1").closed_at == AT
    with pytest.raises(LedgerError, match="run-1 is closed"):
        ledger.record("run-1", make_trial("c0"))


def test_an_id_is_given_once(ledger: Ledger) -> None:
    suite = make_suite()
    start_run(ledger, suite, TARGET)
    with pytest.raises(LedgerError, match="holds a run run-1 already"):
        start_run(ledger, suite, TARGET)


@pytest.mark.parametrize("run_id", ["../../etc/passwd", "a/b", ".hidden", "a b", "x" * 65])
def test_an_id_that_is_no_file_name_is_refused(ledger: Ledger, run_id: str) -> None:
    with pytest.raises(ValueError, match="run id"):
        start_run(ledger, make_suite(), TARGET, run_id)


def test_a_description_of_another_suite_is_refused(ledger: Ledger) -> None:
    info = freeze(make_suite(3), TARGET.info, "run-1", AT)
    with pytest.raises(ValueError, match="not of this suite"):
        ledger.create_run(info, make_suite(4))


def test_an_unknown_run_is_said_to_be_unknown(ledger: Ledger) -> None:
    calls = [
        ledger.run_info, ledger.suite, ledger.run, ledger.lock,
        lambda run_id: list(ledger.trials(run_id)), lambda run_id: ledger.record(run_id, make_trial()),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(ReferenceUnknown, match="'nope' is not in the ledger"):
            call("nope")


# -- one writer a run --------------------------------------------------------------------------------------------------

HOLDER = """
import sys
from evalplat.harness import Ledger
with Ledger(sys.argv[1]) as ledger, ledger.lock("run-1"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_process_is_refused_until_the_first_is_killed(ledger: Ledger) -> None:
    suite = make_suite()
    start_run(ledger, suite, TARGET)
    start_run(ledger, suite, TARGET, "run-2")
    command = [sys.executable, "-c", HOLDER, str(ledger.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LedgerError, match="run run-1 is being run right now") as error, ledger.lock("run-1"):
            pass
        one_line(error)
        with ledger.lock("run-2"):
            ledger.record("run-1", make_trial())  # the lock is on the right to run, not on the file
        holder.kill()
    with ledger.lock("run-1"):
        pass


def test_a_second_task_of_the_same_process_is_refused(ledger: Ledger) -> None:
    start_run(ledger, make_suite(), TARGET)
    with ledger.lock("run-1"), pytest.raises(LedgerError, match="being run right now"), ledger.lock("run-1"):
        pass


def test_many_threads_and_ledgers_write_at_once(tmp_path: Path) -> None:
    path, suite = tmp_path / "ledger.db", make_suite(10, 4)
    failures: list[BaseException] = []

    def write(run_id: str) -> None:
        try:
            with Ledger(path) as ledger:  # each creates the file if it is first
                start_run(ledger, suite, TARGET, run_id)
                for case in suite.cases:
                    ledger.record(run_id, *(make_trial(case.id, number) for number in range(4)))
        except BaseException as err:  # noqa: BLE001 - looked at below
            failures.append(err)

    threads = [threading.Thread(target=write, args=(f"run-{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with Ledger(path) as ledger:
        assert [ledger.tally(info.id).done for info in ledger.runs()] == [40] * 6


# -- a file that fails -------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def files_no_larger_than(limit: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_takes_no_more_loses_nothing(ledger: Ledger) -> None:
    start_run(ledger, make_suite(50, 1), TARGET)
    kept = 0
    with files_no_larger_than(400_000), pytest.raises(LedgerError, match="every finished trial is kept") as error:
        for number in range(50):
            ledger.record("run-1", make_trial(f"c{number}", text="x" * 20_000))
            kept += 1
    assert "--resume" in one_line(error)
    assert str(ledger.path) in str(error.value)
    assert 0 < kept < 50
    assert ledger.tally("run-1").done == kept
    ledger.record("run-1", *(make_trial(f"c{number}", text="x" * 20_000) for number in range(kept, 50)))
    with Ledger(ledger.path) as again:
        assert [trial.key.case_id for trial in again.trials("run-1")] == [f"c{number}" for number in range(50)]


@contextlib.contextmanager
def nobody() -> Iterator[None]:
    """Root may write anywhere, so be somebody else."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_without_write_permission() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        with Ledger(path) as ledger:
            start_run(ledger, make_suite(), TARGET)
        path.chmod(0o444)
        Path(folder).chmod(0o555)
        with nobody(), pytest.raises(LedgerError) as error, Ledger(path) as ledger:
            ledger.record("run-1", make_trial())
        Path(folder).chmod(0o755)
        assert str(path) in one_line(error)
        assert "write permission" in str(error.value) or "may be written" in str(error.value)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match=r"ledger .*file.ledger\.db") as error:
        Ledger(tmp_path / "file" / "ledger.db")
    one_line(error)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"hello, I am a text" * 100)
    with pytest.raises(LedgerError, match="is not a ledger"):
        Ledger(tmp_path / "ledger.db")


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "theirs.db")) as db:
        db.execute("CREATE TABLE precious (x)")
    before = (tmp_path / "theirs.db").read_bytes()
    with pytest.raises(LedgerError, match="another program's database"):
        Ledger(tmp_path / "theirs.db")
    assert (tmp_path / "theirs.db").read_bytes() == before


def test_a_ledger_of_a_later_version(ledger: Ledger) -> None:
    with contextlib.closing(sqlite3.connect(ledger.path)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(LedgerError, match=r"schema 99.*upgrade evalplat"):
        Ledger(ledger.path)


def test_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with Ledger(path) as ledger:
        start_run(ledger, make_suite(50, 1), TARGET)
        ledger.record("run-1", *(make_trial(f"c{number}", text="x" * 5000) for number in range(50)))
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xa5" * (len(content) - 8192)
    path.write_bytes(bytes(content))
    with pytest.raises(LedgerError) as error, Ledger(path) as ledger:
        list(ledger.trials("run-1"))
    assert "damaged" in one_line(error)


def test_a_trial_that_somebody_changed_by_hand(ledger: Ledger) -> None:
    start_run(ledger, make_suite(), TARGET)
    ledger.record("run-1", make_trial())
    with contextlib.closing(sqlite3.connect(ledger.path)) as db, db:
        db.execute("UPDATE trials SET body = replace(body, 'latency_s', 'latency')")
    with pytest.raises(LedgerError, match="a trial of run run-1 cannot be read") as error:
        list(ledger.trials("run-1"))
    one_line(error)
