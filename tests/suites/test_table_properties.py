"""Whatever a table holds, it comes back; whatever bytes a file holds, there is a table or a ScoreTableError."""

from __future__ import annotations

import json
import tempfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalplat.errors import ScoreTableError
from evalplat.records import Column, ScoreTable
from evalplat.suites import read_score_table, write_score_table

names = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=6)
errors = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
finite = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def tables(draw: st.DrawFn) -> ScoreTable:
    keys = draw(
        st.lists(
            st.tuples(names, st.sampled_from("abcd"), st.sampled_from("mn"), st.integers(0, 2**31 - 1)),
            min_size=1,
            max_size=8,
            unique=True,
        )
    )
    outcomes = [draw(st.one_of(st.tuples(finite, st.none() | errors), st.tuples(st.none(), errors))) for _ in keys]
    clusters = {case: draw(st.none() | names) for case in "abcd"}
    topics = {case: draw(st.none() | names) for case in "abcd"}
    weights = {case: draw(st.floats(1e-3, 1e3)) for case in "abcd"}
    hashes = {(key[0], key[1], key[3]): draw(st.none() | st.sampled_from(["aa", "bb"])) for key in keys}
    cases = [key[1] for key in keys]
    weight = np.array([weights[case] for case in cases])
    cluster = Column.of([clusters[case] for case in cases])
    topic = Column.of([topics[case] for case in cases])
    output = Column.of([hashes[key[0], key[1], key[3]] for key in keys])
    return ScoreTable(
        system=Column.of([key[0] for key in keys]),
        case=Column.of(cases),
        metric=Column.of([key[2] for key in keys]),
        trial=np.array([key[3] for key in keys], dtype=np.int32),
        score=np.array([np.nan if score is None else score for score, _ in outcomes]),
        error=Column.of([error for _, error in outcomes]),
        cluster=cluster if cluster.values else None,
        weight=None if np.all(weight == 1) else weight,
        slices={"slice.topic": topic} if topic.values else {},
        output_sha256=output,
    )


def assert_same(left: ScoreTable, right: ScoreTable) -> None:
    for name in ("system", "case", "metric", "error"):
        assert getattr(left, name).decode() == getattr(right, name).decode()
    np.testing.assert_array_equal(left.trial, right.trial)
    np.testing.assert_array_equal(left.score, right.score)
    assert (left.weight is None) == (right.weight is None)
    if left.weight is not None:
        np.testing.assert_array_equal(left.weight, right.weight)
    for one, other in ((left.cluster, right.cluster), (left.output_sha256, right.output_sha256)):
        blank: list[None] = [None] * len(left)
        assert (one.decode() if one else blank) == (other.decode() if other else blank)
    assert {name: column.decode() for name, column in left.slices.items()} == {
        name: column.decode() for name, column in right.slices.items()
    }


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
@given(table=tables())
@settings(max_examples=40, deadline=None)
def test_what_is_written_is_read(suffix, table):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"t{suffix}"
        write_score_table(table, path)
        assert_same(read_score_table([path]), table)


def test_other_suffixes_are_refused(tmp_path):
    table = ScoreTable(*[Column.of(["x"])] * 3, np.zeros(1, dtype=np.int32), np.zeros(1), Column.of([None]))
    with pytest.raises(ScoreTableError, match=r"\.parquet, \.jsonl or \.csv"):
        write_score_table(table, tmp_path / "t.xlsx")


def reads_or_refuses(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t"
        path.write_bytes(data)
        try:
            table = read_score_table([path], ranges={"m": "binary"})
        except ScoreTableError as err:
            assert "\n" not in str(err)
            assert str(err).startswith(str(path))
        else:
            assert len(table) > 0
            assert np.all(np.isfinite(table.score) | (table.error.codes >= 0))


@given(data=st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_bytes(data):
    reads_or_refuses(data)


cells = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.lists(st.integers(), max_size=2),
    st.sampled_from(["s", "c", "m", 0, 1, 10**400, "1e999", -0.0]),
)  # fmt: skip
columns = st.sampled_from(
    ["system", "case_id", "task_id", "metric", "score", "error", "trial", "weight", "cluster", "slice.x", "cost_usd",
     "latency_s", "output_sha256", "slice.", "other"]
)  # fmt: skip
rows = st.lists(st.dictionaries(columns, cells, max_size=8), max_size=4)
bases = st.sampled_from([{}, {"system": "s", "case_id": "c", "metric": "m", "score": 1}])


@given(rows=rows, base=bases, ascii_only=st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_json_rows(rows, base, ascii_only):
    lines = [json.dumps(base | {"trial": i} | row, ensure_ascii=ascii_only) for i, row in enumerate(rows)]
    reads_or_refuses("\n".join(lines).encode("utf-8", "surrogatepass"))


@given(
    lines=st.lists(st.lists(st.text(st.sampled_from('scm01."\n\r\x00, ;-eE_nai'), max_size=4), max_size=5), max_size=4)
)
@settings(max_examples=150, deadline=None)
def test_any_csv_rows(lines):
    text = "system,case_id,metric,score,trial\n" + "\n".join(",".join(line) for line in lines)
    reads_or_refuses(text.encode())


def parquet_bytes() -> bytes:
    buffer = BytesIO()
    columns = {"system": ["s", "s"], "case_id": ["c", "d"], "metric": ["m", "m"], "score": [0.0, 1.0]}
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


@given(
    damage=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=6),
    cut=st.integers(0, 40),
)
@settings(max_examples=150, deadline=None)
def test_any_damage_to_a_parquet_file(damage, cut):
    data = bytearray(parquet_bytes())
    for position, byte in damage:
        data[4 + position % (len(data) - 4)] = byte
    reads_or_refuses(bytes(data[: len(data) - cut] if cut > 30 else data))


@given(
    column=st.sampled_from(["system", "case_id", "metric", "score", "trial", "error", "cluster", "weight", "slice.x"]),
    values=st.one_of(
        st.lists(st.binary(max_size=3), min_size=2, max_size=2),
        st.lists(st.floats(), min_size=2, max_size=2),
        st.lists(st.integers(-(2**63), 2**63 - 1), min_size=2, max_size=2),
        st.lists(st.booleans() | st.none(), min_size=2, max_size=2),
        st.lists(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-9, max_value=9),
                 min_size=2, max_size=2),
        st.lists(st.dates(), min_size=2, max_size=2),
        st.lists(st.dictionaries(st.just("a"), st.integers(0, 9), min_size=1), min_size=2, max_size=2),
    ),
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_any_parquet_column(column, values):
    columns = {"system": ["s", "s"], "case_id": ["c", "d"], "metric": ["m", "m"], "score": [0.0, 1.0]}
    buffer = BytesIO()
    pq.write_table(pa.table(columns | {column: values}), buffer)
    reads_or_refuses(buffer.getvalue())
