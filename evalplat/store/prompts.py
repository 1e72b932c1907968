"""MLflow's prompt registry: a prompt for each part of an agent's prompts, a version for each text."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from evalplat.records import AgentSpec

from .door import Door
from .facts import prompts_of
from .json_text import is_utf8
from .names import prompt_name

_MAX_TEXT = 100_000  # MLflow's limit
_PAGE = 100
_EXPERIMENTS_TAG = "_mlflow_experiment_ids"  # by which the experiment's page lists its prompts
_LINKED_TAG = "mlflow.linkedPrompts"  # by which the run's page links them


def keep_prompts(door: Door, spec: AgentSpec | None, experiment_id: str) -> dict[str, str]:
    """Register the agent's prompts where their texts are new. Returns the run's tags that name and link them."""
    tags: dict[str, str] = {}
    linked: list[dict[str, str]] = []
    for part, text in prompts_of(spec).items():
        assert spec is not None
        if len(text) > _MAX_TEXT or not is_utf8(text) or "\0" in text:
            tags[f"evalplat.prompt.{part}"] = "too long for the registry, or not plain text: whole in run.json"
            continue
        name = prompt_name(spec.name, part)
        _ensure_prompt(door, name, experiment_id)
        version = _ensure_version(door, name, text)
        tags[f"evalplat.prompt.{part}"] = f"{name}/{version}"
        linked.append({"name": name, "version": version})
    if linked:
        tags[_LINKED_TAG] = json.dumps(linked)
    return tags


def _ensure_prompt(door: Door, name: str, experiment_id: str) -> None:
    # Not `register_prompt` and `link_prompt_version_to_run`: those write to the caller's active experiment, from a
    # thread of their own, and to the caller's global store.
    from mlflow.exceptions import MlflowException

    prompt = door.client.get_prompt(name)
    if prompt is None:
        try:
            door.client.create_prompt(name, tags={_EXPERIMENTS_TAG: f",{experiment_id},"})
        except MlflowException:
            prompt = door.client.get_prompt(name)  # another process may have been first
            if prompt is None:
                raise
        else:
            return
    listed = [entry for entry in prompt.tags.get(_EXPERIMENTS_TAG, "").split(",") if entry]
    if experiment_id not in listed:
        door.client.set_prompt_tag(name, _EXPERIMENTS_TAG, f",{','.join([*listed, experiment_id])},")


def _ensure_version(door: Door, name: str, text: str) -> str:
    token = None
    while True:
        page = door.client.search_prompt_versions(name, max_results=_PAGE, page_token=token)
        same: Any = next((version for version in page if version.template == text), None)
        if same is not None:
            return str(same.version)
        token = page.token
        if not token:
            break
    digest = hashlib.sha256(text.encode()).hexdigest()
    made = door.client.create_prompt_version(name, text, tags={"evalplat.sha256": digest})
    return str(made.version)
