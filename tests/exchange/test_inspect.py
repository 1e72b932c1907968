"""Inspect: a log that the real library wrote (`tests/instruments/inspect_log/desk.py`), and logs that are hostile."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalplat.errors import CaseError, LogError
from evalplat.records import Case, Expectation
from evalplat.suites.exchange import archive as archive_module
from evalplat.suites.exchange import read_inspect, read_samples, write_inspect, write_samples
from evalplat.suites.exchange.archive import Archive

DESK = Path(__file__).parents[1] / "instruments" / "inspect_log" / "desk.eval"


def test_the_real_log():
    found = read_inspect(DESK, slices=["topic"])
    assert (found.system, found.suite, found.dataset) == ("mockllm/model", "desk", "desk_questions")
    assert [spec.metric for spec in found.scorers] == ["includes", "style.polite", "style.short", "latency_s", "tokens"]
    assert {spec.kind for spec in found.scorers} == {"imported"}
    by_id = {case.id: case for case in found.cases}
    assert by_id["who"].expect.answers == ("nobody knows", "unknown")
    assert (by_id["7"].input, by_id["7"].slices) == ("A number as id?", {"topic": "shipping"})
    scores = {
        (one.trial.key.case_id, one.trial.key.trial, grade.metric): grade.score
        for one in found.trials
        for grade in one.grades
    }
    assert [scores[case, 0, "includes"] for case in ("ship", "who", "broken", "7")] == [1.0, 1.0, 0.0, 0.0]
    assert scores["who", 1, "style.short"] == 0.5
    assert scores["ship", 1, "tokens"] == 50.0
    failed = next(one for one in found.trials if one.trial.failure)
    assert failed.trial.key.model_dump() == {"case_id": "broken", "trial": 1}
    assert failed.trial.failure.message == "ValueError('the desk is closed')"
    assert all(grade.error == "InspectError: ValueError('the desk is closed')" for grade in failed.grades)
    took = next(grade for grade in failed.grades if grade.metric == "latency_s")
    assert took.score == failed.trial.latency_s > 0


def test_tools_calls_and_results_of_the_real_log():
    found = read_inspect(DESK)
    one = next(one for one in found.trials if (one.trial.key.case_id, one.trial.key.trial) == ("ship", 0))
    spans = one.trial.trace.spans
    names = ["invoke_agent mockllm/model", "chat mockllm/model", "execute_tool price", "chat mockllm/model"]
    assert [span.name for span in spans] == names
    (tool,) = json.loads(spans[0].attributes["gen_ai.tool.definitions"])
    assert (tool["name"], tool["description"]) == ("price", "Price of an item.")
    assert spans[2].attributes["gen_ai.tool.call.arguments"] == '{"item": "shipping"}'
    assert spans[2].attributes["gen_ai.tool.call.result"] == "4.95"
    assert one.trial.answer.text == "It is 4.95."
    assert (one.trial.usage.input_tokens, one.trial.usage.output_tokens, one.trial.usage.cost_usd) == (40, 10, None)
    assert spans[0].end_unix_nano - spans[0].start_unix_nano == int(one.trial.latency_s * 1e9)
    assert found.notes == ("other metadata of 8 samples",)


def test_out_and_back_the_real_log_is_the_same(tmp_path):
    found = read_inspect(DESK, slices=["topic"], cluster="topic")
    write_inspect(tmp_path / "a.eval", found)
    write_inspect(tmp_path / "b.eval", found)
    assert (tmp_path / "a.eval").read_bytes() == (tmp_path / "b.eval").read_bytes()
    back = read_inspect(tmp_path / "a.eval")
    assert (back.cases, back.trials, back.scorers, back.digest) == (
        found.cases,
        found.trials,
        found.scorers,
        found.digest,
    )


def log(samples: list[dict[str, Any]], **other: Any) -> dict[str, Any]:
    spec = {"task": "t", "model": "m", "dataset": {"name": "d"}, "created": "2026-01-01T00:00:00+00:00", "config": {}}
    return {"version": 2, "status": "success", "eval": spec, "samples": samples, **other}


def sample(number: Any = "a", epoch: int = 1, **other: Any) -> dict[str, Any]:
    said = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]
    scores = {"match": {"value": "C"}}
    return {"id": number, "epoch": epoch, "input": "x", "target": "y", "messages": said, "scores": scores, **other}


def laid(folder: Path, data: dict[str, Any]) -> Path:
    path = folder / "log.json"
    path.write_text(json.dumps(data, indent=1))
    return path


def archived(folder: Path, members: dict[str, bytes | dict[str, Any]], method: int = zipfile.ZIP_DEFLATED) -> Path:
    path = folder / "log.eval"
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content if isinstance(content, bytes) else json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("value", "score", "error"),
    [
        ("C", 1.0, None),
        ("I", 0.0, None),
        ("P", 0.5, None),
        ("N", 0.0, None),
        ("Yes", 1.0, None),
        (True, 1.0, None),
        (3, 3.0, None),
        ("2.5", 2.5, None),
        (float("nan"), None, "NotScored: the scorer gave no value"),
        ("nan", None, "NotANumber: 'nan'"),
        ("great", None, "NotANumber: 'great'"),
    ],
)
def test_values_of_scores(tmp_path, value, score, error):
    found = read_inspect(laid(tmp_path, log([sample(), sample("b", scores={"match": {"value": value}})])))
    (grade,) = found.trials[1].grades
    assert (grade.score, grade.error) == (score, error)


def test_a_sample_without_a_score_has_an_error_not_a_zero(tmp_path):
    found = read_inspect(laid(tmp_path, log([sample(scores={}), sample("b")])))
    assert found.trials[0].grades[0].error == "NotScored: the log has no score"
    with pytest.raises(LogError, match="has no scores: score it first"):
        read_inspect(laid(tmp_path, log([sample(scores={})])))


def test_long_texts_stand_apart_and_are_put_back_up_to_a_limit(tmp_path):
    far = sample(messages=[{"role": "user", "content": "attachment://h"}], attachments={"h": "the long text"})
    found = read_inspect(laid(tmp_path, log([far])))
    assert "the long text" in found.trials[0].trial.trace.spans[0].attributes["gen_ai.input.messages"]
    bomb = sample(messages=[{"role": "user", "content": "attachment://h"}] * 100, attachments={"h": "x" * 2**20})
    with pytest.raises(LogError, match="attachments: stand in its messages with more than"):
        read_inspect(laid(tmp_path, log([bomb])))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (log([sample()], status="cancelled"), ": is not finished: its status is 'cancelled'"),
        (log([]), ": has no trials"),
        (log([sample(), sample()]), ": trial 0 of case 'a' occurs twice"),
        (log([sample(), sample("b", epoch=0)]), ": samples.1: epoch: expected a number from 1"),
        (log([sample(), sample("b", epoch=True)]), ": samples.1: epoch: expected a whole number"),
        (log([sample(), sample("b", input=3)]), ": samples.1: input: expected text or messages"),
        (log([sample(), sample("b", scores={"m": 3})]), ": samples.1: scores.m: expected a score with a value"),
        (log([sample(), sample("b", total_time=-1)]), ": samples.1: total_time: expected seconds"),
        (log([sample(), sample("b", started_at="noon")]), ": samples.1: started_at: expected a moment"),
        (log([sample(), sample(epoch=2, input="z")]), ": samples.1: input: case 'a' is another one at"),
        (
            log([sample(), sample("b", model_usage={"m": {"input_tokens": -1}})]),
            ": samples.1: model_usage.m: input",
        ),
        ({"eval": 3, "status": "success"}, ": eval: expected an object, found 3"),
        ([], ": is no log of Inspect"),
    ],
)
def test_what_is_malformed_is_named(tmp_path, data, said):
    path = laid(tmp_path, data)
    with pytest.raises(LogError) as caught:
        read_inspect(path)
    assert str(caught.value).startswith(f"{path}{said}")
    assert "\n" not in str(caught.value)


def test_clusters_and_slices_come_from_the_metadata_or_are_missed(tmp_path):
    rows = [sample(metadata={"source": 4, "topic": "t", "x": 1}), sample("b", metadata={"source": "s"})]
    found = read_inspect(laid(tmp_path, log(rows)), cluster="source", slices=["topic"])
    assert [(case.cluster, case.slices) for case in found.cases] == [("4", {"topic": "t"}), ("s", {})]
    assert "from slice 'topic' 1 of 2 samples, which lack that metadata" in found.notes
    missing = r"log\.json: {}: none of 2 samples has the metadata 'where'; there are source, topic, x$"
    with pytest.raises(LogError, match=missing.format("cluster")):
        read_inspect(laid(tmp_path, log(rows)), cluster="where")
    with pytest.raises(LogError, match=missing.format("slice")):
        read_inspect(laid(tmp_path, log(rows)), slices=["where"])
    with pytest.raises(LogError, match=r"cluster: 1 of 2 samples lack the metadata 'topic', first samples\.1: each"):
        read_inspect(laid(tmp_path, log(rows)), cluster="topic")


def test_a_log_that_evalplat_wrote_brings_its_clusters(tmp_path):
    write_inspect(tmp_path / "own.eval", read_inspect(DESK, slices=["topic"]))
    for named in ({"cluster": "topic"}, {"slices": ["topic"]}):
        with pytest.raises(LogError, match="its cases bring their clusters and slices"):
            read_inspect(tmp_path / "own.eval", **named)


def test_a_score_or_message_that_was_changed_in_inspect_is_changed_here(tmp_path):
    found = read_inspect(DESK)
    write_inspect(tmp_path / "a.eval", found)
    with zipfile.ZipFile(tmp_path / "a.eval") as source:
        members = {name: source.read(name) for name in source.namelist()}
    changed = json.loads(members["samples/ship_epoch_1.json"])
    changed["scores"]["includes"]["value"] = "I"
    changed["messages"][1]["content"] = "How little is it?"
    back = read_inspect(archived(tmp_path, members | {"samples/ship_epoch_1.json": changed}))
    one = next(one for one in back.trials if (one.trial.key.case_id, one.trial.key.trial) == ("ship", 0))
    assert one.grades[0].score == 0.0
    assert "How little" in one.trial.trace.spans[0].attributes["gen_ai.input.messages"]


def test_names_in_an_archive_lead_nowhere(tmp_path):
    members = {"header.json": log([]), "samples/../../../evil.json": sample(), "/etc/samples/x.json": b"no"}
    found = read_inspect(archived(tmp_path, members))
    assert [one.trial.key.case_id for one in found.trials] == ["a"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["log.eval"]


def test_archives_that_are_bombs_damaged_or_encrypted_are_refused(tmp_path, monkeypatch):
    zeros = b"0" * 2**22
    path = archived(tmp_path, {"header.json": log([]), "samples/a.json": b'{"id": "' + zeros + b'"}'})
    monkeypatch.setattr(archive_module, "MAX_MEMBER_BYTES", 2**20)
    with pytest.raises(LogError, match=r"samples/a\.json: unpacks to more than 1,048,576 bytes"):
        read_inspect(path)
    monkeypatch.undo()
    with pytest.raises(LogError, match="unpacks to more than 5 bytes"):
        lying = bytearray(path.read_bytes())
        entry = lying.rindex(b"PK\x01\x02")
        lying[entry + 24 : entry + 28] = struct.pack("<I", 5)
        path.write_bytes(lying)
        read_inspect(path)
    data = bytearray(archived(tmp_path, {"header.json": log([])}, zipfile.ZIP_STORED).read_bytes())
    data[60] ^= 1
    path.write_bytes(data)
    with pytest.raises(LogError, match=r"header\.json: is damaged: its checksum is wrong"):
        read_inspect(path)
    data[60] ^= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(LogError, match=r"header\.json: is encrypted"):
        read_inspect(path)
    path.write_bytes(b"PK\x03\x04" + b"\0" * 50)
    with pytest.raises(LogError, match="is not a readable zip archive"):
        read_inspect(path)
    with pytest.raises(LogError, match="is not finished: it has no header"):
        read_inspect(archived(tmp_path, {"_journal/start.json": log([])}))


@given(at=st.integers(0, 13_000), byte=st.integers(0, 255))
def test_a_damaged_log_is_read_as_it_was_or_refused(at, byte, tmp_path_factory):
    whole = DESK.read_bytes()
    path = tmp_path_factory.mktemp("damaged") / "x.eval"
    path.write_bytes(whole[:at] + bytes([byte]) + whole[at + 1 :])
    try:
        read_inspect(path)
    except (LogError, CaseError) as err:
        assert str(path) in str(err)


def zstandard(parts: list[bytes]) -> bytes:
    return b"".join(pa.compress(part, codec="zstd", asbytes=True) for part in parts)


def test_zstandard_in_several_frames_and_deflate_give_the_same(tmp_path):
    text = json.dumps(log([])).encode()
    with io.BytesIO() as sink:
        packed = zstandard([text[:30], text[30:]])
        head = struct.pack("<4sHHHHHIIIHH", b"PK\3\4", 20, 0, 93, 0, 33, zlib.crc32(text), len(packed), len(text), 1, 0)
        sink.write(head + b"x" + packed)
        start = sink.tell()
        entry = struct.pack("<4sHHHHHHIIIHHHHHII", b"PK\1\2", 20, 20, 0, 93, 0, 33, zlib.crc32(text), len(packed),
                            len(text), 1, 0, 0, 0, 0, 0, 0)  # fmt: skip
        sink.write(entry + b"x")
        sink.write(struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, len(entry) + 1, start, 0))
        (tmp_path / "x.zip").write_bytes(sink.getvalue())
    with Archive(tmp_path / "x.zip") as archive:
        assert archive.read("x") == text


def test_datasets_go_to_samples_and_back(tmp_path):
    cases = (
        Case(id="a", input="x", expect=Expectation(answers=("1", "2"), number=1.5, sources=("p",)), cluster="c"),
        Case(id="b", input="y", slices={"topic": "t"}, tags=("g",), weight=2.0),
        Case(id="c", input="z", expect=Expectation(abstain=True)),
    )
    assert write_samples(tmp_path / "s.jsonl", cases) == 3
    assert tuple(read_samples(tmp_path / "s.jsonl")) == cases
    first = json.loads((tmp_path / "s.jsonl").read_text().splitlines()[0])
    assert (first["input"], first["target"], first["id"]) == ("x", ["1", "2"], "a")
    (tmp_path / "t.jsonl").write_text('{"input": "x", "target": "y"}\n{"input": [{"role": "user", "content": "z"}]}\n')
    assert [(case.id, case.input) for case in read_samples(tmp_path / "t.jsonl")] == [("1", "x"), ("2", "z")]
    (tmp_path / "t.jsonl").write_text('{"id": 1, "input": "x"}\n{"id": "1", "input": "y"}\n')
    with pytest.raises(CaseError, match=r"t\.jsonl:2: id: '1' is already at .*t\.jsonl:1"):
        list(read_samples(tmp_path / "t.jsonl"))
