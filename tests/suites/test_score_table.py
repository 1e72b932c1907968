"""read_score_table: one table from three formats, and how a row that cannot be is named."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evalplat.errors import ScoreTableError
from evalplat.records import ScoreTable
from evalplat.suites import read_score_table

Row = dict[str, Any]
FORMATS = ("jsonl", "csv", "parquet")


def row(**fields: Any) -> Row:
    return {"system": "s", "case_id": "c", "metric": "m", "score": 1.0} | fields


def written(folder: Path, rows: Sequence[Row], kind: str, name: str = "table") -> Path:
    """Rows as a file without a telling suffix: the format is known by the content."""
    path = folder / f"{name}.{kind}.txt"
    columns = list(dict.fromkeys(column for one in rows for column in one))
    if kind == "jsonl":
        path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    elif kind == "csv":
        text = io.StringIO()
        writer = csv.DictWriter(text, columns)
        writer.writeheader()
        writer.writerows(rows)
        path.write_text(text.getvalue())
    else:
        pq.write_table(pa.table({column: [one.get(column) for one in rows] for column in columns}), path)
    return path


def shown(table: ScoreTable) -> list[tuple[Any, ...]]:
    return [
        (system, case, metric, int(trial), None if np.isnan(score) else float(score), error)
        for system, case, metric, trial, score, error in zip(
            table.system.decode(), table.case.decode(), table.metric.decode(), table.trial, table.score,
            table.error.decode(), strict=True,
        )
    ]  # fmt: skip


def complaint(paths: Path | Sequence[Path], **options: Any) -> str:
    with pytest.raises(ScoreTableError) as caught:
        read_score_table([paths] if isinstance(paths, Path) else paths, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", FORMATS)
def test_all_columns(tmp_path, kind):
    rows = [
        row(trial=0, cluster="k", weight=2.0, error=None, output_sha256="aa", extra="x", **{"slice.topic": "t"}),
        row(trial=1, cluster="k", weight=2.0, error="Timeout: stalled", score=None, **{"slice.topic": "t"}),
        row(trial=0, case_id="d", cluster="l", weight=1.0, error="Boom: x", score=0.5, **{"slice.topic": "u"}),
    ]
    table = read_score_table([written(tmp_path, rows, kind)])
    assert shown(table) == [
        ("s", "c", "m", 0, 1.0, None),
        ("s", "c", "m", 1, None, "Timeout: stalled"),
        ("s", "d", "m", 0, 0.5, "Boom: x"),
    ]
    assert table.cluster is not None
    assert table.cluster.decode() == ["k", "k", "l"]
    assert table.weight is not None
    assert table.weight.tolist() == [2.0, 2.0, 1.0]
    assert list(table.slices) == ["slice.topic"]
    assert table.slices["slice.topic"].decode() == ["t", "t", "u"]
    assert table.output_sha256 is not None
    assert table.output_sha256.decode() == ["aa", None, None]
    assert table.origin == (str(tmp_path / f"table.{kind}.txt"),)


@pytest.mark.parametrize("kind", FORMATS)
def test_the_least_and_the_other_name_of_a_case(tmp_path, kind):
    table = read_score_table([written(tmp_path, [{"system": "s", "task_id": 7, "metric": "m", "score": 1}], kind)])
    assert shown(table) == [("s", "7", "m", 0, 1.0, None)]
    assert (table.cluster, table.weight, dict(table.slices), table.output_sha256) == (None, None, {}, None)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    ("bad", "column", "said"),
    [
        ({"score": None}, "score", "there is neither a score nor an error"),
        ({"score": float("nan")}, "score", "expected a finite number, found"),
        ({"score": float("inf")}, "score", "expected a finite number, found"),
        ({"score": 0.5}, "score", "0.5 is outside the range of metric 'm', binary (0 or 1)"),
        ({"score": -1}, "score", "-1 is outside the range of metric 'm', binary (0 or 1)"),
        ({"trial": -1.0}, "trial", "expected a whole number from 0, found -1"),
        ({"trial": 1.5}, "trial", "expected a whole number from 0, found 1.5"),
        ({"trial": 2.0**40}, "trial", "expected a whole number from 0, found"),
        ({"weight": 0.0}, "weight", "expected a number above 0, found 0"),
        ({"weight": -2.0}, "weight", "expected a number above 0, found -2"),
        ({"cost_usd": -1.0}, "cost_usd", "expected a number of at least 0, found -1"),
        ({"system": None}, "system", "is missing"),
        ({"case_id": ""}, "case_id", "is missing"),
        ({"metric": " m"}, "metric", "expected one line of text without surrounding spaces, found ' m'"),
        ({"case_id": "a\nb"}, "case_id", "expected one line of text without surrounding spaces, found 'a\\nb'"),
        ({"case_id": "a\x00b"}, "case_id", "expected one line of text"),
    ],
)
def test_a_bad_cell_is_named_by_file_row_and_column(tmp_path, kind, bad, column, said):
    if bad.get("score") != bad.get("score") and kind == "parquet":
        table = pa.table({"system": ["s"] * 3, "case_id": list("abc"), "metric": ["m"] * 3,
                          "score": pa.array([1.0, 1.0, float("nan")], from_pandas=False)})  # fmt: skip
        path = tmp_path / "table.parquet.txt"
        pq.write_table(table, path)
    else:
        filler: Row = {name: {"trial": 0.0, "weight": 1.0, "cost_usd": 0.0}.get(name, 1.0) for name in bad}
        good = {name: value for name, value in filler.items() if name in ("trial", "weight", "cost_usd")}
        rows = [row(case_id="a", **good), row(case_id="b", **good), row(case_id="c") | good | bad]
        path = written(tmp_path, rows, kind)
    number = {"jsonl": 3, "csv": 4, "parquet": 3}[kind]
    text = complaint(path, ranges={"m": "binary"})
    assert text.startswith(f"{path}: row {number}, column {column}: {said}"), text


@pytest.mark.parametrize("kind", FORMATS)
def test_a_declared_interval_holds_for_its_metric_and_for_rows_that_did_not_fail(tmp_path, kind):
    rows = [
        row(score=1.0),
        row(trial=1, score=0.0),
        row(metric="n", score=7.0),
        row(case_id="d", score=-1.0, error="Boom: x"),
    ]
    path = written(tmp_path, rows, kind)
    assert len(read_score_table([path], ranges={"m": (0.0, 1.0), "unknown": "binary"})) == 4
    assert "7 is outside the range of metric 'n', [0, 1]" in complaint(path, ranges={"n": (0.0, 1.0)})
    assert "0 is outside the range of metric 'm', [0.5, 1]" in complaint(path, ranges={"m": (0.5, 1.0)})


@pytest.mark.parametrize("kind", FORMATS)
def test_a_duplicate_key_names_both_rows(tmp_path, kind):
    rows = [row(trial=0), row(trial=1), row(trial=0, metric="n"), row(trial=1, score=0.0)]
    path = written(tmp_path, rows, kind)
    first, second = {"jsonl": (2, 4), "csv": (3, 5), "parquet": (2, 4)}[kind]
    assert complaint(path) == (
        f"{path}: row {second}: the same system 's', case_id 'c', metric 'm', trial 1 is already in {path}: row {first}"
    )


def test_files_of_all_formats_are_one_table(tmp_path):
    paths = [
        written(tmp_path, [row(system=kind, case_id=case) for case in ("c", "d")], kind) for kind in FORMATS
    ]  # fmt: skip
    table = read_score_table(paths)
    assert table.systems == FORMATS
    assert table.case.values == ("c", "d")
    assert len(table) == 6
    assert table.origin == tuple(map(str, paths))
    assert complaint([paths[0], paths[1], paths[0]]).startswith(f"{paths[0]}: row 1: the same system 'jsonl'")


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    ("column", "one", "other"), [("cluster", "k", "l"), ("slice.topic", "t", "u"), ("weight", 1.0, 2.0)]
)
def test_what_belongs_to_a_case_may_not_differ(tmp_path, kind, column, one, other):
    path = written(tmp_path, [row(**{column: one}), row(system="r", **{column: other})], kind)
    text = complaint(path)
    assert f"column {column}: " in text
    assert f"of the same case in {path}: row {2 if kind == 'csv' else 1}" in text


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    ("column", "one", "other"), [("output_sha256", "aa", "bb"), ("cost_usd", 0.1, 0.2), ("latency_s", 1.0, 2.0)]
)
def test_what_belongs_to_a_trial_may_not_differ(tmp_path, kind, column, one, other):
    path = written(tmp_path, [row(**{column: one}), row(metric="n", **{column: other})], kind)
    assert f"column {column}: " in complaint(path)
    assert "differs from" in complaint(path)
    fine = written(tmp_path, [row(**{column: one}), row(trial=1, **{column: other}), row(system="r")], "jsonl", "fine")
    assert len(read_score_table([fine])) >= 3


def test_a_row_without_cluster_takes_that_of_its_case(tmp_path):
    baseline = written(tmp_path, [row(system="b", cluster="k", weight=2.0), row(system="b", case_id="d")], "csv", "b")
    candidate = written(tmp_path, [row(system="c"), row(system="c", case_id="d")], "csv", "c")
    table = read_score_table([candidate, baseline])
    assert table.cluster is not None
    assert table.cluster.decode() == ["k", None, "k", None]
    assert table.weight is not None
    assert table.weight.tolist() == [2.0, 1.0, 2.0, 1.0]


@pytest.mark.parametrize("kind", FORMATS)
def test_the_column_of_clusters_can_be_chosen(tmp_path, kind):
    path = written(tmp_path, [row(cluster="k", repo="r1", **{"slice.topic": "t"})], kind)
    assert read_score_table([path]).cluster.decode() == ["k"]
    assert read_score_table([path], cluster="repo").cluster.decode() == ["r1"]
    assert read_score_table([path], cluster="none").cluster is None
    by_topic = read_score_table([path], cluster="slice.topic")
    assert by_topic.cluster.decode() == ["t"]
    assert by_topic.slices["slice.topic"].decode() == ["t"]
    assert "no column 'author'" in complaint(path, cluster="author")


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("clusters", "cluster"), ("Cluster", "cluster"), ("cluser", "cluster"), ("trail", "trial"),
        ("trials", "trial"), ("weigth", "weight"), ("cost usd", "cost_usd"), ("Latency_S", "latency_s"),
        ("errors", "error"), ("slice_topic", "slice.topic"), ("slices.topic", "slice.topic"), ("slice", "slice.NAME"),
    ],
)  # fmt: skip
def test_a_near_miss_is_refused_for_reading_past_it_would_change_the_verdict(tmp_path, kind, name, meant):
    path = written(tmp_path, [row(**{name: 1})], kind)
    assert complaint(path) == f"{path}: column '{name}' looks like '{meant}': rename it, or leave it out"


def test_other_columns_are_ignored(tmp_path):
    extras = {"user_cost": -1, "n_messages": "many", "difficulty": None, "output": {"deep": [1]}, "task_id": "t"}
    path = written(tmp_path, [row(**extras)], "jsonl")
    assert shown(read_score_table([path])) == [("s", "c", "m", 0, 1.0, None)]
    path.write_text('{"system":"s","case_id":"c","metric":"m","score":1,"loss":NaN,"text":"\\ud83d"}')
    assert len(read_score_table([path])) == 1


@pytest.mark.parametrize("kind", FORMATS)
def test_missing_columns_are_named_with_those_that_are_there(tmp_path, kind):
    path = written(tmp_path, [{"system": "s", "score": 1.0}], kind)
    said = "no column 'case_id', 'metric' (or 'task_id'); the columns are 'system', 'score'"
    assert complaint(path) == f"{path}: {said}"
    assert "no column 'score'" in complaint(written(tmp_path, [{"system": "s", "case_id": "c", "metric": "m"}], kind))


@pytest.mark.parametrize("kind", FORMATS)
def test_a_table_of_failures_alone_needs_no_scores(tmp_path, kind):
    table = read_score_table([written(tmp_path, [{"system": "s", "case_id": "c", "metric": "m", "error": "x"}], kind)])
    assert shown(table) == [("s", "c", "m", 0, None, "x")]


def test_types_that_mean_the_same(tmp_path):
    path = tmp_path / "t"
    path.write_text(
        '{"system":"s","case_id":1,"metric":"m","score":true,"error":false,"slice.hard":true}\n'
        '{"system":"s","case_id":"2","metric":"m","score":false,"error":"","slice.hard":false}\n'
        '{"system":"s","case_id":3,"metric":"m","error":true,"slice.hard":null}\n'
    )
    table = read_score_table([path], ranges={"m": "binary"})
    assert [one[1:] for one in shown(table)] == [
        ("1", "m", 0, 1.0, None), ("2", "m", 0, 0.0, None), ("3", "m", 0, None, "failed"),
    ]  # fmt: skip
    assert table.slices["slice.hard"].decode() == ["true", "false", None]
    path.write_text('system,case_id,metric,score\r\ns,1,m,True\r\n\r\ns,"2",m, 1e0 \r\n')
    assert [one[4] for one in shown(read_score_table([path]))] == [1.0, 1.0]
    gaps = {
        "system": ["s", "s"],
        "case_id": pa.array([1.0, 2.0]),
        "metric": pa.array(["m", "m"]).dictionary_encode(),
        "score": pa.array([True, False]),
        "cluster": pa.array([3.0, None]),
        "trial": pa.array([0.0, None]),
    }
    pq.write_table(pa.table(gaps), path)
    table = read_score_table([path])
    assert table.case.values == ("1", "2")
    assert table.cluster.decode() == ["3", None]


@pytest.mark.parametrize(
    ("cells", "column", "said"),
    [
        ('"score":"1"', "score", "expected a number, found '1'"),
        ('"score":[1]', "score", "expected a number, found list"),
        ('"score":1' + "0" * 350, "score", "the number is too large"),
        ('"score":1e400', "score", "expected a finite number, found inf"),
        ('"score":1,"trial":true', "trial", "expected a number, found True"),
        ('"score":1,"trial":"0"', "trial", "expected a number, found '0'"),
        ('"score":1,"error":{"code":5}', "error", "expected text, found dict"),
        ('"score":1,"cluster":1.5', "cluster", "expected text or a whole number, found 1.5"),
        ('"score":1,"cluster":"\\ud800"', "cluster", "expected one line of text"),
        ('"score":1,"system":true', "system", "key 'system' occurs twice"),
    ],
)
def test_wrong_types_in_json_lines(tmp_path, cells, column, said):
    path = tmp_path / "t"
    path.write_text('\n{"system":"s","case_id":1,"metric":"m",' + cells + "}\n")
    text = complaint(path)
    assert text.startswith((f"{path}: row 2, column {column}: {said}", f"{path}:2: {said}")), text


@pytest.mark.parametrize("word", ["one", "0,5", "1_000", "0x1", "٣", "nan", "-inf", "NULL", "1 2"])
def test_text_where_csv_needs_a_number(tmp_path, word):
    path = tmp_path / "t"
    path.write_text(f'system,case_id,metric,score\ns,c,m,1\ns,d,m,"{word}"\n', encoding="utf-8")
    assert complaint(path).startswith(f"{path}: row 3, column score: expected a")


def test_wrong_types_in_parquet(tmp_path):
    path = tmp_path / "t"
    base = {"system": ["s"], "case_id": ["c"], "metric": ["m"]}
    for column, values, said in (
        ("score", ["1"], "row 1, column score: expected a number, found Parquet type string"),
        ("score", [[1]], "row 1, column score: expected a number, found Parquet type list"),
        ("trial", [True], "row 1, column trial: expected a number, found Parquet type bool"),
        ("cluster", [[1]], "row 1, column cluster: expected text, found Parquet type list"),
        ("cluster", [1.5], "row 1, column cluster: expected text or a whole number, found 1.5"),
    ):
        pq.write_table(pa.table(base | {"score": [1.0]} | {column: values}), path)
        assert complaint(path).startswith(f"{path}: {said}")


def test_rows_are_counted_as_a_person_sees_them(tmp_path):
    path = tmp_path / "t"
    path.write_text('system,case_id,metric,score,note\n\ns,c,m,1,"two\nlines"\ns,d,m,x,\n')
    assert complaint(path).startswith(f"{path}: row 5, column score")
    path.write_text("system,case_id,metric,score\ns,c,m,1\ns,d,m\n")
    assert complaint(path) == f"{path}: row 3: has 3 cells where the header has 4"
    path.write_text('system,case_id,metric,score\ns,c,m,1\ns,"d,m,1\n')
    assert complaint(path).startswith(f"{path}: row 3: is not CSV")


def test_files_that_are_no_tables(tmp_path):
    path = tmp_path / "t"
    for content, said in (
        (b"", "is empty"),
        (b"\xef\xbb\xbf \n", "is empty"),
        (b"system,case_id,metric,score\n", "has no rows"),
        (b"[{}]", "is a JSON array: expected JSON Lines"),
        (b"system;case_id;metric;score\ns;c;m;1\n", "is separated by semicolons"),
        (b"system\tcase_id\tmetric\tscore\n", "is separated by tabs"),
        (b"system,system\n", "column 'system' occurs twice"),
        ("system".encode("utf-16"), "is UTF-16"),
        (b"PK\x03\x04", "is a zip archive or a spreadsheet"),
        (b"PAR1 not at all PAR1", "is not a readable Parquet file"),
        (b"PAR1", "is not a readable Parquet file"),
        (b"\x00\x01\x02", "no column"),
    ):
        path.write_bytes(content)
        assert said in complaint(path), content
    assert "cannot be read: No such file" in complaint(tmp_path / "none")
    assert "no score table was given" in complaint([])
    pq.write_table(pa.table({"system": pa.array([], pa.string())}), path)
    assert "has no rows" in complaint(path)
    empty = pa.table({"system": ["s"], "case_id": ["c"], "metric": ["m"], "score": [1.0]})
    pq.write_table(empty.append_column("system", pa.array(["t"])), path)
    assert "column 'system' occurs twice" in complaint(path)


def test_an_error_text_is_kept_whatever_is_in_it(tmp_path):
    path = tmp_path / "t"
    path.write_text('{"system":"s","case_id":"c","metric":"m","error":"<script>\\n\\ud83d"}')
    assert read_score_table([path]).error.decode() == ["<script>\n\\ud83d"]
