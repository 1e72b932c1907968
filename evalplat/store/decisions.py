"""A decision as an MLflow run of its own that links both runs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from evalplat.errors import ReferenceUnknown, StoreError
from evalplat.records import Decision, MetricComparison, Side

from .artifacts import Content, download, upload
from .door import Door
from .experiments import GATES, ensure_experiment
from .facts import summary_key
from .json_text import record_json
from .kept_file import KeptDecision
from .location import without_credentials
from .names import MAX_KEY, clipped, displayable, fitted, metric_key, run_key
from .runs import begin, finish, is_complete, search

_OWN_FILE = "decision.record.json"
_NUMBERS = ("baseline", "candidate", "difference", "ci_low", "ci_high", "p_value", "p_adjusted")


def keep_decision(
    door: Door, decision: Decision, suite: str | None, files: Mapping[str, Content], at: datetime | None = None
) -> str:
    """Keep a decision in its suite's experiment, as of `at` or now. The same decision again replaces its files."""
    if _OWN_FILE in files:
        raise StoreError(f"a decision cannot be kept: the name {_OWN_FILE} is the store's own")
    decision = _without_credentials(decision)
    experiment_id = ensure_experiment(door, GATES if suite is None else suite)
    key = decision.content_hash[:32]
    sides = {"baseline": decision.baseline, "candidate": decision.candidate}
    runs = {role: _mlflow_run(door, side) for role, side in sides.items()}
    tags = _tags(decision, sides, runs, _shown(suite))
    now = int(time.time() * 1000) if at is None else round(at.timestamp() * 1000)
    name = clipped(f"{decision.verdict}: {sides['baseline'].ref} → {sides['candidate'].ref}", 250)
    earlier = [found for found in search(door, "decision", key) if found.info.experiment_id == experiment_id]
    if earlier:
        mlflow_run_id, now = str(earlier[0].info.run_id), int(earlier[0].info.start_time)
        door.client.set_tag(mlflow_run_id, "evalplat.complete", "false", synchronous=True)
    else:
        mlflow_run_id = begin(door, "decision", experiment_id, key, name, now, tags)
    tags |= upload(door, mlflow_run_id, {_OWN_FILE: record_json(decision), **files})
    finish(door, mlflow_run_id, dict(_metrics(decision)), tags, {"policy_sha256": decision.policy_sha256}, now)
    return mlflow_run_id


def load_decision(door: Door, mlflow_run_id: str) -> Decision:
    """The decision in the MLflow run that `keep_decision` named."""
    found = next((run for run in search(door, "decision") if run.info.run_id == mlflow_run_id), None)
    if found is None or not is_complete(found):
        raise ReferenceUnknown(f"there is no decision {mlflow_run_id} in {door.location.shown}")
    return _read(door, found)


def _read(door: Door, mlflow_run: Any) -> Decision:
    try:
        return Decision.model_validate(json.loads(download(door, mlflow_run, _OWN_FILE)))
    except ValueError as err:
        raise StoreError(f"the decision {mlflow_run.info.run_id} cannot be read by this version of evalplat") from err


def earlier_decisions(door: Door, baseline: str, candidate: str, questions: str) -> tuple[Decision, ...]:
    """Kept decisions on the same change, by fingerprints, and on the same questions; the oldest first."""
    wanted = {
        "evalplat.baseline.sha256": baseline,
        "evalplat.candidate.sha256": candidate,
        "evalplat.questions.sha256": questions,
    }
    return tuple(one.decision for one in _loaded(door, wanted))


def list_decisions(
    door: Door, suite: str, *, decision: str | None = None, last: int | None = None
) -> tuple[KeptDecision, ...]:
    """Kept decisions of a suite, the oldest first: all, those of one outcome, the last ones."""
    return _loaded(door, {} if decision is None else {"evalplat.decision": decision}, suite, last)


def _loaded(
    door: Door, wanted: Mapping[str, str], suite: str | None = None, last: int | None = None
) -> tuple[KeptDecision, ...]:
    found = [run for run in search(door, "decision", suite=suite) if is_complete(run) and _has(run, wanted)]
    found.sort(key=lambda run: (int(run.info.start_time), _attempt(run)))
    return tuple(
        KeptDecision(at=datetime.fromtimestamp(int(run.info.start_time) / 1000, UTC), decision=_read(door, run))
        for run in found[-last if last else 0 :]
    )


def _attempt(mlflow_run: Any) -> int:
    """Of two decisions of one millisecond, which was first."""
    return int(mlflow_run.data.tags.get("evalplat.attempt", 1))


def _has(mlflow_run: Any, tags: Mapping[str, str]) -> bool:
    return all(mlflow_run.data.tags.get(key) == value for key, value in tags.items())


def _without_credentials(decision: Decision) -> Decision:
    sides = {role: getattr(decision, role) for role in ("baseline", "candidate")}
    clean = {role: side.model_copy(update={"ref": without_credentials(side.ref)}) for role, side in sides.items()}
    return decision.model_copy(update=clean)


def _mlflow_run(door: Door, side: Side) -> Any:
    """The kept run on that side, where it is one."""
    if side.run_id is None:
        return None
    return next((found for found in search(door, "run", run_key(side.run_id)) if is_complete(found)), None)


def _tags(
    decision: Decision, sides: Mapping[str, Side], runs: Mapping[str, Any], suite: Mapping[str, str]
) -> dict[str, str]:
    tags = {
        "evalplat.verdict": decision.verdict,
        "evalplat.decision": decision.decision,
        "evalplat.estimand": decision.estimand,
        "evalplat.policy.sha256": decision.policy_sha256,
        "evalplat.questions.sha256": decision.questions_sha256 or "",
        "evalplat.attempt": str(decision.attempt),
        "evalplat.version": decision.version,
        **suite,
    }
    lines = [_markdown(decision.reason)]
    for role, side in sides.items():
        tags[f"evalplat.{role}.ref"] = side.ref
        if side.run_id is not None:
            tags[f"evalplat.{role}.run_id"] = side.run_id
        if side.fingerprint is not None:
            tags[f"evalplat.{role}.sha256"] = side.fingerprint
        kept = runs[role]
        if kept is not None:
            tags[f"evalplat.{role}.mlflow_run_id"] = kept.info.run_id
            page = f"#/experiments/{kept.info.experiment_id}/runs/{kept.info.run_id}"
            lines.append(f"- {role}: [{_markdown(side.ref)}]({page})")
    tags["mlflow.note.content"] = "\n".join(lines)
    for metric in decision.metrics:
        tags[f"evalplat.verdict.{_key(decision, metric.comparison)}"] = metric.verdict
    return {key: clipped(value) for key, value in tags.items()}


def _metrics(decision: Decision) -> Iterator[tuple[str, float]]:
    for metric in decision.metrics:
        key = _key(decision, metric.comparison)
        for number in _NUMBERS:
            value = getattr(metric.comparison, number)
            if value is not None:
                yield f"{key}.{number}", float(value)


def _key(decision: Decision, comparison: MetricComparison) -> str:
    """`correct`, `cost_usd.ratio`, or with its rule where one statistic has several."""
    key = summary_key(comparison.metric)
    if comparison.statistic != "mean":
        key += f".{metric_key(comparison.statistic)}"
    others = [metric.comparison for metric in decision.metrics if metric.comparison is not comparison]
    if any((other.metric, other.statistic) == (comparison.metric, comparison.statistic) for other in others):
        key += f".{comparison.rule}"
    return fitted(key, MAX_KEY - 20)


def _shown(suite: str | None) -> dict[str, str]:
    return {} if suite is None else {"evalplat.suite": suite}


def _markdown(text: str) -> str:
    """The text as text in MLflow's Markdown notes: no link, image or HTML of its own."""
    return "".join(f"\\{char}" if char in "\\`*_{}[]()<>#+!|~" else char for char in displayable(text))
