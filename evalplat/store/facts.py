"""What MLflow's tables show of a run: its params, tags and metrics. Everything whole is in the artifacts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from evalplat.errors import StoreError
from evalplat.records import AgentSpec, Run, RunInfo, Suite, Summary, SystemSummary, Usage

from .location import without_credentials
from .names import MAX_KEY, clipped, metric_key, metric_name

# A slash is in no key of a metric, so these are the run's own; MLflow's page shows them as a group.
_OWN = "run/"
_SIDES = ("se", "ci_low", "ci_high", "n_cases", "n_clusters", "failures")
_SIDE = rf"(?:{'|'.join(_SIDES)}|pass\^[0-9]+)"
# A metric called `x.se` must not be taken for a side of `x`: that dot is written out.
_OUR_DOTS = re.compile(rf"(?<=.)\.(?={_SIDE}$)")


def summary_metrics(run_id: str, summary: Summary) -> dict[str, float]:
    """By MLflow's key: `<metric>` is the mean, `<metric>.se` and so on its sides.

    Raises StoreError where the summary is of several systems.
    """
    if len({entry.system for entry in summary.systems}) > 1:
        raise StoreError(f"run {run_id} cannot be kept: its summary is of several systems")
    return {key: value for entry in summary.systems for key, value in _entry_metrics(entry)}


def run_totals(run: Run) -> dict[str, float]:
    """By MLflow's key, `run/…`: trials, failures, usage (cost only where all calls have a price), latency."""
    usage = sum((trial.usage for trial in run.trials), Usage())
    totals: dict[str, float] = {"trials": len(run.trials), "failures": len(run.failures)}
    totals["total_tokens"] = usage.total_tokens
    totals |= {name: value for name, value in usage.model_dump().items() if value is not None}
    if run.trials:
        latencies = np.array([trial.latency_s for trial in run.trials])
        p50, p95 = np.percentile(latencies, [50, 95])
        totals |= {"latency_s.mean": latencies.mean(), "latency_s.p50": p50, "latency_s.p95": p95}
    return {f"{_OWN}{name}": float(value) for name, value in totals.items()}


def summary_key(metric: str, side: str | None = None) -> str:
    """MLflow's key of a metric's mean, or of one of its sides."""
    stem = metric_key(metric, dots=_OUR_DOTS, limit=MAX_KEY - 20)
    return stem if side is None else f"{stem}.{metric_key(side)}"


def split_metrics(metrics: Mapping[str, float]) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """The metrics of a kept run, by name and side (`mean`, `se`, `pass^2`, …), and the totals of the run."""
    by_name: dict[str, dict[str, float]] = {}
    totals: dict[str, float] = {}
    for key, value in metrics.items():
        stem, dot, end = key.rpartition(".")
        side = metric_name(end)
        if key.startswith(_OWN):
            totals[key.removeprefix(_OWN)] = float(value)
        elif dot and re.fullmatch(_SIDE, side):
            by_name.setdefault(metric_name(stem), {})[side] = float(value)
        else:
            by_name.setdefault(metric_name(key), {})["mean"] = float(value)
    return by_name, totals


def run_params(info: RunInfo) -> dict[str, str]:
    """The suite's size and every setting of the agent, by dotted path."""
    settings: dict[str, Any] = {"suite": info.suite, "trials": info.trials, "seed": info.seed}
    settings["target.kind"] = info.target.kind
    settings["target.ref"] = without_credentials(info.target.ref)
    if info.target.spec is not None:
        settings |= _flat("agent", info.target.spec.model_dump(mode="json", exclude={"name"}))
    return {metric_key(key): clipped(_param(value)) for key, value in settings.items()}


def run_tags(info: RunInfo) -> dict[str, str]:
    """What a run is found and told apart by. No tag holds credentials."""
    target = info.target
    tags = {
        "evalplat.run_id": info.id,
        "evalplat.suite": info.suite,
        "evalplat.suite.sha256": info.suite_fingerprint,
        "evalplat.target": target.name,
        "evalplat.target.kind": target.kind,
        "evalplat.target.ref": without_credentials(target.ref),
        "evalplat.target.sha256": target.fingerprint,
        "evalplat.n_cases": str(info.n_cases),
        "evalplat.trials": str(info.trials),
        "evalplat.created_at": info.created_at.isoformat(),
        "evalplat.version": info.version,
    }
    if info.protocol is not None:
        tags["evalplat.protocol.sha256"] = info.protocol.content_hash
    if info.closed_at is not None:
        tags["evalplat.closed_at"] = info.closed_at.isoformat()
    if target.spec is not None:
        tags |= {f"evalplat.part.{part}.sha256": digest for part, digest in target.spec.part_hashes.items()}
    return {key: clipped(value) for key, value in tags.items()}


def prompts_of(spec: AgentSpec | None) -> dict[str, str]:
    """The prompts of an agent by part, without empty ones."""
    if spec is None:
        return {}
    return {part: text for part, text in spec.prompts.model_dump().items() if text}


def dataset_digests(suite: Suite) -> dict[str, str]:
    """Name of each dataset to the hash of its content."""
    return {dataset.name: dataset.content_hash for dataset in suite.datasets}


def _entry_metrics(entry: SystemSummary) -> list[tuple[str, float]]:
    sides: dict[str | None, float | None] = {None: entry.mean}
    sides |= {side: getattr(entry, side) for side in _SIDES}
    sides |= {f"pass^{k}": value for k, value in (entry.pass_hat or {}).items()}
    return [(summary_key(entry.metric, side), float(value)) for side, value in sides.items() if value is not None]


def _flat(path: str, value: Any) -> dict[str, Any]:
    if isinstance(value, dict) and value:
        return {key: leaf for name, part in value.items() for key, leaf in _flat(f"{path}.{name}", part).items()}
    if isinstance(value, list) and any(isinstance(part, dict) for part in value):
        return {key: leaf for at, part in enumerate(value) for key, leaf in _flat(f"{path}.{at}", part).items()}
    return {path: value}


def _param(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)
