"""Trials to files and back: a Parquet table with a row a trial, and JSON Lines with a line a trace."""

from __future__ import annotations

import io
import json
from collections.abc import Container, Iterable, Iterator
from datetime import UTC
from typing import Any

from evalplat.records import Trace, Trial

from .json_text import is_utf8, json_line
from .names import displayable

_USAGE = (
    "input_tokens",
    "output_tokens",
    "calls",
    "retries",
    "cached_calls",
    "unknown_usage_calls",
    "cost_usd",
)

_ROWS = 1000
_OPERATION = "gen_ai.operation.name"
_BARE = {"attributes": {_OPERATION: "execute_tool"}, "events": (), "status_message": ""}


def trials_to_parquet(trials: Iterable[Trial]) -> bytes:
    """One row a trial: everything but the trace, which `traces.jsonl` has under the same case and trial.

    `episode` is the conversation of a scenario as JSON.
    `exact` is null, or the whole row as JSON where a text is not UTF-8 and so stands in its column only nearly.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    citation = pa.struct([("source_id", pa.string()), ("score", pa.float64()), ("text", pa.string())])
    schema = pa.schema(
        [
            ("case_id", pa.string()),
            ("trial", pa.int32()),
            ("seed", pa.int64()),
            ("answer", pa.string()),
            ("output_sha256", pa.string()),
            ("citations", pa.list_(citation)),
            ("failure_kind", pa.string()),
            ("failure_message", pa.string()),
            *[(name, pa.float64() if name == "cost_usd" else pa.int64()) for name in _USAGE],
            ("latency_s", pa.float64()),
            ("started_at", pa.timestamp("us", tz="UTC")),
            ("trace_id", pa.string()),
            ("episode", pa.string()),
            ("exact", pa.string()),
        ]
    )
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([_row(trial) for trial in trials], schema=schema), sink, compression="zstd")
    return sink.getvalue()


def traces_to_jsonl(trials: Iterable[Trial]) -> Iterator[str]:
    """One line a trace, with the case and trial that it belongs to."""
    for trial in trials:
        if trial.trace is not None:
            key = {"case_id": trial.key.case_id, "trial": trial.key.trial}
            # Not mode="json", which loses keys that are not UTF-8.
            yield json_line(key | trial.trace.model_dump()) + "\n"


def trials_from_files(table: bytes, traces: Iterable[str | bytes] | None) -> tuple[Trial, ...]:
    """The trials behind both files, in the order of the table; with `traces` None each without its trace.

    Raises ValueError where the files do not fit together.
    """
    import pyarrow.parquet as pq

    # In one order in both files, so that only one trace at a time is held beside the trials.
    coming = _Traces(traces or ())
    trials = []
    # Rows as Python objects take ten times the table's room: never all at once.
    for batch in pq.ParquetFile(io.BytesIO(table)).iter_batches(batch_size=_ROWS):
        for row in batch.to_pylist():
            fields = json.loads(row["exact"]) if row["exact"] is not None else _fields(row)
            wanted = traces is not None and row["trace_id"] is not None
            fields["trace"] = coming.of(fields["key"]["case_id"], fields["key"]["trial"]) if wanted else None
            trials.append(Trial.model_validate(fields))
    if left := coming.left():
        raise ValueError(f"{left} traces belong to no trial")
    return tuple(trials)


def with_traces(trials: Iterable[Trial], traces: Iterable[str | bytes], whole: Container[str]) -> tuple[Trial, ...]:
    """The trials with their traces: whole for these cases, of others the tool calls alone, without what was said."""
    found: dict[tuple[str, int], Trace] = {}
    for line in traces:
        fields = json.loads(line)
        key = fields.pop("case_id"), fields.pop("trial")
        if key[0] not in whole:
            fields["spans"] = [span | _BARE for span in fields["spans"] if _is_tool_call(span)]
        found[key] = Trace.model_validate(fields)
    return tuple(
        trial.model_copy(update={"trace": found.get((trial.key.case_id, trial.key.trial))}) for trial in trials
    )


class _Traces:
    """Lines of `traces.jsonl`, taken in their order."""

    def __init__(self, lines: Iterable[str | bytes]) -> None:
        self._lines = iter(lines)

    def of(self, case_id: str, trial: int) -> dict[str, Any]:
        """The next, which must be of this trial."""
        fields: dict[str, Any] = json.loads(next(self._lines, "{}"))
        if (fields.pop("case_id", None), fields.pop("trial", None)) != (case_id, trial):
            raise ValueError(f"trial {trial} of case {case_id} and its trace do not fit together")
        return fields

    def left(self) -> int:
        """How many nobody took."""
        return sum(1 for _ in self._lines)


def _is_tool_call(span: dict[str, Any]) -> bool:
    return bool(span["attributes"].get(_OPERATION) == "execute_tool")


def _row(trial: Trial) -> dict[str, Any]:
    answer, failure = trial.answer, trial.failure
    row: dict[str, Any] = {
        "case_id": trial.key.case_id,
        "trial": trial.key.trial,
        "seed": trial.seed,
        "answer": answer and answer.text,
        "output_sha256": trial.output_sha256,
        "citations": answer and [citation.model_dump() for citation in answer.citations],
        "failure_kind": failure and failure.kind,
        "failure_message": failure and failure.message,
        **trial.usage.model_dump(),
        "latency_s": trial.latency_s,
        "started_at": trial.started_at.astimezone(UTC),
        "trace_id": trial.trace and trial.trace.trace_id,
        "episode": trial.episode and trial.episode.model_dump_json(),
        "exact": None,
    }
    if not is_utf8(_texts(row)):
        exact = json.dumps(trial.model_dump(mode="json", exclude={"trace"}))
        row = _displayable(row) | {"exact": exact}
    return row


def _fields(row: dict[str, Any]) -> dict[str, Any]:
    """A row as the fields of a Trial."""
    failed = row["failure_kind"] is not None
    return {
        "key": {"case_id": row["case_id"], "trial": row["trial"]},
        "seed": row["seed"],
        "answer": None if failed else {"text": row["answer"], "citations": row["citations"]},
        "failure": {"kind": row["failure_kind"], "message": row["failure_message"]} if failed else None,
        "usage": {name: row[name] for name in _USAGE},
        "latency_s": row["latency_s"],
        "started_at": row["started_at"],
        # Runs that were kept before there were scenarios have no such column.
        "episode": json.loads(row["episode"]) if row.get("episode") is not None else None,
    }


def _texts(value: Any) -> str:
    """All texts in a row, one after the other."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return "".join(_texts(part) for part in value.values())
    if isinstance(value, list):
        return "".join(_texts(part) for part in value)
    return ""


def _displayable(value: Any) -> Any:
    if isinstance(value, str):
        return displayable(value)
    if isinstance(value, dict):
        return {key: _displayable(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_displayable(part) for part in value]
    return value
