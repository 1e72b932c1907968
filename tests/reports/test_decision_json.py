"""decision.json: the contract's fields, unrounded; back again; and every malformed one refused by name."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from instruments import hostile, report_data

from evalplat.errors import SpecError
from evalplat.records import Decision, Look
from evalplat.reports import decision_json, parse_decision_json, summary_json

VARIANTS = ("pass", "fail", "inconclusive", "all-failed")
TOP = {
    "schema", "verdict", "decision", "estimand", "baseline", "candidate", "metrics", "looks", "stopped", "attempt",
    "slices", "warnings", "policy_sha256", "version",
}  # fmt: skip
METRIC = {
    "metric", "gating", "rule", "statistic", "direction", "margin", "alpha", "n_cases", "n_clusters", "df", "baseline",
    "candidate", "difference", "ci_low", "ci_high", "confidence", "p_value", "p_adjusted", "p_null", "method",
    "verdict", "needed",
}  # fmt: skip


@pytest.mark.parametrize("variant", VARIANTS)
def test_has_every_field_of_the_contract(variant: str):
    document = json.loads(decision_json(report_data.gate(variant).decision))
    assert document["schema"] == "evalplat.decision/1"
    assert document.keys() >= TOP
    assert (document["looks"], document["stopped"], document["attempt"]) == ([], None, 1)
    for side in ("baseline", "candidate"):
        assert document[side].keys() >= {"ref", "n_cases", "n_trials"}
    assert len(document["metrics"]) == 4
    assert len(document["slices"]) == 5
    for metric in document["metrics"] + document["slices"]:
        assert metric.keys() >= METRIC
    assert all(part["slice"].startswith("topic=") for part in document["slices"])
    for warning in document["warnings"]:
        assert warning.keys() >= {"code", "message", "metric", "cases"}


def test_needed_is_there_when_inconclusive():
    first = json.loads(decision_json(report_data.gate("inconclusive").decision))["metrics"][0]
    assert first["verdict"] == "inconclusive"
    assert first["needed"] == {
        "cases": 1080,
        "clusters": 310,
        "trials": 3,
        "candidate_calls": [2240, 3240],
        "cost_usd": [0.672, 0.972],
        "minutes": [32.9, 47.5],
        "reachable": "only by clusters",
    }


@pytest.mark.parametrize("variant", VARIANTS)
def test_comes_back_as_it_was(variant: str):
    decision = report_data.gate(variant).decision
    assert parse_decision_json(decision_json(decision), "decision.json") == decision


FLOATS = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=60, deadline=None)
@given(reason=hostile.ANY, name=hostile.NAMES, numbers=st.tuples(FLOATS, FLOATS, FLOATS), p=st.floats(0, 1))
def test_any_text_and_number_comes_back_exactly(reason: str, name: str, numbers: tuple[float, float, float], p: float):
    decision = report_data.gate("fail").decision
    metric = decision.metrics[0]
    difference, low, high = numbers
    changed = metric.comparison.model_copy(
        update={"metric": name, "difference": difference, "ci_low": low, "ci_high": high, "p_value": p}
    )
    metric = metric.model_copy(update={"comparison": changed, "reason": reason})
    decision = decision.model_copy(update={"metrics": (metric,), "reason": reason})
    text = decision_json(decision)
    text.encode("utf-8")
    json.loads(text, parse_constant=pytest.fail)
    assert parse_decision_json(text, "x") == decision


def test_fields_of_later_versions_are_passed_over():
    decision = report_data.gate("fail").decision
    document = json.loads(decision_json(decision))
    document["new"] = {"a": 1}
    document["metrics"][0]["new"] = 1
    document["slices"][0]["new"] = 1
    document["warnings"][0]["new"] = 1
    document["flips"][0]["new"] = 1
    document["baseline"]["new"] = 1
    look = {"look": 1, "cases": 8, "clusters": 4, "calls": 8, "difference": 0.1, "pass_bound": 0.2, "fail_bound": -0.2}
    document["looks"] = [{**look, "new": 1}]
    assert parse_decision_json(json.dumps(document), "x") == decision.model_copy(update={"looks": (Look(**look),)})


def test_a_hand_written_minimum_is_read():
    document = json.loads(decision_json(report_data.gate("inconclusive").decision))
    for field in ("reason", "flips", "slices", "warnings", "looks", "stopped", "attempt"):
        del document[field]
    for metric in document["metrics"]:
        del metric["reason"]
    decision = parse_decision_json(json.dumps(document), "x")
    assert (decision.verdict, decision.reason, decision.flips, decision.slices) == ("inconclusive", "", (), ())


def changed(**fields: object) -> str:
    document = json.loads(decision_json(report_data.gate("fail").decision)) | fields
    return json.dumps({name: value for name, value in document.items() if value is not ...})


METRICS = json.loads(decision_json(report_data.gate("fail").decision))["metrics"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"d\.json:1:1: is not JSON"),
        ('{\n "schema": }', r"d\.json:2:\d+: is not JSON"),
        ("[]", r"d\.json: expected an object, found a list"),
        ("3", r"d\.json: expected an object, found a number"),
        ('{"a": 1, "a": 2}', r"d\.json: key 'a' occurs twice"),
        ('{"a": NaN}', r"d\.json: NaN is not a JSON number"),
        ("[" * 100_000, r"d\.json: is not JSON that can be read"),
        ("1" * 5000, r"d\.json: is not JSON that can be read"),
        (changed(schema="evalplat.decision/2"), r"d\.json: schema: expected 'evalplat\.decision/1', found 'evalplat"),
        (changed(schema=...), r"d\.json: schema: expected"),
        (changed(verdict="maybe"), r"d\.json: verdict: .*'pass'.*found 'maybe'"),
        (changed(verdict=...), r"d\.json: verdict: "),
        (changed(metrics={}), r"d\.json: metrics: expected a list, found an object"),
        (changed(metrics=[1]), r"d\.json: metrics\.0: expected a mapping of fields, found int"),
        (changed(metrics=[METRICS[0], METRICS[1] | {"df": "many"}]), r"d\.json: metrics\.1: df: .*found 'many'"),
        (
            changed(metrics=[METRICS[0] | {"df": 424242}]).replace("424242", "1e400"),
            r"d\.json: metrics\.0: df: .*finite",
        ),
        (changed(metrics=[METRICS[0] | {"verdict": "pa"}]), r"d\.json: metrics\.0: verdict: "),
        (changed(warnings=[{"code": "nonsense", "message": ""}]), r"d\.json: warnings\.0: code: .*found 'nonsense'"),
        (changed(warnings=["x"]), r"d\.json: warnings\.0: "),
        (changed(baseline=None), r"d\.json: baseline: "),
        (changed(candidate={"ref": "x", "n_trials": 3}), r"d\.json: candidate: n_cases: Field required"),
    ],
)
def test_malformed_is_refused_by_name_and_place(text: str, said: str):
    with pytest.raises(SpecError, match=f"^{said}") as caught:
        parse_decision_json(text, "d.json")
    assert "\n" not in str(caught.value)


@settings(max_examples=60, deadline=None)
@given(
    st.text(max_size=40)
    | st.recursive(st.none() | FLOATS | st.text(max_size=5), st.lists, max_leaves=8).map(json.dumps)
)
def test_nonsense_is_never_anything_but_a_spec_error(text: str):
    with pytest.raises(SpecError):
        parse_decision_json(text, "x")


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_mangled_document_is_read_or_refused(data: st.DataObject):
    document = json.loads(decision_json(report_data.gate("inconclusive").decision))
    place = document
    while isinstance(place, dict | list) and place:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            place[key] = data.draw(st.sampled_from([None, True, -1, 1.5, "x", [], {}, [None], {"x": 1}]))
            break
        place = place[key]
    try:
        read = parse_decision_json(json.dumps(document), "x")
    except SpecError as err:
        assert str(err).startswith("x: ")
    else:
        assert isinstance(read, Decision)


def test_summary_json_is_as_the_contract_says():
    summary = report_data.run().summary
    document = json.loads(summary_json(summary))
    assert document["schema"] == "evalplat.summary/1"
    assert document.keys() == {"schema", "systems"}
    row = document["systems"][0]
    assert row.keys() == {
        "system", "metric", "n_cases", "n_clusters", "n_trials", "failures", "mean", "se", "ci_low", "ci_high",
        "confidence", "pass_hat",
    }  # fmt: skip
    assert row["mean"] == summary.systems[0].mean
    assert row["pass_hat"].keys() == {"1", "2", "3"}
    assert document["systems"][2]["pass_hat"] is None
