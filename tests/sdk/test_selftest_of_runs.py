"""The selftest learns from kept runs what it learns from the score table that they came from."""

from __future__ import annotations

import json

import numpy as np
import pytest

from evalplat.errors import InputError, ReferenceUnknown
from evalplat.records import RunInfo
from evalplat.sdk.import_scores import import_scores
from evalplat.sdk.policy import policy_of
from evalplat.sdk.selftest import selftest


def test_kept_runs_and_their_scores_give_one_result(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    rows = [
        {"system": system, "case_id": f"c{i}", "trial": k, "cluster": f"g{i // 4}", "metric": "m", "score": score}
        for i in range(40)
        for system in ("old", "new")
        for k, score in enumerate((rng.random(2) < 0.7).astype(int).tolist())
    ]
    (tmp_path / "scores.jsonl").write_text("\n".join(map(json.dumps, rows)))
    ids = import_scores(["scores.jsonl"], suite="s")
    policy = policy_of(metric="m", margin=0.2)
    kept = selftest(policy=policy, history=[ids["old"], ids["new"]], draws=100)
    table = selftest(policy=policy, scores=["scores.jsonl"], draws=100)
    assert kept.history == (ids["old"], ids["new"])
    assert kept.model_copy(update={"history": ()}) == table.model_copy(update={"history": ()})
    one = selftest(policy=policy, history=[ids["old"]], draws=100)
    assert any("only one system is known" in said for said in one.assumptions)
    with pytest.raises(InputError, match="no policy of its suite"):
        selftest(history=[ids["old"]])
    with pytest.raises(InputError, match="one or two runs"):
        selftest(policy=policy, history=["a", "b", "c"])
    with pytest.raises(ReferenceUnknown, match="nowhere"):
        selftest(policy=policy, history=["nowhere"])
    with pytest.raises(InputError, match="same run"):
        selftest(policy=policy, history=[ids["old"], ids["old"]])
    with pytest.raises(InputError, match="the baseline itself"):
        selftest(policy=policy, scores=["scores.jsonl"], baseline="old", candidate="old")
    monkeypatch.setattr(RunInfo, "is_whole", property(lambda _: False))
    with pytest.raises(InputError, match="ended early"):
        selftest(policy=policy, history=[ids["old"]])
