"""Commits that race: nothing is lost, nothing doubled, whoever comes first."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from corpus import schema, transaction
from corpus.lake import Lake, Lineage, Part
from tests.corpus.test_lake import lineage, uris, write

ROOT = Path(__file__).resolve().parents[2]

_COMMITTER = """
import sys, time
from corpus.lake import Lake
from tests.corpus.test_lake import *
lake, slot, start, n = Lake(sys.argv[1]), sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
time.sleep(max(0, start - time.time()))
for i in range(n):
    write(lake, slot, f"{slot}-{i}", f"{slot}-{i}", f"{slot}-{i}-more")
    lake.commit("rejects", {slot: [f"{slot}-{i}"]}, lineage(slot, f"{slot}-{i}"))
    assert f"{slot}-{i}" in uris(lake)
"""


def race(lake: Lake, slots: list[str], n: int) -> None:
    """A process for each slot, which commits `n` times to the table that none has made yet."""
    start = str(time.time() + 3)
    runs = [
        subprocess.Popen([sys.executable, "-c", _COMMITTER, lake.url, slot, start, str(n)], cwd=ROOT) for slot in slots
    ]
    assert [run.wait(timeout=300) for run in runs] == [0] * len(slots)


def check(lake: Lake, slots: list[str], n: int) -> None:
    last = [f"{slot}-{n - 1}" for slot in slots]
    assert uris(lake) == sorted([*last, *(f"{uri}-more" for uri in last)])
    made = lake.history("rejects")
    assert len(made) == lake.version("rejects") + 1 == len(slots) * n  # type: ignore[operator]
    for slot in slots:  # every commit of every process is in the history, in its order
        keys = [commit.lineage.key for commit in made if commit.lineage and commit.lineage.slot == slot]
        assert keys == [f"{slot}-{i}" for i in reversed(range(n))]


def test_processes_commit_to_one_table_and_nothing_is_lost_or_doubled(lake: Lake) -> None:
    slots = ["one", "two", "three", "four"]
    race(lake, slots, 15)
    check(lake, slots, 15)


@pytest.mark.slow
def test_they_do_so_for_long(lake: Lake) -> None:
    slots = [f"s{i}" for i in range(6)]
    race(lake, slots, 150)
    check(lake, slots, 150)


def test_in_a_bucket_too(bucket: str) -> None:
    lake, slots = Lake(bucket), ["one", "two", "three"]
    race(lake, slots, 4)
    check(lake, slots, 4)


def test_a_part_that_another_process_added_to_the_slot_meanwhile_is_replaced(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is replaced is computed in the transaction: a commit that only adds passes delta-rs's own check."""
    other = Lake(lake.url)
    for key in ("k0", "k1", "k2"):
        write(lake, "one", key, key)
    write(lake, "two", "k", "two")
    lake.commit("rejects", {"two": ["k"]}, lineage("two", "k"))
    replace, raced = transaction.replace, []

    def late(*arguments: object) -> None:
        if not raced:
            raced.append(True)
            other.commit("rejects", {"one": ["k1"]}, lineage("one", "k1"))
        replace(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(transaction, "replace", late)
    assert lake.commit("rejects", {"one": ["k2"]}, lineage("one", "k2")) == 2
    assert uris(lake) == ["k2", "two"]
    assert lake.current("rejects", "one").key == "k2"  # type: ignore[union-attr]


def test_a_fault_that_is_no_conflict_is_raised_at_once(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []

    def fails(*_: object) -> None:
        tries.append(1)
        raise DeltaError("disk full")

    write(lake, "one", "k", "a")
    monkeypatch.setattr(transaction, "create", fails)
    with pytest.raises(DeltaError, match="disk full"):
        lake.commit("rejects", {"one": ["k"]}, lineage("one", "k"))
    assert tries == [1]


def test_a_commit_whose_answer_was_lost_is_seen_to_be_there(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = transaction.replace

    def unheard(*arguments: object) -> None:
        replace(*arguments)  # type: ignore[arg-type]
        raise DeltaError("connection reset")

    write(lake, "one", "k0", "a")
    write(lake, "one", "k1", "b")
    lake.commit("rejects", {"one": ["k0"]}, lineage("one", "k0"))
    monkeypatch.setattr(transaction, "replace", unheard)
    assert lake.commit("rejects", {"one": ["k1"]}, lineage("one", "k1")) == 1
    assert uris(lake) == ["b"]


FIXED = schema.TABLES["signals"].schema
FIRST, SECOND = FIXED.append(pa.field("x", pa.int64())), FIXED.append(pa.field("y", pa.int64()))


def signals(lake: Lake, slot: str, key: str, arrow: pa.Schema) -> None:
    with lake.part_writer("signals", slot, key, arrow) as writer:
        row = [[slot], [key], pa.array([5]), pa.array([0], pa.int32()), pa.array([1])]
        writer.write(pa.record_batch(row, schema=arrow))


def test_new_columns_take_other_slots_out_and_say_so(lake: Lake) -> None:
    for slot in ("one", "two"):
        signals(lake, slot, "k", FIRST)
        lake.commit("signals", {slot: ["k"]}, lineage(slot, "k"), FIRST)
    signals(lake, "one", "l", SECOND)
    lake.commit("signals", {"one": ["l"]}, lineage("one", "l"), SECOND)
    assert lake.scan("signals").collect()["id"].to_list() == ["one"]
    assert lake.lineages("signals").keys() == {"one"}
    assert lake.current("signals", "two") is None  # so that its stage runs again
    assert lake.history("signals")[0].lost == ("two",)
    signals(lake, "two", "l", SECOND)
    lake.commit("signals", {"two": ["l"]}, lineage("two", "l"), SECOND)
    assert lake.lineages("signals").keys() == {"one", "two"}


def test_new_columns_do_not_overwrite_what_was_committed_meanwhile(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Lake(lake.url)
    signals(lake, "one", "k", FIRST)
    lake.commit("signals", {"one": ["k"]}, lineage("one", "k"), FIRST)
    for slot in ("one", "two"):
        signals(lake, slot, "l", SECOND)
    replace_all, raced = transaction.replace_all, []

    def late(*arguments: object) -> None:
        if not raced:
            raced.append(True)
            other.commit("signals", {"two": ["l"]}, lineage("two", "l"), SECOND)
        replace_all(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(transaction, "replace_all", late)
    lake.commit("signals", {"one": ["l"]}, lineage("one", "l"), SECOND)
    assert sorted(lake.scan("signals").collect()["id"]) == ["one", "two"]
    assert lake.lineages("signals").keys() == {"one", "two"}


def test_a_part_of_another_size_is_named_anew(lake: Lake) -> None:
    """A damaged part that was made again, by a version that cuts row groups elsewhere."""
    write(lake, "one", "k", "a")
    lake.commit("rejects", {"one": ["k"]}, lineage("one", "k"))
    path = Path(lake.root) / "rejects" / "one" / "k.parquet"
    path.unlink()
    assert lake.damaged("rejects") == lake.parts("rejects")
    write(lake, "one", "k", "a", "b")
    assert lake.damaged("rejects", "one") == lake.parts("rejects")
    lake.commit("rejects", {"one": ["k"]}, lineage("one", "k"))
    assert lake.damaged("rejects") == []
    assert lake.parts("rejects") == [Part("one/k.parquet", 2, path.stat().st_size)]
    assert uris(lake) == ["a", "b"]


def test_a_part_with_other_columns_is_refused(lake: Lake) -> None:
    signals(lake, "one", "k", FIRST)
    with pytest.raises(RuntimeError, match=r"part one/k.parquet of signals has the columns .*: its stage changed"):
        lake.commit("signals", {"one": ["k"]}, lineage("one", "k"), SECOND)


@pytest.fixture
def table(tmp_path: Path) -> str:
    return str(tmp_path / "table")


def test_a_try_is_for_one_version(table: str) -> None:
    arrow, made = pa.schema([pa.field("a", pa.string())]), Lineage("s", "one", "k")
    one, two, three = (Part(f"one/{i}.parquet", 1, 10) for i in range(3))
    transaction.create(table, {}, [one], made, arrow)
    with pytest.raises(DeltaError, match="already exists"):
        transaction.create(table, {}, [two], made, arrow)
    first, second = DeltaTable(table), DeltaTable(table)
    transaction.replace(first, [one], [one, two], made, arrow)
    with pytest.raises(DeltaError):
        transaction.replace(second, [], [three], made, arrow)  # it only adds
    with pytest.raises(DeltaError):
        transaction.replace_all(second, [], [three], made, arrow)
    assert json.loads(DeltaTable(table).history()[0]["pomona"])["key"] == "k"
    assert len(DeltaTable(table).file_uris()) == 2
