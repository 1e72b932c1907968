"""A project of coin-like agents whose answers are fixed by the question: right at a set rate, worse by a set share."""

from __future__ import annotations

import json
from pathlib import Path

from evalplat.records import Decision, GatePolicy
from evalplat.sdk.gate import gate
from evalplat.suites import load_policy

SUITE = """name: coins
datasets: [cases.jsonl]
scorers:
  - {{metric: correct, kind: expectation}}
policy: gate.yaml
trials: {trials}
"""
POLICY = """metrics:
  - {metric: correct, rule: non_inferiority, margin: 0.08, range: binary}
slices: [slice.topic]
"""
AGENTS = '''
import hashlib
import os
import time
from collections import Counter
from pathlib import Path

_asked = Counter()


def chance(question, salt):
    return int(hashlib.sha256((question + salt).encode()).hexdigest()[:8], 16) / 2**32


def _log(name):
    with open("calls.log", "a") as file:
        file.write(name + "\\n")
    if os.environ.get("SLOWLY"):
        time.sleep(0.02)


def _like(question, salt):
    """Mostly the baseline's own luck, with some luck of its own."""
    return chance(question, "base") if chance(question, salt + "own") < 0.85 else chance(question, salt)


def base(question):
    _log("base")
    rate = 0.8 if not Path("drifted").exists() else 0.05
    return "yes" if chance(question, "base") < rate else "no"


def same(question):
    _log("same")
    return "yes" if _like(question, "same") < 0.8 else "no"


def worse(question):
    _log("worse")
    return "yes" if _like(question, "worse") < 0.8 and chance(question, "lost") > 0.14 else "no"


def unclear(question):
    _log("unclear")
    return "yes" if _like(question, "unclear") < 0.8 and chance(question, "somewhat") > 0.05 else "no"


def noisy(question):
    """Another answer each time that a question comes again, as likely right as the baseline."""
    _log("noisy")
    _asked[question] += 1
    return "yes" if chance(f"{question}/{_asked[question]}", "noisy") < 0.8 else "no"


def step(loss):
    """A release that has lost this share of the right answers of `best`."""
    def answer(question):
        return "yes" if chance(question, "rank") > loss else "no"
    return answer


step0, step1, step2, step3, step4, step5 = (step(0.02 + 0.03 * k) for k in range(6))
'''


def make_coins(folder: Path, *, cases: int = 400, per_cluster: int = 4, trials: int = 1, policy: str = POLICY) -> None:
    rows = [
        {
            "id": f"q{i}",
            "input": f"question {i}",
            "expect": {"answers": ["yes"]},
            "cluster": f"g{i // per_cluster}",
            "slices": {"topic": "abc"[i % 3]},
        }
        for i in range(cases)
    ]
    (folder / "cases.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    (folder / "suite.yaml").write_text(SUITE.format(trials=trials))
    (folder / "gate.yaml").write_text(policy)
    (folder / "coins.py").write_text(AGENTS)


def calls_of(folder: Path) -> dict[str, int]:
    """How often each agent was asked."""
    log = folder / "calls.log"
    names = log.read_text().split() if log.exists() else []
    return {name: names.count(name) for name in set(names)}


def policy_in(folder: Path) -> GatePolicy:
    return load_policy(folder / "gate.yaml")


def decide(candidate: str, baseline: str = "coins:base", **how) -> Decision:  # type: ignore[no-untyped-def]
    """The gate of the suite in the working directory."""
    return gate(baseline, candidate, suite="suite.yaml", **how).decision


def codes(decision: Decision) -> list[str]:
    """Of what was found beside the verdict."""
    return [finding.code for finding in decision.findings]
