"""Homes: where the domains of a kept suite's scenarios are on this machine; a store keeps what they were, not where."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from evalplat.records import Case, Environment, Suite


def at_home(kept: Suite, now: Suite) -> Suite:
    """`kept`, as a store hands it back, with the folders that `now`, read from files, has for the same domains."""
    homes = {
        (env.domain, env.domain_sha256): env.home
        for env in (case.scenario.environment for case in now.cases if case.scenario is not None)
    }
    if not any(homes.values()):
        return kept
    datasets = tuple(
        dataset.model_copy(update={"cases": tuple(_moved(case, homes) for case in dataset.cases)})
        for dataset in kept.datasets
    )
    return kept.model_copy(update={"datasets": datasets})


def homeless(suite: Suite) -> Environment | None:
    """The first environment whose domain lay in a file that is not there, or is another by now."""
    environments = (case.scenario.environment for case in suite.cases if case.scenario is not None)
    return next((env for env in environments if env.home is None and env.domain_sha256 is not None), None)


def _moved(case: Case, homes: Mapping[tuple[str, str | None], Path | None]) -> Case:
    if case.scenario is None:
        return case
    env = case.scenario.environment
    home = env.home or homes.get((env.domain, env.domain_sha256))
    scenario = case.scenario.model_copy(update={"environment": env.model_copy(update={"home": home})})
    return case.model_copy(update={"scenario": scenario})
