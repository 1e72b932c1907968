"""Tables of cases: the same out of CSV, JSON Lines and Parquet; what is malformed is named, nothing is written."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evalplat.errors import CaseError, InputError
from evalplat.records import Case, Expectation
from evalplat.sdk.import_cases import import_cases
from evalplat.suites import load_dataset
from evalplat.suites.exchange import CaseTable

ROWS: list[dict[str, Any]] = [
    {"question": "How much, says Ana, is it?\nNow?", "nr": 1, "gold": "4.95", "expect.number": 4.95, "slice.topic": "a",
     "weight": 2.0, "cluster": "k", "author": "ana"},
    {"question": 'Who said "no"?', "nr": 2, "gold": ["x", "y"], "expect.abstain": False, "cluster": "l"},
]  # fmt: skip
RENAMED = {"id": "nr", "input": "question", "expect.answers": "gold"}
CASES = (
    Case(id="1", input="How much, says Ana, is it?\nNow?", expect=Expectation(answers=("4.95",), number=4.95),
         slices={"topic": "a"}, weight=2.0, cluster="k"),
    Case(id="2", input='Who said "no"?', expect=Expectation(answers=("x", "y")), cluster="l"),
)  # fmt: skip


def laid(folder: Path, kind: str) -> Path:
    path = folder / f"cases.{kind}"
    names = list(dict.fromkeys(name for row in ROWS for name in row))
    if kind == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    elif kind == "csv":
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(names)
            for row in ROWS:
                cells = (row.get(name, "") for name in names)
                writer.writerow([json.dumps(cell) if isinstance(cell, list) else cell for cell in cells])
    else:
        wide = [{name: row.get(name) for name in names} for row in ROWS]
        wide[0]["gold"] = [wide[0]["gold"]]
        pq.write_table(pa.Table.from_pylist(wide), path)
    return path


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_the_same_cases_from_every_kind(tmp_path, kind):
    done = import_cases(laid(tmp_path, kind), tmp_path / "out.jsonl", kind=kind, renamed=RENAMED)
    assert load_dataset(tmp_path / "out.jsonl").cases == CASES
    assert (done.n_cases, done.left_out) == (2, ("author",))


def test_cases_as_we_write_them_pass_through(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("".join(case.model_dump_json(exclude_defaults=True) + "\n" for case in CASES))
    assert tuple(CaseTable(path, "jsonl").read()) == CASES


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,input\n1,x\n2\n3,z\n", ":3: has 1 cells where the header has 2"),
        ("id,input\n1,x\n1,y\n", ":3: id: '1' is already at"),
        ("id,input\n1,x\n2,\n", ":3: input: is empty, or there is no such column; --map input=COLUMN"),
        ("id,input,weight\n1,x,\n2,y,heavy\n", ":3: column weight: expected a number, found 'heavy'"),
        ("id,input,weight\n1,x,\n2,y,nan\n", ":3: weight: "),
        ("id,input,expect.abstain\n1,x,\n2,y,maybe\n", ":3: column expect.abstain: expected true or false"),
        ("id,input,expect.answers\n1,x,\n2,y,[1\n", ":3: column expect.answers: expected JSON"),
        ("id,input,expect.pattern\n1,x,\n2,y,(\n", ":3: expect.pattern: is not a regular expression"),
        ('id,input\n1,"x\ny"\n2,"z\n', ":4: is not CSV"),
        ("id,id\n1,2\n", ":1: column 'id' occurs twice"),
        ("id;input\n1;x\n", ":1: is separated by semicolons"),
        ("id,task_id,input\n1,1,x\n", ":2: column task_id: id: is given twice"),
        ("id,input\n", ": has no cases"),
    ],
)
def test_what_is_malformed_in_csv_is_named_and_nothing_is_written(tmp_path, text, said):
    path, out = tmp_path / "c.csv", tmp_path / "out.jsonl"
    path.write_text(text)
    out.write_text("as it was")
    with pytest.raises(CaseError) as caught:
        import_cases(path, out, kind="csv")
    assert str(caught.value).startswith(f"{path}{said}")
    assert "\n" not in str(caught.value)
    assert out.read_text() == "as it was"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["c.csv", "out.jsonl"]


def test_bytes_that_are_no_text_and_columns_that_are_not_there(tmp_path):
    path = tmp_path / "c.csv"
    path.write_bytes(b"id,input\n1,x\n2,\xff\n")
    with pytest.raises(CaseError, match=r"c\.csv:3: byte 0xff is not UTF-8"):
        list(CaseTable(path, "csv").read())
    path.write_text("id,input\n1,x\n")
    with pytest.raises(CaseError, match="has no column 'gold', which --map names"):
        list(CaseTable(path, "csv", {"expect.answers": "gold"}).read())
    with pytest.raises(InputError, match="a case has no field 'answer'"):
        CaseTable(path, "csv", {"answer": "gold"})
    path.write_bytes(b"not parquet")
    with pytest.raises(CaseError, match="is not a readable Parquet file"):
        list(CaseTable(path, "parquet").read())
    pq.write_table(pa.table({"id": ["a", "b"], "input": ["x", "y"], "weight": [1.0, float("nan")]}), path)
    with pytest.raises(InputError, match=r"c\.csv: row 2: weight: holds NaN"):
        list(CaseTable(path, "parquet").read())


def test_a_large_table_is_read_in_the_memory_of_a_few_rows(tmp_path):
    import tracemalloc

    path = tmp_path / "c.csv"
    with path.open("w") as file:
        file.write("id,input\n")
        file.writelines(f"{at},{'x' * 2000}\n" for at in range(10_000))
    tracemalloc.start()
    assert sum(1 for _ in CaseTable(path, "csv").read()) == 10_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 2**20  # the file has 20 MB
