"""MLflow's experiments: one for a suite, which also carries the suite's aliases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from evalplat.errors import StoreError

from .door import Door
from .names import clipped, experiment_name, slug

GATES = "evalplat gates"
"""The experiment of decisions on score tables, which belong to no suite."""

_SUITE_TAG = "evalplat.suite"
_ALIAS_TAG = "evalplat.alias."
_PAGE = 1000


def ensure_experiment(door: Door, suite: str) -> str:
    """Id of the suite's experiment, made where there is none."""
    from mlflow.exceptions import MlflowException

    name = experiment_name(suite)
    found = door.client.get_experiment_by_name(name)
    if found is None:
        artifacts = door.location.artifacts
        try:
            return str(
                door.client.create_experiment(
                    name,
                    artifact_location=None if artifacts is None else str(artifacts / slug(suite)),
                    tags={_SUITE_TAG: clipped(suite)},
                )
            )
        except MlflowException:
            found = door.client.get_experiment_by_name(name)  # another process may have been first
            if found is None:
                raise
    if found.lifecycle_stage != "active":
        raise StoreError(
            f"the experiment {name!r} in {door.location.shown} was deleted: restore it, "
            f"`mlflow experiments restore --experiment-id {found.experiment_id}`, or rename the suite"
        )
    if _SUITE_TAG not in found.tags:
        door.client.set_experiment_tag(found.experiment_id, _SUITE_TAG, clipped(suite))
    return str(found.experiment_id)


def experiments(door: Door, suite: str | None = None) -> list[Any]:
    """Experiments that hold runs of ours, or the one of `suite`."""
    if suite is not None:
        found = door.client.get_experiment_by_name(experiment_name(suite))
        return [found] if found is not None and found.lifecycle_stage == "active" else []
    return [found for found in _pages(door) if _SUITE_TAG in found.tags]


def set_alias(door: Door, experiment_id: str, alias: str, run_id: str) -> None:
    """Let the alias name the run, from now on and instead of what it named."""
    door.client.set_experiment_tag(experiment_id, _ALIAS_TAG + alias, run_id)


def aliases(experiment: Any) -> dict[str, str]:
    """Alias to run id."""
    return {key.removeprefix(_ALIAS_TAG): value for key, value in experiment.tags.items() if key.startswith(_ALIAS_TAG)}


def _pages(door: Door) -> Iterator[Any]:
    token = None
    while True:
        page = door.client.search_experiments(max_results=_PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return
