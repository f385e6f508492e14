import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpus import owner, parts, schema
from corpus.errors import UserError
from corpus.lake import Lake, Lineage

REJECTS = schema.TABLES["rejects"].schema


def rejects(*uris: str) -> pa.RecordBatch:
    columns = [["s"] * len(uris), list(uris), [""] * len(uris), ["empty"] * len(uris), [""] * len(uris)]
    return pa.record_batch([pa.array(c, f.type) for c, f in zip(columns, REJECTS, strict=True)], schema=REJECTS)


def write(lake: Lake, slot: str, key: str, *uris: str) -> None:
    with lake.part_writer("rejects", slot, key, REJECTS) as writer:
        writer.write(rejects(*uris))


def lineage(slot: str, key: str) -> Lineage:
    return Lineage("test", slot, key, {"a": 1}, {"b": 2})


def uris(lake: Lake, version: int | None = None) -> list[str]:
    return sorted(lake.scan("rejects", version).collect()["uri"].to_list())


def test_a_part_is_in_the_table_once_it_is_committed(lake: Lake) -> None:
    write(lake, "one", "k1", "a", "b")
    assert lake.tables() == []
    assert lake.scan("rejects").collect().height == 0
    assert lake.finished("rejects", "one") == {"k1"}
    assert lake.commit("rejects", {"one": ["k1"]}, lineage("one", "v1")) == 0
    assert uris(lake) == ["a", "b"]


def test_a_commit_replaces_its_slot_and_no_other_and_old_versions_stay(lake: Lake) -> None:
    for slot, key, uri in (("one", "k1", "a"), ("two", "k2", "b"), ("one", "k3", "c")):
        write(lake, slot, key, uri)
    lake.commit("rejects", {"one": ["k1"]}, lineage("one", "v1"))
    lake.commit("rejects", {"two": ["k2"]}, lineage("two", "v1"))
    lake.commit("rejects", {"one": ["k3"]}, lineage("one", "v2"))
    assert uris(lake) == ["b", "c"]
    assert [uris(lake, version) for version in range(3)] == [["a"], ["a", "b"], ["b", "c"]]
    current = lake.current("rejects", "one")
    assert current is not None
    assert current.key == "v2"
    assert lake.lineages("rejects").keys() == {"one", "two"}


def test_committing_the_same_twice_changes_nothing(lake: Lake) -> None:
    write(lake, "one", "k1", "a")
    assert lake.commit("rejects", {"one": ["k1"]}, lineage("one", "v1")) == 0
    assert lake.commit("rejects", {"one": ["k1"]}, lineage("one", "v1")) == 0


def test_a_part_that_comes_back_is_in_the_table_again(lake: Lake) -> None:
    write(lake, "one", "k1", "a")
    write(lake, "one", "k2", "b")
    for keys in (["k1"], ["k2"], ["k1"]):
        lake.commit("rejects", {"one": keys}, lineage("one", keys[0]))
    assert uris(lake) == ["a"]


def test_a_part_without_rows_is_left_out(lake: Lake) -> None:
    write(lake, "one", "k1")
    lake.commit("rejects", {"one": ["k1"]}, lineage("one", "v1"))
    assert lake.parts("rejects") == []
    assert lake.exists("rejects")


def test_a_writer_that_raises_leaves_no_part(lake: Lake) -> None:
    def fails() -> None:
        with lake.part_writer("rejects", "one", "k1", REJECTS) as writer:
            writer.write(rejects("a"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert lake.finished("rejects", "one") == set()
    assert list(Path(lake.root).rglob("*.tmp")) == []


def test_a_process_killed_while_it_writes_leaves_no_part(lake: Lake) -> None:
    code = (
        "import os, sys; from tests.corpus.test_lake import *; lake = Lake(sys.argv[1])\n"
        "with lake.part_writer('rejects', 'one', 'k1', REJECTS) as writer:\n"
        "    writer.write(rejects('a')); writer._flush(); os.kill(os.getpid(), 9)"
    )
    root = str(Path(__file__).resolve().parents[2])
    ended = subprocess.run([sys.executable, "-c", code, lake.url], cwd=root, check=False)
    assert ended.returncode == -9
    assert lake.finished("rejects", "one") == set()
    write(lake, "one", "k1", "b")
    lake.commit("rejects", {"one": ["k1"]}, lineage("one", "v1"))
    assert uris(lake) == ["b"]
    assert list(Path(lake.root).rglob("*.tmp")) == []


def test_temporaries_of_a_run_that_lives_stay(lake: Lake) -> None:
    with lake.part_writer("rejects", "one", "k1", REJECTS) as writer:
        writer.write(rejects("a"))
        write(lake, "one", "k2", "b")
        lake.commit("rejects", {"one": ["k2"]}, lineage("one", "v1"), token=owner.new_token())
    assert lake.finished("rejects", "one") == {"k1", "k2"}


def test_a_commit_sweeps_its_run_s_temporaries(lake: Lake) -> None:
    token = owner.new_token()
    stray = lake.part_writer("rejects", "one", "k1", REJECTS, token=token)
    stray.__enter__()  # as a worker leaves it that was killed
    write(lake, "one", "k2", "b")
    lake.commit("rejects", {"one": ["k2"]}, lineage("one", "v1"), token=token)
    assert list(Path(lake.root).rglob("*.tmp")) == []


def test_a_part_that_is_there_stays_and_a_broken_one_is_replaced(lake: Lake) -> None:
    write(lake, "one", "k1", "a")
    path = Path(lake.root) / "rejects" / "one" / "k1.parquet"
    before = path.stat()
    write(lake, "one", "k1", "b")
    assert path.stat().st_ino == before.st_ino
    path.write_bytes(path.read_bytes()[:-1])
    assert lake.finished("rejects", "one") == set()
    write(lake, "one", "k1", "b")
    assert lake.finished("rejects", "one") == {"k1"}
    assert list(Path(lake.root).rglob("*.tmp")) == []


def test_a_schema_that_differs_is_refused(lake: Lake) -> None:
    wrong = pa.schema([pa.field("uri", pa.string())])
    with pytest.raises(UserError, match="table 'rejects' takes"), lake.part_writer("rejects", "one", "k", wrong):
        pass


def test_a_new_column_replaces_an_open_ended_table(lake: Lake) -> None:
    fixed = schema.TABLES["signals"].schema
    first, second = fixed.append(pa.field("x", pa.int64())), fixed.append(pa.field("y", pa.float64()))
    for arrow, key in ((first, "k1"), (second, "k2")):
        with lake.part_writer("signals", "signals", key, arrow) as writer:
            row = [["i"], ["s"], pa.array([5]), pa.array([0], pa.int32()), pa.array([1], arrow.field(4).type)]
            writer.write(pa.record_batch(row, schema=arrow))
        lake.commit("signals", {"signals": [key]}, lineage("signals", key), arrow)
    assert lake.scan("signals").collect().columns == ["id", "source", "row_group", "row", "y"]
    assert lake.scan("signals", 0).collect().columns == ["id", "source", "row_group", "row", "x"]


def test_row_groups_are_bounded_and_compressed(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "ROW_GROUP_BYTES", 1000)
    with lake.part_writer("rejects", "one", "k1", REJECTS) as writer:
        for i in range(100):
            writer.write(rejects(f"{i:0100d}"))
    metadata = pq.ParquetFile(f"{lake.url}/rejects/one/k1.parquet").metadata
    assert metadata.num_rows == 100
    assert metadata.num_row_groups > 5
    assert metadata.row_group(0).column(1).compression == "ZSTD"


def test_vacuum_deletes_what_no_current_version_names(lake: Lake) -> None:
    write(lake, "one", "k1", "a")
    write(lake, "one", "k2", "b")
    write(lake, "one", "stray", "c")
    lake.commit("rejects", {"one": ["k1"]}, lineage("one", "v1"))
    lake.commit("rejects", {"one": ["k2"]}, lineage("one", "v2"))
    lake.vacuum("rejects", dry_run=False)
    assert lake.finished("rejects", "one") == {"k2"}
    assert uris(lake) == ["b"]


def test_a_slot_without_a_folder_can_be_dropped(lake: Lake) -> None:
    write(lake, "one", "k1", "a")
    lake.commit("rejects", {"one": ["k1"]}, lineage("one", "v1"))
    lake.commit("rejects", {"two": []}, Lineage("drop:two", "two", ""))
    assert uris(lake) == ["a"]


def test_vacuum_keeps_parts_without_rows(lake: Lake) -> None:
    write(lake, "one", "k1", "a")
    write(lake, "one", "none")
    lake.commit("rejects", {"one": ["k1", "none"]}, lineage("one", "v1"))
    assert lake.vacuum("rejects", dry_run=False) == []
    assert lake.finished("rejects", "one") == {"k1", "none"}  # its item is not made again


def test_a_lake_can_be_pickled(lake: Lake) -> None:
    import pickle

    assert pickle.loads(pickle.dumps(lake)).url == lake.url  # noqa: S301 - our own bytes


def test_an_object_store_url_works_alike() -> None:
    lake = Lake("memory://bucket/lake")
    write(lake, "one", "k1", "a")
    assert lake.finished("rejects", "one") == {"k1"}
    assert lake.open_part("rejects", "one/k1.parquet").metadata.num_rows == 1
    assert os.path.basename(lake.root) == "lake"


def seen_in_a_snapshot(mine: Lake, other: Lake) -> None:
    """`other` stands for another process."""
    write(mine, "one", "k1", "a")
    mine.commit("rejects", {"one": ["k1"]}, lineage("one", "v1"))
    with mine.snapshot():
        assert uris(mine) == ["a"]
        assert not mine.exists("documents")
        write(other, "two", "k2", "b")
        other.commit("rejects", {"two": ["k2"]}, lineage("two", "v1"))
        with mine.snapshot():
            assert uris(mine) == ["a"]
        assert uris(mine) == ["a"]
        write(mine, "three", "k3", "c")
        assert mine.commit("rejects", {"three": ["k3"]}, lineage("three", "v1")) == 2
        assert uris(mine) == ["a", "b", "c"]
    write(other, "two", "k4", "d")
    other.commit("rejects", {"two": ["k4"]}, lineage("two", "v2"))
    assert uris(mine) == ["a", "c", "d"]


def test_a_snapshot_sees_one_state_and_its_own_commits(lake: Lake) -> None:
    seen_in_a_snapshot(lake, Lake(lake.url))


def test_a_table_that_comes_after_a_snapshot_is_seen(lake: Lake) -> None:
    other = Lake(lake.url)
    with lake.snapshot():
        assert lake.tables() == []
        write(other, "one", "k1", "a")
        other.commit("rejects", {"one": ["k1"]}, lineage("one", "v1"))
        assert lake.tables() == []
    assert lake.tables() == ["rejects"]
    assert uris(lake) == ["a"]
