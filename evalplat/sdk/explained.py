"""Explained: why trials were scored as they were, said again by the suite's own scorers."""

from __future__ import annotations

from collections.abc import Sequence

from evalplat.errors import EvalplatError
from evalplat.records import Run, Score, Suite, Trial, TrialKey
from evalplat.scorers import score_run


def explanations(suite: Suite, run: Run, trials: Sequence[Trial]) -> dict[TrialKey, dict[str, str]]:
    """By trial and metric what its scorer says, of the run's `trials` that a page shows; nothing is kept of it.

    Scores that came with an imported run have no explanation, and neither have those of a scorer that cannot be built
    here: the page then shows the scores alone.
    """
    ours = tuple(spec for spec in suite.scorers if spec.kind != "imported")
    if not ours or not trials:
        return {}
    try:
        scored = score_run(suite.model_copy(update={"scorers": ours}), run.model_copy(update={"trials": tuple(trials)}))
    except EvalplatError:
        return {}
    found: dict[TrialKey, dict[str, str]] = {}
    for score in scored.scores:
        if isinstance(score, Score) and score.explanation:
            found.setdefault(score.key, {})[score.metric] = score.explanation
    return found
