from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpus.records import Reject
from corpus.sources import parquet
from corpus.sources.files import File

OPTIONS = {"max_record_bytes": 1 << 20}


def file(tmp_path: Path, table: pa.Table, **how: object) -> File:
    path = tmp_path / "a.parquet"
    pq.write_table(table, path, **how)
    return File(str(path), path.stat().st_size, "1")


def read(f: File, n_bytes: int = 1 << 30, **options: object) -> tuple[list[dict], list[Reject]]:
    rows, rejects = [], []
    for span in parquet.cut(f, n_bytes):
        for found in parquet.read(f, span, OPTIONS | options):
            if isinstance(found, Reject):
                rejects.append(found)
            else:
                rows += found.to_pylist()
    return rows, rejects


def test_rows_become_texts_whatever_the_cut(tmp_path: Path) -> None:
    f = file(tmp_path, pa.table({"text": [f"t{i}" for i in range(100)]}), row_group_size=7)
    whole, _ = read(f)
    assert [row["text"] for row in whole] == [f"t{i}" for i in range(100)]
    assert [row["position"] for row in whole] == [str(i) for i in range(100)]
    assert len(parquet.cut(f, 1)) == 15
    assert read(f, 1)[0] == whole


def test_columns_are_mapped_and_typed_values_kept_as_text(tmp_path: Path) -> None:
    table = pa.table({
        "body": ["x", None, "z"], "url": ["u", "v", ""], "lic": ["MIT", None, None],
        "score": [1.5, None, 2.0], "tags": [["a"], None, []], "other": [1, 2, 3],
    })  # fmt: skip
    rows, rejects = read(
        file(tmp_path, table),
        text_column="body",
        uri_column="url",
        license_column="lic",
        metadata_columns=["score", "tags"],
    )
    assert [(r["text"], r["license"]) for r in rows] == [("x", "MIT"), ("z", None)]
    assert rows[0]["uri"] == "u"
    assert rows[1]["uri"].endswith("a.parquet#2")
    assert dict(rows[0]["metadata"]) == {"score": "1.5", "tags": '["a"]'}
    assert [(r.reason, r.position) for r in rejects] == [("missing_column", "1")]


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    _, [missing] = read(file(tmp_path, pa.table({"other": ["x"]})))
    assert (missing.reason, missing.detail, missing.position) == ("missing_column", "no 'text' among other", "0")
    _, [typed] = read(file(tmp_path, pa.table({"text": [1]})))
    assert typed.reason == "not_text"
    broken = tmp_path / "b.parquet"
    broken.write_bytes(b"PAR1 no more than that")
    _, [corrupt] = read(File(str(broken), 22, "1"))
    assert corrupt.reason == "corrupt"


def strings(*values: bytes | None, kind: pa.DataType | None = None) -> pa.Array:
    """A string column over any bytes: what a writer that does not check leaves behind."""
    return pa.array(values, pa.binary()).view(kind or pa.string())


LATIN = b"caf\xe9"


def test_a_text_that_is_not_utf8_costs_its_row(tmp_path: Path) -> None:
    rows, rejects = read(file(tmp_path, pa.table({"text": strings(b"one", LATIN, b"two", None)})))
    assert [row["text"] for row in rows] == ["one", "two"]
    assert [(r.reason, r.position) for r in rejects] == [("missing_column", "3"), ("encoding", "1")]


@pytest.mark.parametrize("column", ["url", "lic", "title"])
def test_any_other_column_that_is_not_utf8_costs_its_row(tmp_path: Path, column: str) -> None:
    table = pa.table({"text": ["a", "b", "c"], "url": ["u", "v", "w"], "lic": ["l"] * 3, "title": ["t"] * 3})
    table = table.set_column(table.column_names.index(column), column, strings(b"x", LATIN, None))
    options = {"uri_column": "url", "license_column": "lic", "metadata_columns": ["title"]}
    rows, [refused] = read(file(tmp_path, table), **options)
    assert [row["text"] for row in rows] == ["a", "c"]
    assert (refused.reason, refused.position) == ("encoding", "1")
    assert repr(column) in refused.detail


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view(),
     pa.dictionary(pa.int32(), pa.string()), pa.dictionary(pa.int8(), pa.large_string())],
    ids=str,
)  # fmt: skip
def test_text_columns_of_every_type(tmp_path: Path, kind: pa.DataType) -> None:
    values = ["ein", "zwei", "drei", "zwei", None, "ünf"]
    column = pa.array(values).cast(pa.string())
    column = column.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else column.cast(kind)
    rows, rejects = read(file(tmp_path, pa.table({"text": column})))
    assert [row["text"] for row in rows] == ["ein", "zwei", "drei", "zwei", "ünf"]
    assert [r.position for r in rejects] == ["4"]


def test_a_small_file_of_large_rows_is_read_a_few_rows_at_a_time(tmp_path: Path) -> None:
    f = file(tmp_path, pa.table({"text": ["x" * 500_000] * 400}))
    assert f.n_bytes < 30_000
    sizes = [len(batch) for batch in parquet.read(f, None, OPTIONS) if not isinstance(batch, Reject)]
    assert sum(sizes) == 400
    assert max(sizes) * 500_000 <= 256 * 500_000
    rows, rejects = read(f, max_record_bytes=499_999)
    assert rows == []
    assert {r.reason for r in rejects} == {"too_large"}
    assert len(rejects) == 400


def test_a_broken_row_group_costs_itself(tmp_path: Path) -> None:
    import random

    words = random.Random(0)
    f = file(tmp_path, pa.table({"text": [words.randbytes(300).hex() for _ in range(300)]}), row_group_size=100)
    raw = bytearray(Path(f.path).read_bytes())
    at = pq.ParquetFile(f.path).metadata.row_group(1).column(0).data_page_offset
    raw[at + 30 : at + 60] = bytes(30)
    Path(f.path).write_bytes(raw)
    rows, rejects = read(f)
    assert {int(row["position"]) for row in rows} >= {*range(100), *range(200, 300)}
    assert len(rejects) == (1 if len(rows) < 300 else 0)


def test_rows_of_every_cut_are_those_that_pyarrow_counts(tmp_path: Path) -> None:
    column = strings(*(LATIN if i % 7 == 0 else None if i % 5 == 0 else b"text" for i in range(500)))
    f = file(tmp_path, pa.table({"text": column}), row_group_size=23)
    for n_bytes in (1, 300, 1 << 30):
        rows, rejects = read(f, n_bytes)
        assert len(rows) + len(rejects) == pq.ParquetFile(f.path).metadata.num_rows == 500
        assert len({r["position"] for r in rows} | {r.position for r in rejects}) == 500


def test_names_of_columns_are_seen_with_those_of_the_folders(tmp_path: Path) -> None:
    (tmp_path / "lang=zh").mkdir()
    f = file(tmp_path / "lang=zh", pa.table({"body": ["x"]}))
    assert parquet.columns_of(f, 1000) == {"body", "lang"}
    rows, _ = read(f, text_column="body", metadata_columns=["lang"])
    assert dict(rows[0]["metadata"]) == {"lang": "zh"}


def test_a_value_that_python_cannot_hold_costs_its_row(tmp_path: Path) -> None:
    days = pa.array([[1], [2**31 - 1], [3]], pa.list_(pa.int32())).cast(pa.list_(pa.date32()))
    rows, [refused] = read(file(tmp_path, pa.table({"text": ["a", "b", "c"], "m": days})), metadata_columns=["m"])
    assert [row["text"] for row in rows] == ["a", "c"]
    assert refused.position == "1"


def test_a_column_that_is_there_twice_is_named(tmp_path: Path) -> None:
    f = file(tmp_path, pa.Table.from_arrays([pa.array(["a", "b"]), pa.array(["c", "d"])], names=["text", "text"]))
    rows, rejects = read(f)
    assert rows == []
    assert [r.detail for r in rejects] == ["column 'text' appears 2 times"] * 2


def test_json_columns_are_read_as_text(tmp_path: Path) -> None:
    kind = pa.json_()
    column = pa.ExtensionArray.from_storage(kind, pa.array(['{"a": 1}', "caf"], pa.string()))
    bad = pa.ExtensionArray.from_storage(kind, strings(b"x", LATIN))
    rows, rejects = read(file(tmp_path, pa.table({"text": column, "m": bad})), metadata_columns=["m"])
    assert [row["text"] for row in rows] == ['{"a": 1}']
    assert [r.position for r in rejects] == ["1"]


def test_each_row_of_a_damaged_row_group_is_a_reject(tmp_path: Path) -> None:
    table = pa.table({"text": [f"text number {i} {i * 7919}" for i in range(100)]})
    f = file(tmp_path, table, row_group_size=50, compression="zstd", use_dictionary=False)
    raw = bytearray(Path(f.path).read_bytes())
    column = pq.ParquetFile(f.path).metadata.row_group(0).column(0)
    at = column.data_page_offset + column.total_compressed_size // 2
    raw[at : at + 40] = b"\xff" * 40
    Path(f.path).write_bytes(raw)
    rows, rejects = read(f)
    assert len(rows) + len(rejects) == 100
    assert [row["position"] for row in rows] == [str(i) for i in range(50, 100)]
    assert [reject.position for reject in rejects] == [str(i) for i in range(50)]
