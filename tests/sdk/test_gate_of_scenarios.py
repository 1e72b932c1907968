"""Gates of conversations: a kept baseline is played again in the same world, wherever its suite came from."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from instruments.coins import codes

from evalplat.sdk.gate import gate

DESK = Path(__file__).parents[1] / "instruments" / "lending_desk"
REFERENCE = "evalplat.harness.simulate.instruments:reference"
SUITE = """name: lending
datasets: [scenarios.yaml]
scorers:
  - {metric: end_state, kind: end_state}
  - {metric: steps, kind: steps}
policy: gate.yaml
"""
POLICY = """metrics:
  - {metric: end_state, rule: non_inferiority, margin: 0.2, range: binary}
"""


@pytest.fixture
def desk(workplace: Path) -> Path:
    for name in ("domain.py", "scenarios.yaml"):
        shutil.copy(DESK / name, workplace)
    (workplace / "suite.yaml").write_text(SUITE)
    (workplace / "gate.yaml").write_text(POLICY)
    return workplace


def test_a_kept_baseline_is_played_again_beside_another_candidate(desk: Path):
    first = gate(REFERENCE, REFERENCE.replace("reference", "drops_step"), suite="suite.yaml").decision
    assert first.calls is not None and first.calls.baseline_kept == 0
    assert "scorer_drift" not in codes(first)
    again = gate(REFERENCE, REFERENCE.replace("reference", "loops"), suite="suite.yaml").decision
    assert again.calls is not None and again.calls.baseline_kept == first.calls.baseline_run
    assert again.calls.baseline_run > 0, "a share of it was played again"
    assert first.calls.candidate_reused == again.calls.candidate_reused == 0
    assert not {"baseline_unchecked", "baseline_stale"} & set(codes(again))
