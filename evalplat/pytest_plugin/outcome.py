"""GateOutcome: what a test learns of its gate; asked: what its marker says, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from evalplat.errors import InputError
from evalplat.records import Decision

OnInconclusive = Literal["fail", "xfail"]


@dataclass(frozen=True, slots=True)
class Asked:
    """The arguments of a marker. Paths and targets are looked for from where pytest was started, as by the command."""

    baseline: str
    candidate: str
    suite: str | None = None
    policy: str | None = None
    scores: Sequence[str] = ()
    kept: str | None = None
    trials: int | None = None
    model: str | None = None
    concurrency: int = 4
    on_inconclusive: OnInconclusive = "fail"


@dataclass(frozen=True, slots=True)
class GateOutcome:
    """A decision and where its page is. `on_inconclusive` is `fail` or `xfail`: never green without a pass."""

    decision: Decision
    page: Path
    on_inconclusive: OnInconclusive

    @property
    def verdict(self) -> str:
        """`pass`, `fail` or `inconclusive`."""
        return self.decision.verdict

    @property
    def passed(self) -> bool:
        """Whether the candidate may ship: a pass, and no approval that is still asked for."""
        return self.decision.decision == "ship"

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why, a line each: the policy's verdict, then each metric's."""
        metrics = [
            f"{one.verdict} {one.comparison.metric}: {one.reason}"
            for one in self.decision.metrics
            if one.comparison.gating
        ]
        return (self.decision.reason, *metrics)

    @property
    def told(self) -> str:
        """What a failed test says."""
        head = f"evalplat: {self.verdict} ({self.decision.decision})"
        return "\n".join([head, *(f"  {line}" for line in self.reasons), f"  page: {self.page}"])


def asked(args: tuple[object, ...], kwargs: Mapping[str, Any]) -> Asked:
    """The marker's arguments. Raises InputError where they are not what they should be."""
    if args:
        raise InputError("evalplat_gate: name the arguments: suite=..., baseline=..., candidate=...")
    try:
        found = Asked(**{name: _text(value) for name, value in kwargs.items()})
    except TypeError as err:
        raise InputError(f"evalplat_gate: {str(err).removeprefix('Asked.__init__() ')}") from err
    if found.on_inconclusive not in ("fail", "xfail"):
        why = "no test is green without a pass" if found.on_inconclusive in ("pass", "skip") else "there is no other"
        raise InputError(f"evalplat_gate: on_inconclusive is fail or xfail, found {found.on_inconclusive!r}: {why}")
    if isinstance(found.scores, str):
        raise InputError("evalplat_gate: scores is a list of files")
    return found


def gate(what: Asked, out: Path) -> GateOutcome:
    """Gate, and write `out`.html and `out`.json. Raises EvalplatError where no decision can be made."""
    from evalplat.sdk.gate import gate as verb
    from evalplat.suites import load_policy

    gated = verb(
        what.baseline,
        what.candidate,
        policy=None if what.policy is None else load_policy(what.policy),
        suite=what.suite,
        scores=tuple(what.scores),
        kept=what.kept,
        trials=what.trials,
        model=what.model,
        concurrency=what.concurrency,
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    page = out.with_name(out.name + ".html")
    page.write_text(gated.html(), encoding="utf-8", errors="replace")
    page.with_suffix(".json").write_text(gated.json(), encoding="utf-8", errors="replace")
    return GateOutcome(gated.decision, page, what.on_inconclusive)


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value
