"""Agents of our own as targets, against an endpoint that misbehaves."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from instruments.endpoint import UNKNOWN_USAGE, FaultPlan, MisbehavingEndpoint
from instruments.runs import make_suite, start_run

from evalplat.errors import ModelRefused, ModelUnknown, ModelUnreachable, RunFailed
from evalplat.harness import AgentTarget, Ledger, execute
from evalplat.records import AgentSpec, Usage
from evalplat.runtime.gateway import Budget

SPEC = AgentSpec.model_validate(
    {
        "name": "desk",
        "prompts": {"system": "Answer briefly."},
        "model": {"name": "openai:test-model", "max_tokens": 50, "timeout_s": 2.0, "max_retries": 3},
    }
)


def use(endpoint: MisbehavingEndpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in endpoint.env.items():
        monkeypatch.setenv(name, value)


async def test_a_run_against_an_endpoint_that_fails_half_of_the_time(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = ("rate_limited", "server_error", "broken_body", "stalled", "closed")
    suite = make_suite(25, 2)
    with MisbehavingEndpoint(faults=FaultPlan(dict.fromkeys(kinds, 0.1), seed=3)) as endpoint:
        use(endpoint, monkeypatch)
        target = AgentTarget(SPEC, tmp_path, cache_path=tmp_path / "cache.db")
        start_run(ledger, suite, target)
        run = await execute(suite, target, ledger, "run-1", concurrency=8)
        await target.aclose()
        completions, answered = endpoint.completions, endpoint.answered_tokens
    assert [(t.key.case_id, t.key.trial) for t in run.trials] == [(c.id, n) for c in suite.cases for n in range(2)]
    hit = Counter(exchange.fault for exchange in completions)
    assert all(hit[kind] for kind in kinds), "a kind of fault did not happen"
    total = ledger.tally("run-1").usage
    assert (total.input_tokens, total.output_tokens) == answered
    assert total.calls == len(completions)
    assert total.unknown_usage_calls == sum(hit[kind] for kind in kinds if kind in UNKNOWN_USAGE)
    assert total.retries == len(completions) - len(run.trials)
    for trial in run.trials:
        assert (trial.answer is None) != (trial.failure is None)
        if trial.answer is not None:
            assert trial.answer.text == f"You said: question {trial.key.case_id[1:]}"
        assert trial.trace is not None
    kinds_of_failure = {t.failure.kind for t in run.failures if t.failure}
    assert kinds_of_failure <= {"ModelOverloaded", "ModelReplyBroken", "ModelUnreachable"}
    assert len({trial.trace.trace_id for trial in run.trials if trial.trace}) == 50
    everything = ledger.path.read_bytes() + b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert endpoint.api_key.encode() not in everything


async def test_what_is_wrong_with_the_model_is_said_before_any_trial(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MisbehavingEndpoint() as endpoint:
        use(endpoint, monkeypatch)
        unknown = SPEC.model_copy(update={"model": SPEC.model.model_copy(update={"name": "openai:no-such-model"})})
        with pytest.raises(ModelUnknown):
            await AgentTarget(unknown, tmp_path).prepare()
        monkeypatch.setenv("OPENAI_API_KEY", "sk-another-key-0123456789")
        with pytest.raises(ModelRefused):
            await AgentTarget(SPEC, tmp_path).prepare()
        monkeypatch.setenv("OPENAI_API_KEY", endpoint.api_key)
        endpoint.close()
        suite, target = make_suite(), AgentTarget(SPEC, tmp_path)
        start_run(ledger, suite, target)
        with pytest.raises(ModelUnreachable):
            await execute(suite, target, ledger, "run-1")
        assert endpoint.answered_tokens == (0, 0)  # at most asked whether the model is there
    assert ledger.tally("run-1").done == 0


async def test_a_spent_budget_stops_the_run_and_a_greater_one_ends_it(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = make_suite(8, 1)
    with MisbehavingEndpoint() as endpoint:
        use(endpoint, monkeypatch)

        async def go_on(max_tokens: int) -> None:
            spent = ledger.tally("run-1").usage if ledger.runs() else Usage()
            target = AgentTarget(SPEC, tmp_path, run_budget=Budget(max_tokens=max_tokens), spent=spent)
            if not ledger.runs():
                start_run(ledger, suite, target)
            try:
                await execute(suite, target, ledger, "run-1", concurrency=2)
            finally:
                await target.aclose()

        for _ in range(2):  # what the first session spent is not there again for the second
            with pytest.raises(RunFailed, match=r"trials, which are kept: .*--resume run-1"):
                await go_on(400)
            assert 0 < ledger.tally("run-1").done < 8
            assert ledger.tally("run-1").usage.total_tokens <= 400
        await go_on(100_000)
        assert len(endpoint.completions) == 8
    assert not ledger.run("run-1").failures


async def test_repeated_trials_are_asked_for_and_a_repeated_run_is_not(
    ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = make_suite(3, 2)
    with MisbehavingEndpoint() as endpoint:
        use(endpoint, monkeypatch)
        for run_id in ("run-1", "run-2"):
            target = AgentTarget(SPEC, tmp_path, cache_path=tmp_path / "cache.db")
            start_run(ledger, suite, target, run_id)
            await execute(suite, target, ledger, run_id)
            await target.aclose()
            await target.aclose()
        assert len(endpoint.completions) == 6
    assert ledger.tally("run-2").usage.cached_calls == 6
    assert ledger.tally("run-2").usage.calls == 0


async def test_preparing_twice_asks_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with MisbehavingEndpoint() as endpoint:
        use(endpoint, monkeypatch)
        target = AgentTarget(SPEC, tmp_path)
        await target.prepare()
        asked = len(endpoint.log)
        await target.prepare()
        assert len(endpoint.log) == asked
        await target.aclose()
