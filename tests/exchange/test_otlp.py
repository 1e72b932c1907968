"""OTLP: spans of the real SDK in both encodings, and what the GenAI conventions say in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalplat.errors import EvalplatError, LogError
from evalplat.suites.exchange import read_otlp, read_run, write_inspect, write_run
from evalplat.suites.exchange.inspect_read import read_inspect

TRACE = "0af7651916cd43dd8448eb211c80319c"


def attribute(name: str, value: Any) -> dict[str, Any]:
    kinds = {str: "stringValue", bool: "boolValue", int: "intValue", float: "doubleValue"}
    told = str(value) if type(value) is int else value
    return {"key": name, "value": {kinds[type(value)]: told}}


def span(number: int = 1, parent: int | None = None, trace: str = TRACE, **other: Any) -> dict[str, Any]:
    said = other.pop("attributes", {})
    made = {"traceId": trace, "spanId": f"{number:016x}", "name": f"s{number}", "kind": 1,
            "startTimeUnixNano": str(10**18 + number), "endTimeUnixNano": str(10**18 + 2 * 10**9),
            "attributes": [attribute(*pair) for pair in said.items()]}  # fmt: skip
    return made | ({"parentSpanId": f"{parent:016x}"} if parent else {}) | other


def asked(question: str = "How much?", answer: str = "4.95", **other: Any) -> dict[str, Any]:
    def message(role: str, text: str) -> str:
        return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])

    return {"gen_ai.operation.name": "invoke_agent", "gen_ai.input.messages": message("user", question),
            "gen_ai.output.messages": message("assistant", answer), **other}  # fmt: skip


def request(*spans: dict[str, Any]) -> dict[str, Any]:
    resource = {"attributes": [attribute("service.name", "desk")]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": "x"}, "spans": list(spans)}]}]}


def laid(folder: Path, *requests: dict[str, Any], indent: int | None = None) -> Path:
    path = folder / "traces.json"
    path.write_text("\n".join(json.dumps(one, indent=indent) for one in requests))
    return path


def test_spans_of_the_real_sdk_are_the_same_in_protobuf_and_in_json(tmp_path):
    from google.protobuf.json_format import MessageToDict
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    kept = InMemorySpanExporter()
    provider = TracerProvider(resource=Resource({"service.name": "desk"}), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("t")
    for case in ("a", "b", "a"):
        with tracer.start_as_current_span("invoke_agent", attributes=asked(**{"evalplat.case_id": case})) as root:
            usage = {"gen_ai.usage.input_tokens": 11, "gen_ai.usage.output_tokens": 3, "gen_ai.operation.name": "chat"}
            for _ in range(2):
                with tracer.start_as_current_span("chat m", attributes=usage | {"tags": ("x", "y"), "share": 0.5}):
                    pass
            root.set_attribute("gen_ai.usage.input_tokens", 22)
            scored = {"gen_ai.evaluation.name": "correct", "gen_ai.evaluation.score.value": 1.0}
            root.add_event("gen_ai.evaluation.result", scored if case == "a" else {**scored, "x": 1})
    message = encode_spans(kept.get_finished_spans())
    (tmp_path / "t.pb").write_bytes(message.SerializeToString())
    plain = MessageToDict(message)
    for told, real in zip(plain["resourceSpans"][0]["scopeSpans"][0]["spans"],
                          message.resource_spans[0].scope_spans[0].spans, strict=True):  # fmt: skip
        told |= {"traceId": real.trace_id.hex(), "spanId": real.span_id.hex()}
        if real.parent_span_id:
            told["parentSpanId"] = real.parent_span_id.hex()
    (tmp_path / "t.json").write_text(json.dumps(plain))
    found, again = (read_otlp(tmp_path / name, suite="s") for name in ("t.pb", "t.json"))
    assert found == again
    assert (found.system, [case.id for case in found.cases]) == ("desk", ["a", "b"])
    assert [one.trial.key.trial for one in found.trials] == [0, 0, 1]
    usage = found.trials[0].trial.usage
    assert (usage.input_tokens, usage.output_tokens, usage.calls, usage.cost_usd) == (22, 6, 2, None)
    assert [spec.metric for spec in found.scorers] == ["correct", "latency_s", "tokens"]
    assert [grade.score for grade in found.trials[0].grades][::2] == [1.0, 28.0]
    inner = found.trials[0].trial.trace.spans[1]
    assert (inner.attributes["tags"], inner.attributes["share"]) == (("x", "y"), 0.5)
    for write, read in ((write_run, read_run), (write_inspect, read_inspect)):
        write(tmp_path / "out", found)
        assert read(tmp_path / "out").digest == found.digest


def test_a_trace_is_a_case_its_conversation_a_cluster_and_silent_ones_are_counted(tmp_path):
    other, silent = TRACE.replace("0af", "1af"), TRACE.replace("0af", "2af")
    path = laid(
        tmp_path,
        request(span(2, 1, attributes={"x": 1}), span(trace=other, attributes=asked("Who?", "Ana"))),
        request(span(attributes=asked(**{"gen_ai.conversation.id": "k", "topic": "t"})), span(trace=silent)),
    )
    found = read_otlp(path, slices=["topic"])
    assert [(case.id, case.input, case.cluster, case.slices) for case in found.cases] == [
        (TRACE, "How much?", "k", {"topic": "t"}),
        (other, "Who?", None, {}),
    ]
    assert found.notes == ("1 traces without messages", "from slice 'topic' 1 of 2 traces, which lack that attribute")
    one = found.trials[0].trial
    assert [s.name for s in one.trace.spans] == ["s1", "s2"]  # the child came in an earlier request
    assert (one.answer.text, one.latency_s) == ("4.95", pytest.approx(2.0))
    assert read_otlp(laid(tmp_path, request(span(attributes=asked())), indent=1)).trials[0].trial.answer.text == "4.95"


def of_traces(folder: Path, *said: dict[str, Any]) -> Path:
    """A trace of one span for each of these attributes."""
    return laid(
        folder,
        request(*(span(trace=f"{n:032x}", attributes=asked(**one)) for n, one in enumerate(said, start=1))),
    )


@pytest.mark.parametrize("role", ["case", "cluster", "slices"])
def test_an_attribute_that_no_trace_has_is_an_error_that_lists_what_there_is(tmp_path, role):
    path = of_traces(tmp_path, {"customer.id": "a"}, {"customer.id": "b", "x": " "})
    named: Any = ["custmer.id"] if role == "slices" else "custmer.id"
    said = (
        rf"^{path}: {role.removesuffix('s')}: none of 2 traces has the attribute 'custmer.id'; there are customer.id, "
        r"gen_ai.input.messages, gen_ai.operation.name, gen_ai.output.messages$"
    )
    with pytest.raises(LogError, match=said):
        read_otlp(path, **{role: named})
    with pytest.raises(LogError, match="none of 2 traces has the attribute 'x'"):  # a blank says nothing
        read_otlp(path, **{role: ["x"] if role == "slices" else "x"})


@pytest.mark.parametrize("role", ["case", "cluster"])
def test_a_case_or_cluster_that_some_traces_lack_is_an_error_for_each_would_count_alone(tmp_path, role):
    path = of_traces(tmp_path, {"k": "a"}, {"k": " "}, {"k": "a", "evalplat.trial": 1}, {})
    said = (
        f"^{path}: {role}: 2 of 4 traces lack the attribute 'k', first trace {2:032x}: each would count as a {role} of "
        "its own, independent of all others; name another one, or take them out of the file$"
    )
    with pytest.raises(LogError, match=said):
        read_otlp(path, **{role: "k"})
    whole = of_traces(tmp_path, {"k": 0}, {"k": 0})
    found = read_otlp(whole, **{role: "k"})
    assert ({case.id for case in found.cases} if role == "case" else {case.cluster for case in found.cases}) == {"0"}
    assert found.notes == ()


def test_a_slice_that_some_traces_lack_is_said(tmp_path):
    found = read_otlp(of_traces(tmp_path, {"topic": "t"}, {}, {}), slices=["topic"])
    assert [case.slices for case in found.cases] == [{"topic": "t"}, {}, {}]
    assert found.notes == ("from slice 'topic' 2 of 3 traces, which lack that attribute",)


def test_a_long_list_of_attributes_begins_with_what_is_alike(tmp_path):
    path = of_traces(tmp_path, {f"a{n:02}": "x" for n in range(30)} | {"session.id": "s"})
    with pytest.raises(LogError, match=r"there are session\.id, a00, .*a18 and 14 more$"):
        read_otlp(path, cluster="sesion.id")


def test_a_root_with_an_error_is_a_failed_trial_and_its_scores_too(tmp_path):
    event = {"name": "gen_ai.evaluation.result", "timeUnixNano": "1", "attributes": [
        attribute("gen_ai.evaluation.name", "ok"), attribute("gen_ai.evaluation.score.label", "fail")]}  # fmt: skip
    failed = span(attributes=asked(**{"error.type": "Timeout"}), status={"code": 2, "message": "too\nslow"})
    other = span(trace=TRACE.replace("0", "1"), attributes=asked(), events=[event])
    found = read_otlp(laid(tmp_path, request(failed, other)))
    assert found.trials[0].trial.failure.model_dump() == {"kind": "Timeout", "message": "too slow"}
    assert found.trials[0].grades[0].error == "Timeout: too slow"
    assert found.trials[1].grades[0].score == 0.0


def test_secrets_are_masked_and_messages_stay_messages(tmp_path):
    key = "-----BEGIN PRIVATE KEY-----\\nabc\\n"
    said = asked(f'{key}" sk-abcdefghijklmnopqrstuv', "Bearer abcdefghijkl", note="sk-abcdefghijklmnopqrstuv")
    found = read_otlp(laid(tmp_path, request(span(attributes=said, name="sk-abcdefghijklmnopqrstuv"))))
    text = "".join(record.model_dump_json() for record in (*found.cases, *found.trials))
    assert "sk-abc" not in text
    assert "PRIVATE KEY" not in text
    assert found.trials[0].trial.answer.text == "Bearer [redacted]"


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (span(2, traceId="xyz"), "traceId: expected 32 hexadecimal digits, found 'xyz'"),
        (span(2, spanId="0" * 16), "spanId: expected 16 hexadecimal digits"),
        (span(1), "spanId: 0000000000000001 occurs twice in trace"),
        (span(2, startTimeUnixNano="soon"), "startTimeUnixNano: expected a whole number, found 'soon'"),
        (span(2, startTimeUnixNano=-5), "startTimeUnixNano: is before 1970"),
        (span(2) | {"attributes": [{"key": "a", "value": {"intValue": "x"}}]}, "expected a whole num"),
        (span(2) | {"attributes": [3]}, "expected an object, found 3"),
        (span(2) | {"events": {}}, "events: expected a list"),
    ],
)
def test_what_is_malformed_is_named_by_line_and_place(tmp_path, bad, said):
    path = laid(tmp_path, request(span(attributes=asked())), request(bad))
    with pytest.raises(LogError) as caught:
        read_otlp(path)
    assert str(caught.value).startswith(f"{path}:2: resourceSpans.0.scopeSpans.0.spans.0")
    assert said in str(caught.value)


def test_nesting_circles_and_files_that_are_none(tmp_path):
    deep: dict[str, Any] = {"stringValue": "x"}
    for _ in range(60):
        deep = {"arrayValue": {"values": [deep]}}
    path = laid(tmp_path, request(span() | {"attributes": [{"key": "a", "value": deep}]}))
    with pytest.raises(LogError, match="is nested too deeply"):
        read_otlp(path)
    circle = [span(2, 3), span(3, 2), span(1, attributes=asked())]
    assert len(read_otlp(laid(tmp_path, request(*circle))).trials[0].trial.trace.spans) == 3
    with pytest.raises(LogError, match="has no trace with messages"):
        read_otlp(laid(tmp_path, request(span())))
    with pytest.raises(LogError, match=r"traces\.json:1: resourceSpans: is missing"):
        read_otlp(laid(tmp_path, {"spans": []}))
    path.write_bytes(b"\n\x05\x00\xff\xff\xff\xff")
    with pytest.raises(LogError, match="is not OTLP in protobuf"):
        read_otlp(path)


@given(data=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("bytes") / "x"
    path.write_bytes(data)
    with pytest.raises(EvalplatError):
        read_otlp(path)
