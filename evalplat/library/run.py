"""`ep.run`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from evalplat.errors import InputError

from .interrupt import interruptible, kept_so_far
from .progress import progress_of
from .verb import target_of, verb

if TYPE_CHECKING:
    from collections.abc import Callable

    from evalplat.harness import Progress
    from evalplat.sdk.run import RunDone


@verb
def run(
    suite: Path | str,
    agent: str | Path | Callable[..., object],
    *,
    trials: int | None = None,
    model: str | None = None,
    executor: str = "local",
    resume: str | None = None,
    alias: str | None = None,
    concurrency: int = 4,
    max_tokens: int | None = None,
    max_cost_usd: float | None = None,
    progress: Progress | bool = True,
) -> RunDone:
    """Run a suite against a target, score it, keep it in the store: `evalplat run`.

    Parameters
    ----------
    suite : path of a suite.yaml.
    agent : AGENT.yaml, `module:function`, an http(s) endpoint, or a Python function of a module.
    trials : trials a case; replaces the suite's number.
    model : `embedded`, `gguf:PATH` or `openai:NAME`; replaces the agent's model.
    executor : `local`.
    resume : id of a run that was cut short; its finished trials are not asked again.
    alias : a name for the run, such as `production`.
    concurrency : trials at once.
    max_tokens, max_cost_usd : hard budget of the run, in tokens and US dollars.
    progress : True: a live line in a notebook, plain lines on standard error elsewhere; False: none; or your own.

    Returns
    -------
    RunDone: `run_id`, `run` (its trials, with traces), `table` (scores), `summary` (means with intervals).

    Raises
    ------
    InputError, SpecError, CaseError, ReferenceUnknown, ModelError before the first trial where something is not as it
    should be; RunFailed where no trial has an answer or the budget is spent; StoreError where the store cannot be
    reached. KeyboardInterrupt says how to go on: finished trials are on disk. Works inside a running event loop.

    Example
    -------
    >>> import json, pathlib
    >>> import evalplat as ep
    >>> cases = [{"id": f"{a}+{b}", "input": f"{a}+{b}", "expect": {"number": a + b}}
    ...         for a in range(5) for b in range(5)]
    >>> _ = pathlib.Path("sums.jsonl").write_text("\\n".join(map(json.dumps, cases)))
    >>> _ = pathlib.Path("suite.yaml").write_text(
    ...     "name: sums\\ndatasets: [sums.jsonl]\\nscorers: [{metric: correct, kind: expectation}]")
    >>> _ = pathlib.Path("adder.py").write_text("def add(question): return str(sum(map(int, question.split('+'))))")
    >>> done = ep.run("suite.yaml", "adder:add", progress=False)
    >>> done.n_trials, done.summary.systems[0].mean
    (25, 1.0)
    """
    if executor != "local":
        raise InputError(f"--executor: {executor!r} is not available; `local` is")
    from evalplat.sdk.run import run as run_suite

    target, ids = target_of(agent), [resume] if resume else []

    def how() -> str:
        if not ids:
            return "interrupted before the first trial"
        return f"interrupted; {kept_so_far(ids[-1])}; go on with ep.run({str(suite)!r}, {target!r}, resume={ids[-1]!r})"

    with interruptible(how):
        return run_suite(
            suite,
            target,
            trials=trials,
            model=model,
            resume=resume,
            alias=alias,
            concurrency=concurrency,
            max_tokens=max_tokens,
            max_cost_usd=max_cost_usd,
            progress=progress_of(progress),
            started=ids.append,
        )
