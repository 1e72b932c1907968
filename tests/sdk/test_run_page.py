"""A run's page from a kept run: slices, flaky cases, why trials are wrong, the command."""

from __future__ import annotations

import json
from pathlib import Path

from evalplat.sdk.report import report
from evalplat.sdk.run import run

AGENT = """
seen = {}

def wavers(question):
    seen[question] = seen.get(question, 0) + 1
    a, b = question.split("+")
    if question == "9+9":
        raise ValueError("the database is gone")
    wrong = question == "1+1" or (question == "2+1" and seen[question] == 1)
    return "no idea" if wrong else str(int(a) + int(b))
"""


def test_the_page_of_a_run_says_where_it_is_weak_and_why(workplace: Path):
    cases = [
        {"id": q, "input": q, "expect": {"number": sum(map(int, q.split("+")))}, "slices": {"size": "small"}}
        for q in ("1+1", "2+1", "3+1", "4+1", "9+9")
    ]
    (workplace / "cases.jsonl").write_text("\n".join(json.dumps(case) for case in cases))
    (workplace / "suite.yaml").write_text(
        "name: sums\ntrials: 2\ndatasets: [cases.jsonl]\nscorers:\n  - {metric: latency_s, kind: latency}\n"
        "  - {metric: correct, kind: expectation}\npolicy: gate.yaml\n"
    )
    (workplace / "gate.yaml").write_text("metrics:\n  - {metric: correct, margin: 0.1, range: binary}\n")
    (workplace / "sums.py").write_text(AGENT)
    done = run("suite.yaml", "sums:wavers", concurrency=1)
    page = report(done.run_id)
    assert 'class="card broken' not in page
    assert 'id="slices"' in page and ">small<" in page.replace("<bdi>", ">").replace("</bdi>", "<").replace(">>", ">")
    flaky = page.split('id="flaky"')[1].split("</section>")[0]
    assert "1 of 5" in flaky and "2+1" in flaky and "1+1" not in flaky
    shown = page.split('id="case-list"')[1]
    # Two failed, two wrong of the one case and one of the other; each with its scorer's explanation.
    assert page.count('<details class="case"') == 5
    assert "the database is gone" in shown
    assert '<td class="text why">' in shown and "no number" in shown.lower()
    assert f"evalplat report {done.run_id} -o run.html" in page
