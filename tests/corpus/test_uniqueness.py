from pathlib import Path

import pyarrow as pa
import pytest

from corpus import schema, uniqueness
from corpus.lake import Lake, Lineage

DOCUMENTS = schema.TABLES["documents"].schema


def documents(*rows: tuple[str, str], text: str = "t") -> pa.RecordBatch:
    """Documents of (id, uri)."""
    made = [{"id": id_, "source": "s", "uri": uri, "text": text, "license": None, "metadata": []} for id_, uri in rows]
    return pa.RecordBatch.from_pylist(made, DOCUMENTS)


def write(lake: Lake, slot: str, key: str, *batches: pa.RecordBatch) -> None:
    with lake.part_writer("documents", slot, key, DOCUMENTS) as writer:
        for batch in batches:
            writer.write(batch)


def test_a_part_with_an_id_twice_is_refused_and_leaves_nothing(lake: Lake) -> None:
    with pytest.raises(RuntimeError, match=r"the id 1: source 's', uri 'a' and source 's', uri 'c'"):
        write(lake, "one", "k", documents(("1", "a"), ("2", "b")), documents(("1", "c")))
    assert lake.finished("documents", "one") == set()
    assert not list(Path(lake.root).rglob("*.tmp"))


def test_a_commit_with_an_id_of_another_slot_is_refused(lake: Lake) -> None:
    write(lake, "one", "k", documents(("1", "a"), ("2", "b")))
    write(lake, "two", "k", documents(("2", "c")))
    lake.commit("documents", {"one": ["k"]}, Lineage("ingest:one", "one", "k"))
    with pytest.raises(RuntimeError, match=r"the id 2: .*'b' and .*'c'; nothing was committed"):
        lake.commit("documents", {"two": ["k"]}, Lineage("ingest:two", "two", "k"))
    assert lake.version("documents") == 0


def test_what_a_commit_replaces_does_not_count(lake: Lake) -> None:
    write(lake, "one", "k1", documents(("1", "a")))
    write(lake, "one", "k2", documents(("1", "a"), ("2", "b")))
    for key in ("k1", "k2"):
        lake.commit("documents", {"one": [key]}, Lineage("ingest:one", "one", key))
    assert lake.scan("documents").collect().height == 2


def test_a_large_table_is_not_read(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uniqueness, "MAX_ROWS", 1)
    write(lake, "one", "k", documents(("1", "a")))
    write(lake, "one", "l", documents(("1", "c")))
    lake.commit("documents", {"one": ["k", "l"]}, Lineage("ingest:one", "one", "k"))


def test_equal_hashes_of_other_ids_are_no_repeat(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uniqueness, "hashes", lambda ids: uniqueness.np.zeros(len(ids), "u8"))
    write(lake, "one", "k", documents(("1", "a"), ("2", "b")))
    lake.commit("documents", {"one": ["k"]}, Lineage("ingest:one", "one", "k"))


def test_other_tables_may_repeat(lake: Lake) -> None:
    from tests.corpus.test_lake import write as write_rejects

    write_rejects(lake, "one", "k", "a", "a")
