import json
from pathlib import Path

import duckdb
import polars as pl
import pytest
from deltalake import DeltaTable

from corpus.errors import UserError
from corpus.lake import Lake, Lineage
from corpus.tables import Tables, within
from tests.corpus.test_lake import lineage, write


def test_a_reader_sees_what_others_commit(lake: Lake) -> None:
    reader = Tables(lake.url)
    assert reader.tables() == []
    assert reader.parts("rejects") == []
    for i in range(3):
        write(lake, "one", f"k{i}", f"u{i}")
        lake.commit("rejects", {"one": [f"k{i}"]}, lineage("one", f"k{i}"))
        assert reader.version("rejects") == i
        assert [part.path for part in reader.parts("rejects")] == [f"one/k{i}.parquet"]
        assert reader.current("rejects", "one").key == f"k{i}"  # type: ignore[union-attr]
    assert [commit.version for commit in reader.history("rejects")] == [2, 1, 0]


def test_slots_stand_below_slots() -> None:
    assert within("a", "a")
    assert within("a/b", "a")
    assert not within("ab", "a")
    assert not within("a", "a/b")


def test_a_slot_that_was_dropped_was_never_made(lake: Lake) -> None:
    write(lake, "one", "k1", "a")
    write(lake, "two", "k2", "b")
    for slot, key in (("one", "k1"), ("two", "k2")):
        lake.commit("rejects", {slot: [key]}, lineage(slot, key))
    lake.commit("rejects", {"one": []}, Lineage("drop:one", "one", ""))
    assert lake.current("rejects", "one") is None
    assert lake.lineages("rejects").keys() == {"two"}
    lake.commit("rejects", {"one": ["k1"]}, lineage("one", "k1"))
    assert lake.lineages("rejects").keys() == {"one", "two"}


def test_mistakes_are_named(lake: Lake) -> None:
    with pytest.raises(UserError, match="unknown table 'reject'; did you mean 'rejects'"):
        lake.exists("reject")
    write(lake, "one", "k1", "a")
    lake.commit("rejects", {"one": ["k1"]}, lineage("one", "v1"))
    with pytest.raises(UserError, match="has no version 7"):
        lake.scan("rejects", 7)


def test_plain_polars_and_duckdb_read_it_without_pomona(lake: Lake) -> None:
    write(lake, "one", "k1", "a", "b")
    lake.commit("rejects", {"one": ["k1"]}, lineage("one", "v1"))
    path = f"{lake.url}/rejects"
    assert pl.read_delta(path)["uri"].sort().to_list() == ["a", "b"]
    files = DeltaTable(path).file_uris()
    assert duckdb.execute("select count(*) from read_parquet($1)", [files]).fetchall() == [(2,)]
    metadata = json.loads(DeltaTable(path).history()[0]["pomona"])
    assert (metadata["stage"], metadata["key"], metadata["config"]) == ("test", "v1", {"a": 1})


def test_a_path_that_delta_rs_would_decode_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds '%20', which delta-rs takes for an encoded character"):
        Lake(tmp_path / "a%20b")
    Lake(tmp_path / "100% of it #1")
