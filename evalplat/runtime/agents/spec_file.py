"""An agent's file into its AgentSpec."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evalplat.errors import SpecError
from evalplat.records import AgentSpec, build, parse_yaml
from evalplat.runtime.guardrails import Rails
from evalplat.runtime.retrieval import passages_sha256, read_file

MAX_SPEC_BYTES = 1024 * 1024


def load_agent(path: str | Path) -> AgentSpec:
    """The agent in a YAML file, with `retrieval.passages_sha256` filled in from the file of passages.

    `retrieval.passages` is a path relative to the agent's file, or an absolute one. A `passages_sha256` in the file is
    a pin: other passages are refused. Raises SpecError naming file, line and field.
    """
    where = str(path)
    text = _read(Path(path), where)
    data, lines = parse_yaml(text, where=where)
    spec = build(AgentSpec, data, where=where, lines=lines)
    try:
        Rails(spec.guardrails)
    except SpecError as err:
        raise SpecError(f"guardrails.{err}", where=_line(where, lines, ("guardrails", "forbid_output"))) from err
    return _with_passages(spec, data, Path(path).parent, where, lines)


def passages_path(spec: AgentSpec, base_dir: Path) -> Path:
    """Where the passages of an agent with retrieval are."""
    assert spec.retrieval is not None
    return base_dir / spec.retrieval.passages


def _with_passages(
    spec: AgentSpec, data: dict[str, Any], base_dir: Path, where: str, lines: dict[tuple[str | int, ...], int]
) -> AgentSpec:
    if spec.retrieval is None:
        return spec
    place = _line(where, lines, ("retrieval", "passages"))
    try:
        digest = passages_sha256(passages_path(spec, base_dir))
    except SpecError as err:
        raise SpecError(f"retrieval.passages: {err}", where=place) from err
    pinned = spec.retrieval.passages_sha256
    if pinned is not None and pinned != digest:
        message = (
            f"retrieval.passages_sha256: the passages have {digest}, pinned is {pinned}; remove the line to accept"
        )
        raise SpecError(message, where=_line(where, lines, ("retrieval", "passages_sha256")))
    return build(AgentSpec, {**data, "retrieval": {**data["retrieval"], "passages_sha256": digest}}, where=where)


def _read(path: Path, where: str) -> str:
    content = read_file(path, limit=MAX_SPEC_BYTES, what="an agent's YAML file")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        line = content.count(b"\n", 0, err.start) + 1
        raise SpecError(f"is not UTF-8 at byte {err.start}", where=f"{where}:{line}") from err


def _line(where: str, lines: dict[tuple[str | int, ...], int], path: tuple[str, ...]) -> str:
    return f"{where}:{lines[path]}" if path in lines else where
