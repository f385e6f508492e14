from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpus import parts, schema
from corpus.lake import Lake, Lineage
from corpus.parts import check_strings, is_whole
from tests.corpus.test_lake import REJECTS, rejects, write
from tests.corpus.test_uniqueness import DOCUMENTS

BAD = b"caf\xe9"


def text(kind: pa.DataType) -> pa.Array:
    """One string that is no UTF-8, which Arrow does not notice."""
    if kind == pa.string_view():
        view = np.array([len(BAD)], np.int32).tobytes() + BAD.ljust(12, b"\0")
        return pa.Array.from_buffers(kind, 1, [None, pa.py_buffer(view)])
    offsets = np.array([0, len(BAD)], np.int64 if kind == pa.large_string() else np.int32)
    return pa.Array.from_buffers(kind, 1, [None, pa.py_buffer(offsets.tobytes()), pa.py_buffer(BAD)])


BROKEN = text(pa.string())
ONE = pa.array([0, 1], pa.int32())
DEPTHS = {
    "string": BROKEN,
    "large_string": text(pa.large_string()),
    "string_view": text(pa.string_view()),
    "list": pa.ListArray.from_arrays(ONE, BROKEN),
    "struct": pa.StructArray.from_arrays([BROKEN], ["a"]),
    "map value": pa.MapArray.from_arrays(ONE, pa.array(["k"]), BROKEN),
    "map key": pa.MapArray.from_arrays(ONE, BROKEN, pa.array(["v"])),
    "dictionary": pa.DictionaryArray.from_arrays(pa.array([0], pa.int32()), BROKEN),
    "list of structs": pa.ListArray.from_arrays(ONE, pa.StructArray.from_arrays([BROKEN], ["a"])),
}


@pytest.mark.parametrize("depth", DEPTHS)
def test_no_string_is_written_that_is_no_utf8(depth: str) -> None:
    batch = pa.record_batch([pa.array([1]), DEPTHS[depth]], names=["fine", "broken"])
    with pytest.raises(RuntimeError, match=r"table 'rejects', column 'broken': .*UTF8"):
        check_strings("rejects", batch)


@pytest.mark.parametrize("place", [0, 1])
def test_a_slice_of_a_nested_column_is_checked_by_its_own_rows(place: int) -> None:
    many = pa.concat_arrays([DEPTHS["map value"], pa.array([[("k", "v" * 100)]] * 50, DEPTHS["map value"].type)])
    batch = pa.record_batch([many], names=["x"]).slice(place, 1)
    if place:
        check_strings("documents", batch)
    else:
        with pytest.raises(RuntimeError, match="UTF8"):
            check_strings("documents", batch)


def test_the_writer_refuses_it_and_leaves_no_part(lake: Lake) -> None:
    columns = [BROKEN if field.name == "uri" else pa.array(["x"]) for field in REJECTS]
    broken = pa.record_batch(columns, schema=REJECTS)
    with pytest.raises(RuntimeError, match="table 'rejects', column 'uri'"):
        groups(lake, "rejects", REJECTS, rejects("a"), broken)
    assert lake.finished("rejects", "one") == set()


def documents(*lengths: int) -> pa.RecordBatch:
    rows = [
        {"id": f"{i}-{n}", "source": "s", "uri": "u", "text": "x" * n, "license": None, "metadata": []}
        for i, n in enumerate(lengths)
    ]
    return pa.RecordBatch.from_pylist(rows, DOCUMENTS)


def groups(lake: Lake, table: str, arrow: pa.Schema, *batches: pa.RecordBatch) -> list[int]:
    """Rows of each row group of a part with these batches."""
    with lake.part_writer(table, "one", "k", arrow) as writer:
        for batch in batches:
            writer.write(batch)
    file = pq.ParquetFile(f"{lake.url}/{table}/one/k.parquet")
    whole = pa.Table.from_batches(batches, arrow)
    assert file.read().equals(whole)  # nothing lost, nothing turned round
    return [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "ROW_GROUP_BYTES", 1000)
    monkeypatch.setattr(parts, "LONG_DOCUMENT_BYTES", 400)


@pytest.mark.usefixtures("small")
def test_a_batch_that_is_too_large_is_several_row_groups(lake: Lake) -> None:
    came = groups(lake, "documents", DOCUMENTS, documents(*[200] * 20))
    assert sum(came) == 20
    assert max(came) == 4  # 200 bytes of text and some of the other columns, in 1,000


@pytest.mark.usefixtures("small")
def test_small_batches_share_a_row_group(lake: Lake) -> None:
    few = [documents(10).set_column(0, "id", pa.array([f"{i:02}"])).cast(DOCUMENTS) for i in range(60)]
    came = groups(lake, "documents", DOCUMENTS, *few)
    assert len(came) < 6
    assert len(set(came[:-1])) == 1


@pytest.mark.usefixtures("small")
def test_a_long_document_is_alone_at_any_place(lake: Lake) -> None:
    assert groups(lake, "documents", DOCUMENTS, documents(401, 10, 20, 5000, 5000, 400, 401)) == [1, 2, 1, 1, 1, 1]


@pytest.mark.usefixtures("small")
def test_in_other_tables_a_large_row_only_fills_its_group(lake: Lake) -> None:
    assert groups(lake, "rejects", REJECTS, rejects("a", "b" * 2000, "c", "d")) == [1, 1, 2]


def test_rows_are_bounded_where_the_table_says_so(lake: Lake) -> None:
    arrow = schema.TABLES["decisions"].schema
    row = {
        "id": "i",
        "source": "s",
        "stage": "t",
        "kept": True,
        "reasons": [],
        "measured": [],
        "row_group": 0,
        "row": 0,
    }
    batch = pa.RecordBatch.from_pylist([row] * 50_000, arrow)
    assert groups(lake, "decisions", arrow, batch, batch, batch) == [65536, 65536, 150_000 - 2 * 65536]


def test_a_batch_can_be_a_row_group_an_empty_one_too(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "ROW_GROUP_BYTES", 10)
    with lake.part_writer("rejects", "one", "k", REJECTS, row_group_per_batch=True) as writer:
        for batch in (rejects("a", "b"), rejects(), rejects("c")):
            writer.write(batch)
    metadata = pq.ParquetFile(f"{lake.url}/rejects/one/k.parquet").metadata
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [2, 0, 1]


def test_documents_have_no_more_row_groups_than_can_be_numbered(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MAX_ROW_GROUPS", 3)
    monkeypatch.setattr(parts, "LONG_DOCUMENT_BYTES", 1)
    with pytest.raises(RuntimeError, match="a part of documents has more than 3 row groups"):
        groups(lake, "documents", DOCUMENTS, documents(2, 2, 2, 2))


@pytest.mark.parametrize("cut", [0, 1, 4, 8, 11, 12, 100, -1])
def test_a_part_is_whole_or_not(lake: Lake, cut: int) -> None:
    write(lake, "one", "k", "a")
    path = Path(lake.root) / "rejects" / "one" / "k.parquet"
    whole = path.read_bytes()
    assert is_whole(str(path))
    path.write_bytes(whole[:cut])
    assert not is_whole(str(path))
    assert lake.finished("rejects", "one") == set()
    path.write_bytes(b"\0" * len(whole))  # its length was on disk, its bytes were not
    assert not is_whole(str(path))
    path.write_bytes(whole[:4] + whole[-12:])  # a footer that does not fit
    assert not is_whole(str(path))
    path.unlink()
    assert not is_whole(str(path))
    write(lake, "one", "k", "a")
    assert path.read_bytes() == whole


def test_numbers_beside_the_rows_are_kept_and_summed(lake: Lake) -> None:
    arrow = schema.TABLES["rejects"].schema
    for key, n in (("k1", 2), ("k2", 5)):
        with lake.part_writer("rejects", "one", key, arrow) as writer:
            row = {"source": "s", "uri": key, "position": "", "reason": "binary", "detail": ""}
            batch = pa.RecordBatch.from_pylist([row], arrow)
            writer.write(parts.with_counts(batch, seen=n))
            writer.write(parts.with_counts(batch, seen=n, other=1))
            writer.write(batch)
    lake.commit("rejects", {"one": ["k1", "k2"]}, Lineage("stage", "one", "k"))
    assert lake.counts("rejects", "one") == {"seen": 14, "other": 2}
    assert lake.counts("rejects", "none") == {}
    assert lake.scan("rejects").collect().height == 6
