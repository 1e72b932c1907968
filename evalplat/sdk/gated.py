"""Gated: a decision with its evidence, kept in the store; KeptRun: a run as a gate needs it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from evalplat.errors import InputError
from evalplat.records import CasePair, Decision, Finding, Flip, ReportData, Run, RunInfo, ScoreTable, Suite, Verdict

from .evidence import report_data
from .gate_panels import with_prices
from .homes import at_home

if TYPE_CHECKING:
    from evalplat.store import Store


@dataclass(frozen=True, slots=True)
class Gated:
    """A decision, and everything that its page shows. The methods render it."""

    decision: Decision
    report: ReportData

    @property
    def verdict(self) -> Verdict:
        """pass, fail or inconclusive."""
        return self.decision.verdict

    @property
    def flips(self) -> tuple[Flip, ...]:
        """Cases whose score differs on the first gating metric, worst first."""
        return tuple(sorted(self.decision.flips, key=lambda flip: flip.change))

    def case(self, case_id: str) -> CasePair:
        """A case as both sides answered it, with scores and traces. Raises ReferenceUnknown where neither was asked."""
        from .case_pair import pair_of

        return pair_of(self.report, case_id)

    def __str__(self) -> str:
        from evalplat.reports.display import text_of

        return text_of(self.report)

    def json(self) -> str:
        """decision.json."""
        from evalplat.reports import decision_json

        return decision_json(self.decision)

    def html(self) -> str:
        """The page for people."""
        from evalplat.reports import render_html

        return render_html(self.report)

    def markdown(self) -> str:
        """A comment for a pull request."""
        from evalplat.reports import render_markdown

        return render_markdown(self.decision)

    def junit(self) -> str:
        """JUnit XML."""
        from evalplat.reports import render_junit

        return render_junit(self.decision)


@dataclass(frozen=True, slots=True)
class KeptRun:
    """A run of the store. `run` and `suite` are None where only scores were imported."""

    info: RunInfo
    scores: ScoreTable
    run: Run | None
    suite: Suite | None

    @classmethod
    def load(cls, store: Store, run_id: str) -> KeptRun:
        """Raises ReferenceUnknown where it is absent."""
        info = store.run_info(run_id)
        if not store.has_trials(run_id):
            return cls(info, store.load_scores(run_id), None, None)
        return cls(info, store.load_scores(run_id), store.load_run(run_id), store.load_suite(run_id))

    @property
    def run_id(self) -> str:
        """Its id, which is also its name in `scores`."""
        return self.info.id

    @property
    def fingerprint(self) -> str:
        """What the run examined."""
        return self.info.target.fingerprint

    @property
    def questions(self) -> str | None:
        """Hash of cases and scorers, where they are known."""
        return None if self.suite is None else self.suite.questions_sha256

    def at_home(self, suite: Suite) -> KeptRun:
        """Itself, with the folders of its scenarios' domains where `suite`, read from files, has the same domains."""
        return self if self.suite is None else replace(self, suite=at_home(self.suite, suite))

    def whole(self) -> KeptRun:
        """Itself. Raises InputError for a run that a gate ended early: what it lacks is not by chance."""
        if self.info.is_whole:
            return self
        raise InputError(
            f"run {self.run_id} was ended early by the gate that steered it, so its scores are no fair sample; "
            f"gate its agent with --suite and --candidate {self.info.target.ref}, or run it anew with `evalplat run`"
        )


def named(decision: Decision, base: KeptRun, cand: KeptRun, refs: tuple[str, str]) -> Decision:
    """The decision with what the user called the two runs, and what they are."""
    sides = {
        role: side.model_copy(update={"ref": ref, "run_id": kept.run_id, "fingerprint": kept.fingerprint})
        for role, side, ref, kept in (
            ("baseline", decision.baseline, refs[0], base),
            ("candidate", decision.candidate, refs[1], cand),
        )
    }
    same = base.questions if base.questions == cand.questions else None
    scripted = [
        Finding(
            code="scripted_instrument",
            message=f"the {role} is {kept.info.target.ref}, a scripted instrument that knows the scenarios: this tells "
            "about the scenarios, not about any system",
        )
        for role, kept in (("baseline", base), ("candidate", cand))
        if kept.info.target.is_instrument
    ]
    findings = (*scripted, *decision.findings)
    return decision.model_copy(update={**sides, "questions_sha256": same, "findings": findings})


def conclude(
    store: Store, decision: Decision, table: ScoreTable, base: KeptRun, cand: KeptRun, *, command: str
) -> Gated:
    """Keep the decision beside its runs, with the traces of the cases that flipped."""
    decision = with_prices(decision, table, cand.run)
    data = report_data(decision, table, command=command, baseline=base.run, candidate=cand.run, suite=cand.suite)
    gated = Gated(decision, data)
    store.save_decision(
        decision,
        suite=cand.info.suite,
        files={"decision.json": gated.json(), "report.html": gated.html(), "summary.md": gated.markdown()},
    )
    flipped = {flip.case_id for flip in decision.flips}
    for run in (base.run, cand.run):
        if run is not None:
            store.log_traces(run.info.id, [trial for trial in run.trials if trial.key.case_id in flipped])
    return gated
