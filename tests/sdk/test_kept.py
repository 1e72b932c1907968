"""Kept files: what a gate takes to a machine that forgets, and what it refuses to take from there."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from instruments.coins import calls_of, codes, make_coins

from evalplat.errors import EvalplatError, InputError
from evalplat.records import Decision
from evalplat.sdk.baseline_kept import refresh_baseline, restore_baseline, save_baseline, show_baseline
from evalplat.sdk.gate import gate
from evalplat.sdk.workspace import workspace

KEPT = Path("kept.zip")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """A new machine with a fresh checkout, and of all others only the kept file of the one before."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def go_to(name: str, *, of: Path | None = None) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        make_coins(folder, cases=120)
        if of is not None:
            shutil.copy(of / KEPT, folder / KEPT)
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
        sys.modules.pop("coins", None)
        return folder

    return go_to


def decide(candidate: str, baseline: str = "coins:base", **how) -> Decision:  # type: ignore[no-untyped-def]
    return gate(baseline, candidate, suite="suite.yaml", kept=KEPT, **how).decision


def contents() -> tuple[int, int]:
    """Runs and decisions in the store, without making a ledger."""
    store = workspace().store()
    return len(store.runs("coins")), len(store.decisions("coins"))


class Interrupted:
    """Progress that presses Ctrl-C after so many updates."""

    def __init__(self, after: int) -> None:
        self.left = after

    def update(self, state) -> None:  # type: ignore[no-untyped-def]
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def test_another_machine_goes_on_with_the_same_test_and_draws_nothing(machine):
    one = machine("one")
    first = decide("coins:noisy")
    assert first.attempt == 1 and first.continued is None
    two = machine("two", of=one)
    gated = gate("coins:base", "coins:noisy", suite="suite.yaml", kept=KEPT)
    second = gated.decision
    assert calls_of(two) == {}
    assert (second.attempt, second.verdict, second.looks) == (2, first.verdict, first.looks)
    assert second.candidate.run_id == first.candidate.run_id
    assert second.continued is not None and second.continued.pooled
    assert (second.continued.earlier, second.continued.new_trials) == ((first.verdict,), 0)
    assert second.continued.trials == (first.baseline.n_trials, first.candidate.n_trials)
    told = f"Attempt 2 of this change: continues the test begun on {second.continued.begun_at:%Y-%m-%d %H:%M} UTC"
    assert told in gated.markdown() and "evidence pooled" in gated.markdown()
    assert json.loads(gated.json())["continued"]["earlier"] == [first.verdict]
    machine("three", of=two)
    assert decide("coins:noisy").attempt == 3


def test_what_an_interrupted_gate_had_asked_is_not_asked_again_elsewhere(machine):
    one = machine("one")
    with pytest.raises(KeyboardInterrupt):
        decide("coins:noisy", progress=Interrupted(after=150), concurrency=1)
    asked = calls_of(one)
    assert asked["base"] == 120 and 0 < asked["noisy"] < 120
    with zipfile.ZipFile(KEPT) as archive:
        kept = [name for name in archive.namelist() if name.startswith("runs/")]
    assert len(kept) == 2
    two = machine("two", of=one)
    decision = decide("coins:noisy")
    went_on = decision.continued
    assert decision.attempt == 1 and went_on is not None and went_on.earlier == ()
    assert went_on.new_trials == calls_of(two)["noisy"] == decision.candidate.n_trials - asked["noisy"]
    assert calls_of(two)["base"] == 20  # a share, to see that it still holds


def test_a_ledger_that_lost_a_run_takes_it_over_from_the_store(machine):
    folder = machine("one")
    first = gate("coins:base", "coins:noisy", suite="suite.yaml").decision
    asked = calls_of(folder)
    for file in Path(".evalplat").glob("ledger.db*"):
        shutil.rmtree(file) if file.is_dir() else file.unlink()
    second = gate("coins:base", "coins:noisy", suite="suite.yaml").decision
    assert calls_of(folder) == asked
    assert (second.attempt, second.candidate.run_id) == (2, first.candidate.run_id)


def test_the_same_content_is_the_same_bytes_and_restoring_twice_changes_nothing(machine):
    one = machine("one")
    decide("coins:same")
    saved = save_baseline(["suite.yaml"], "again.zip")
    assert Path("again.zip").read_bytes() == KEPT.read_bytes()
    assert (saved.runs, saved.decisions, saved.begun) == (2, 1, 0)
    machine("two", of=one)
    assert restore_baseline(KEPT).runs == 2
    again = restore_baseline(KEPT)
    assert (again.runs, again.trials, again.decisions, again.aliases) == (0, 0, 0, ())
    assert contents() == (2, 1)
    save_baseline(["coins"], "elsewhere.zip")
    assert Path("elsewhere.zip").read_bytes() == KEPT.read_bytes()


@pytest.mark.slow
def test_old_decisions_are_pruned_but_no_attempt_at_the_change_at_issue(machine):
    machine("one")
    decide("coins:noisy")
    decide("coins:same")
    decide("coins:worse")
    decide("coins:noisy", keep=1)
    with zipfile.ZipFile(KEPT) as archive:
        lines = archive.read("decisions.jsonl").decode().splitlines()
    found = [json.loads(line)["decision"] for line in lines]
    assert [(one["candidate"]["ref"], one["attempt"]) for one in found] == [("coins:noisy", 1), ("coins:noisy", 2)]


def damaged(kind: str, good: bytes) -> bytes:
    if kind == "half":
        return good[: len(good) // 2]
    if kind == "no zip":
        return b"evalplat"
    source = Path("good.zip")
    source.write_bytes(good)
    with zipfile.ZipFile(source) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members["manifest.json"])
    scores = next(name for name in members if name.startswith("scores/"))
    run = next(name for name in members if name.startswith("runs/"))
    if kind == "changed":
        members[run] = members[run].replace(b'"yes"', b'"Yes"')
    elif kind == "schema":
        manifest["schema"] = "evalplat.kept/2"
    elif kind == "traversal":
        members["../../evil.py"] = b"x"
    elif kind == "absolute":
        members["/etc/evil"] = b"x"
    elif kind == "unlisted":
        members["runs/more.jsonl"] = b"{}\n"
    elif kind == "lacking":
        del members[scores]
    elif kind == "bomb":
        members["runs/bomb.jsonl"] = b"0" * (300 * 2**20)
    elif kind == "alias":
        manifest["aliases"] = {"production": "nobody"}
    elif kind == "nested":
        members["decisions.jsonl"] = b"[" * 200_000 + b"\n"
    elif kind == "field":
        members["decisions.jsonl"] = b'{"at": "2026-01-01T00:00:00Z", "decision": {"verdict": "maybe"}}\n'
    elif kind == "codes":
        members[scores] = members[scores].replace(b'"codes":[0,', b'"codes":[7,', 1)
    if kind in ("nested", "field", "codes", "alias", "schema"):
        import hashlib

        stated = {
            name: {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
            for name, body in members.items()
            if name != "manifest.json"
        }
        members["manifest.json"] = json.dumps({**manifest, "members": stated}).encode()
    with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return source.read_bytes()


KINDS = {
    "half": "damaged",
    "no zip": "no kept file",
    "changed": "SHA-256 differs",
    "schema": "expected schema 'evalplat.kept/1'",
    "traversal": "refused",
    "absolute": "refused",
    "unlisted": "not those of its manifest",
    "lacking": "not those of its manifest",
    "bomb": "would unpack to",
    "alias": "'production' names a run that it does not have",
    "nested": "decisions.jsonl cannot be read",
    "field": "decisions.jsonl cannot be read",
    "codes": "cannot be read",
}


def test_a_hostile_or_damaged_file_is_refused_in_one_line_and_nothing_of_it_comes_in(machine):
    one = machine("one")
    decide("coins:same")
    good = (one / KEPT).read_bytes()
    two = machine("two")
    for kind, expected in KINDS.items():
        KEPT.write_bytes(damaged(kind, good))
        for restore in (lambda: restore_baseline(KEPT), lambda: decide("coins:same")):
            with pytest.raises(InputError) as refused:
                restore()
            message = str(refused.value)
            assert expected in message and "\n" not in message and message.startswith("kept.zip"), (kind, message)
    assert contents() == (0, 0) and calls_of(two) == {} and not Path("evil.py").exists()
    KEPT.write_bytes(good)
    assert decide("coins:same").attempt == 2


def test_a_file_of_another_suite_and_one_that_cannot_be_written_are_refused(machine):
    machine("one")
    decide("coins:same")
    Path("suite.yaml").write_text(Path("suite.yaml").read_text().replace("name: coins", "name: other"))
    with pytest.raises(InputError, match="keeps the suite 'coins', this gate is of 'other'"):
        decide("coins:same")
    with pytest.raises(InputError, match="nothing to keep"):
        save_baseline(["suite.yaml"], "x.zip")
    Path("file").write_text("no folder")
    with pytest.raises(InputError, match="cannot be written"):
        save_baseline(["coins"], "file/x.zip")
    with pytest.raises(EvalplatError, match="nobody"):
        save_baseline(["nobody"], "x.zip")


def test_an_alias_comes_along_and_one_that_is_there_stays_until_it_is_moved(machine):
    one = machine("one")
    refreshed = refresh_baseline("suite.yaml", "coins:base")
    assert refreshed.before is None
    decide("coins:same", baseline="production")
    two = machine("two", of=one)
    assert decide("coins:same", baseline="production").attempt == 2
    assert calls_of(two) == {}
    other = refresh_baseline("suite.yaml", "coins:same")
    assert (
        other.before == refreshed.done.run_id and not other.same_system and "begins a test of its own" in other.attempts
    )
    left = restore_baseline(KEPT)
    assert left.left == () or left.left == ("production",)
    save_baseline(["coins"], "later.zip")
    restored = restore_baseline(one / KEPT)
    assert restored.left == ("production",)
    assert restore_baseline(one / KEPT, move_aliases=True).aliases == ("production",)
    assert workspace().store().resolve("production", suite="coins") == refreshed.done.run_id


@pytest.mark.slow
def test_two_gates_at_once_keep_their_suite_in_one_file_and_lose_nothing(machine, tmp_path):
    shared = tmp_path / "shared.zip"
    other = machine("two")
    one = machine("one")
    program = str(Path(sys.executable).with_name("evalplat"))
    command = [program, "gate", "--baseline", "coins:base", "--candidate", "coins:worse"]

    class Meanwhile:
        """Another machine's whole gate, while this one runs."""

        def __init__(self) -> None:
            self.done: subprocess.CompletedProcess[str] | None = None

        def update(self, state) -> None:  # type: ignore[no-untyped-def]
            if self.done is None:
                rest = ["--suite", "suite.yaml", "--kept", str(shared)]
                self.done = subprocess.run([*command, *rest], cwd=other, capture_output=True, text=True)

    meanwhile = Meanwhile()
    own = gate("coins:base", "coins:same", suite="suite.yaml", kept=shared, progress=meanwhile).decision
    assert own.attempt == 1 and meanwhile.done is not None and meanwhile.done.returncode == 1, meanwhile.done
    assert calls_of(one) and calls_of(other)
    three = machine("three")
    again = {
        name: gate("coins:base", f"coins:{name}", suite="suite.yaml", kept=shared).decision
        for name in ("same", "worse")
    }
    assert {name: one.attempt for name, one in again.items()} == {"same": 2, "worse": 2}
    assert again["same"].verdict == own.verdict and again["worse"].verdict == "fail"
    assert not {name: n for name, n in calls_of(three).items() if name != "base"}


@pytest.mark.slow
def test_what_makes_a_kept_baseline_useless_is_said_with_what_to_do(machine):
    machine("one")
    done = refresh_baseline("suite.yaml", "coins:base")
    standing = show_baseline("suite.yaml")
    assert [one.run_id for one in standing.baselines] == [done.done.run_id]
    assert standing.baselines[0].useless is None and standing.baselines[0].unchecked is None
    assert standing.baselines[0].aliases == ("production",) and standing.baselines[0].n_trials == 120
    cases = Path("cases.jsonl").read_text().replace('question 7"', 'question seven"')
    Path("cases.jsonl").write_text(cases)
    assert show_baseline("suite.yaml").baselines[0].useless == "cases: 1 changed"
    with pytest.raises(InputError, match=r"cases: 1 changed.*evalplat baseline refresh SUITE"):
        decide("coins:same", baseline="production")
    decision = decide("coins:same")  # the baseline's agent, which is run anew, and it is said why
    assert codes(decision)[0] == "baseline_stale"
    assert "cases: 1 changed" in decision.findings[0].message and "run anew as" in decision.findings[0].message
    shown = show_baseline("coins")
    assert shown.changes[0].verdicts == (decision.verdict,) and shown.changes[0].candidate == "coins:same"
