"""What is synced, and when: seen in the order of the calls."""

import os
from pathlib import Path

import pytest

from corpus import durable
from corpus.lake import Lake
from tests.corpus.test_lake import lineage, write


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """`sync PATH` and `name PATH`, as they happen; the lake's folder is `.`."""
    seen: list[str] = []
    fsync, replace = os.fsync, os.replace

    def short(path: str) -> str:
        return ".tmp" if path.endswith(".tmp") else os.path.relpath(path, tmp_path / "lake")

    def syncs(descriptor: int) -> None:
        seen.append(f"sync {short(os.readlink(f'/proc/self/fd/{descriptor}'))}")
        fsync(descriptor)

    def names(source: str, target: str) -> None:
        seen.append(f"name {short(target)}")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", syncs)
    monkeypatch.setattr(os, "replace", names)
    return seen


def test_a_part_is_on_disk_before_it_has_its_name_and_its_name_before_the_writer_returns(
    lake: Lake, calls: list[str]
) -> None:
    write(lake, "one", "k1", "a")
    assert calls == [
        "sync ..", "sync .", "sync rejects",  # the entries of the new folders
        "sync .tmp", "name rejects/one/k1.parquet", "sync rejects/one",
    ]  # fmt: skip
    calls.clear()
    write(lake, "one", "k2", "a")
    assert calls == ["sync .tmp", "name rejects/one/k2.parquet", "sync rejects/one"]


def test_a_commit_is_on_disk_when_it_returns_and_its_parts_before(lake: Lake, calls: list[str]) -> None:
    for version, key in enumerate(["k1", "k2"]):
        write(lake, "one", key, "a")
        calls.clear()
        lake.commit("rejects", {"one": [key]}, lineage("one", key))
        log = "rejects/_delta_log"
        assert calls == ["sync rejects/one", f"sync {log}/{version:020}.json", f"sync {log}", "sync rejects"]


def test_checkpoints_are_synced(lake: Lake, calls: list[str]) -> None:
    for i in range(101):
        write(lake, "one", f"k{i}", "a")
        lake.commit("rejects", {"one": [f"k{i}"]}, lineage("one", f"k{i}"))
    assert any("checkpoint.parquet" in call for call in calls)
    assert "sync rejects/_delta_log/_last_checkpoint" in calls


def test_folders_and_files(tmp_path: Path) -> None:
    durable.make_folders(str(tmp_path / "a" / "b"))
    durable.make_folders(str(tmp_path / "a" / "b"))
    (tmp_path / "a" / "one").write_text("x")
    durable.publish(str(tmp_path / "a" / "one"), str(tmp_path / "a" / "b" / "two"))
    assert (tmp_path / "a" / "b" / "two").read_text() == "x"
    with pytest.raises(FileNotFoundError):
        durable.sync_file(str(tmp_path / "none"))
