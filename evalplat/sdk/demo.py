"""demo: the main job on what ships, with the embedded model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evalplat.errors import InputError
from evalplat.records import Decision, Summary, Verdict
from evalplat.suites import load_policy, load_suite

from .gate import gate_runs
from .run import How, RunDone, carry_out
from .workspace import workspace

if TYPE_CHECKING:
    from evalplat.harness import Progress


@dataclass(frozen=True, slots=True)
class DemoGate:
    """One gate of the demo and where its page is. `expected` are the verdicts that the change deserves."""

    baseline: str
    candidate: str
    change: str
    policy: str
    expected: tuple[Verdict, ...]
    decision: Decision
    page: Path


@dataclass(frozen=True, slots=True)
class Demo:
    """All that the demo did."""

    summary: Summary
    gates: tuple[DemoGate, ...]

    @property
    def as_expected(self) -> bool:
        """Whether every gate gave a verdict that its change deserves."""
        return all(step.decision.verdict in step.expected for step in self.gates)


_STEPS: tuple[tuple[str, str, str, str, tuple[Verdict, ...]], ...] = (
    ("v1", "v2", "the agent now looks into the shop's passages", "gate-superiority.yaml", ("pass",)),
    ("v2", "v2-reworded", "the same instructions in other words", "gate.yaml", ("pass", "inconclusive")),
    ("v2", "v3", "the same agent in the brand's warm voice", "gate.yaml", ("fail",)),
)


def demo(
    *, model: str | None = None, out: Path = Path("reports"), concurrency: int = 4, progress: Progress | None = None
) -> Demo:
    """Run the shipped help desk's four agents and gate three changes; one page each in `out`."""
    folder = _folder()
    suite = load_suite(folder / "suite.yaml")
    place = workspace()
    store = place.store()
    how = How(model=model, concurrency=concurrency, progress=progress)
    runs: dict[str, RunDone] = {}
    for name in dict.fromkeys(name for step in _STEPS for name in step[:2]):
        agent = str(folder / "agents" / f"{name}.yaml")
        runs[name] = carry_out(suite, agent, how, place=place, store=store)
    gates = []
    out.mkdir(parents=True, exist_ok=True)
    for before, after, change, policy, expected in _STEPS:
        gated = gate_runs(
            store,
            runs[before].run_id,
            runs[after].run_id,
            policy=load_policy(folder / policy),
            refs=(before, after),
            says=f"evalplat gate --baseline {runs[before].run_id} --candidate {runs[after].run_id} "
            f"--policy scenarios/support_desk/{policy}",
        )
        page = out / f"{before}-to-{after}.html"
        page.write_text(gated.html(), encoding="utf-8", errors="replace")
        gates.append(DemoGate(before, after, change, policy, expected, gated.decision, page))
    rows = tuple(row.model_copy(update={"system": name}) for name, done in runs.items() for row in done.summary.systems)
    return Demo(Summary(systems=rows), tuple(gates))


def _folder() -> Path:
    """The scenarios that ship stand beside the package, in the repository."""
    folder = Path(__file__).parents[2] / "scenarios" / "support_desk"
    if not (folder / "suite.yaml").is_file():
        raise InputError("the demo's scenarios are in the repository: clone it and use `make demo`", where=str(folder))
    return folder
