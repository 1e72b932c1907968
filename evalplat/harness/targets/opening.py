"""What a user types into the target that it means."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from evalplat.errors import InputError, ReferenceUnknown
from evalplat.harness.simulate.agents import is_scripted
from evalplat.harness.target import Target
from evalplat.records import AgentSpec, Usage, build

from .agent import AgentTarget
from .callable import CallableTarget
from .command import CommandTarget
from .command_spec import PREFIX, command_in, command_of
from .conversing import ConversingTarget, holds_conversations
from .http import HttpTarget
from .scripted import ScriptedTarget
from .source import load_function

if TYPE_CHECKING:
    from evalplat.runtime.gateway import Budget, PriceTable

AUTHORIZATION_VARIABLE = "EVALPLAT_TARGET_AUTHORIZATION"

_CALLABLE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")


def open_target(
    ref: str,
    *,
    model: str | None = None,
    run_id: str | None = None,
    cache_path: Path | None = None,
    run_budget: Budget | None = None,
    spent: Usage | None = None,
    prices: PriceTable | None = None,
) -> Target:
    """The target that `ref` names: `AGENT.yaml`, `module:function`, `cmd:…` or `http(s)://…`. Close it with `aclose`.

    `model`, `cache_path`, `run_budget` and `spent` are for agents (see AgentTarget), `prices` for functions too;
    `run_id` lets an HTTP endpoint know a trial again after a resume.
    Raises ReferenceUnknown where there is no such thing, SpecError or InputError where it is malformed, TargetFailed
    where importing a module raises.
    """
    if ref.startswith(("http://", "https://")):
        _only_agents(model, ref)
        return HttpTarget(ref, scope=run_id, authorization=os.environ.get(AUTHORIZATION_VARIABLE) or None)
    if ref.startswith(PREFIX):
        _only_agents(model, ref)
        return CommandTarget(command_of(ref))
    if Path(ref).suffix.lower() in (".yaml", ".yml"):
        command = command_in(Path(ref))
        if command is not None:
            _only_agents(model, ref)
            return CommandTarget(command)
        spec = _agent_in(ref, model)
        parent = Path(ref).parent
        return AgentTarget(
            spec, parent, ref=ref, cache_path=cache_path, run_budget=run_budget, spent=spent, prices=prices
        )
    if _CALLABLE.fullmatch(ref):
        _only_agents(model, ref)
        return _function_target(ref, prices)
    raise ReferenceUnknown(
        f"target {ref!r} is none of: an agent's file (AGENT.yaml), a Python function (module:function), "
        "a command (cmd:COMMAND or a YAML file with `command`), an endpoint (http:// or https://)"
    )


def _function_target(ref: str, prices: PriceTable | None) -> Target:
    function, _ = load_function(ref)
    if is_scripted(function):
        return ScriptedTarget(ref)
    return ConversingTarget(ref) if holds_conversations(function) else CallableTarget(ref, prices=prices)


def _agent_in(ref: str, model: str | None) -> AgentSpec:
    from evalplat.runtime.agents import load_agent

    if not Path(ref).is_file():
        raise ReferenceUnknown(f"target {ref}: there is no such file, looked for from {Path.cwd()}")
    spec = load_agent(ref)
    if model is None:
        return spec
    return build(AgentSpec, {**dict(spec), "model": {**dict(spec.model), "name": model}}, where="--model")


def _only_agents(model: str | None, ref: str) -> None:
    if model is not None:
        raise InputError(f"--model replaces the model of an agent's file; {ref} brings its own")
