"""What all verbs of the library share: errors in Python's words, options read the same way, files written."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Literal, ParamSpec, TypeVar

from evalplat.errors import EvalplatError, InputError

if TYPE_CHECKING:
    from evalplat.records import GatePolicy

P = ParamSpec("P")
T = TypeVar("T")

Direction = Literal["higher", "lower"]
Range = str | tuple[float, float]
Files = str | Path | Sequence[str | Path]

_OPTION = re.compile(r"(?<![\w-])--([a-z][a-z-]*[a-z])")


def verb(function: Callable[P, T]) -> Callable[P, T]:
    """The function, whose errors name arguments (`margin=`) where the command's name options (`--margin`)."""

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> T:
        with _in_python_words():
            return function(*args, **kwargs)

    return called


@contextmanager
def _in_python_words() -> Iterator[None]:
    try:
        yield
    except EvalplatError as err:
        err.args = tuple(in_python_words(one) if isinstance(one, str) else one for one in err.args)
        raise


def in_python_words(message: str) -> str:
    """The message with `name=` for `--name`; whole commands, which stand between backticks, stay as they are."""
    parts = message.split("`")
    parts[::2] = [_OPTION.sub(lambda found: found.group(1).replace("-", "_") + "=", part) for part in parts[::2]]
    return "`".join(parts)


def files(scores: Files | None) -> list[Path]:
    """One path or several, as a list."""
    if scores is None:
        return []
    return [Path(scores)] if isinstance(scores, str | os.PathLike) else [Path(one) for one in scores]


def names(refs: str | Sequence[str] | None) -> list[str]:
    """One name or several, as a list."""
    if refs is None:
        return []
    return [refs] if isinstance(refs, str) else list(refs)


def rule_of(
    policy: GatePolicy | Path | str | None,
    *,
    suite: Path | str | None = None,
    metric: str | None = None,
    margin: float | None = None,
    direction: Direction | None = None,
    alpha: float | None = None,
    value_range: Range | None = None,
    cluster: str | None = None,
    anchor: str | None = None,
    looks: int | None = None,
) -> GatePolicy | None:
    """The policy: a record, a file, the suite's own, or one metric with its margin. Raises InputError."""
    from evalplat.sdk.policy import of_a_metric, policy_of, refuse_beside_a_policy

    if policy is None or isinstance(policy, str | os.PathLike):
        low_high = value_range if isinstance(value_range, str | None) else f"{value_range[0]!r},{value_range[1]!r}"
        return policy_of(
            policy=None if policy is None else Path(policy), suite=None if suite is None else Path(suite),
            metric=metric, margin=margin, direction=direction, alpha=alpha, value_range=low_high, cluster=cluster,
            anchor=anchor, looks=looks,
        )  # fmt: skip
    refuse_beside_a_policy(
        of_a_metric(metric, margin=margin, direction=direction, alpha=alpha, value_range=value_range)
    )
    stated: dict[str, object] = {"cluster": cluster, "anchor": anchor}
    if looks is not None:
        stated["stopping"] = policy.stopping.model_copy(update={"looks": looks})
    return policy.model_copy(update={name: value for name, value in stated.items() if value is not None})


def put(target: Path | str | None, render: Callable[[], str]) -> None:
    """Write what `render` gives, where a file is named. Raises InputError where it cannot be written."""
    if target is None:
        return
    path, text = Path(target), render()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8", errors="replace")
    except OSError as err:
        raise InputError(f"cannot be written: {err.strerror or err}", where=str(path)) from err


def target_of(agent: object) -> str:
    """A target as the commands name it; of a Python function `module:function`. Raises InputError for another."""
    if isinstance(agent, str | os.PathLike):
        return os.fspath(agent) if not isinstance(agent, str) else agent
    module, name = getattr(agent, "__module__", None), getattr(agent, "__qualname__", None)
    if not callable(agent) or not isinstance(module, str) or not isinstance(name, str) or "<" in name:
        raise InputError(f"agent: expected AGENT.yaml, module:function, an endpoint or a function, found {agent!r:.80}")
    if module == "__main__":
        raise InputError(
            f"agent: {name} is a function of this session, and nobody could tell later what it was; write it to a file "
            f"(in a notebook: %%writefile desk.py) and name it: desk:{name}"
        )
    return f"{module}:{name}"
