from pathlib import Path

import pytest

from corpus import delta_log
from corpus.lake import Lake
from tests.corpus.test_lake import lineage, uris, write


def made(lake: Lake, n: int) -> Path:
    """The log folder of a table of n versions."""
    for i in range(n):
        write(lake, "one", f"k{i}", f"u{i}")
        lake.commit("rejects", {"one": [f"k{i}"]}, lineage("one", f"k{i}"))
    return Path(lake.root) / "rejects" / "_delta_log"


def entry(log: Path, version: int) -> Path:
    return log / f"{version:020}.json"


def test_an_empty_newest_entry_never_happened(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    log = made(lake, 2)
    entry(log, 1).write_bytes(b"")
    fresh = Lake(lake.url)
    assert uris(fresh) == ["u0"]
    assert fresh.current("rejects", "one").key == "k0"  # type: ignore[union-attr]
    assert (log / f"{1:020}.json.empty").exists()
    assert capsys.readouterr().err.count("warning: ") == 1
    assert fresh.commit("rejects", {"one": ["k1"]}, lineage("one", "k1")) == 1
    assert uris(Lake(lake.url)) == ["u1"]
    assert capsys.readouterr().err == ""


def test_an_empty_first_entry_is_no_table(lake: Lake) -> None:
    log = made(lake, 1)
    entry(log, 0).write_bytes(b"")
    fresh = Lake(lake.url)
    assert fresh.tables() == []
    assert fresh.scan("rejects").collect().height == 0
    assert fresh.commit("rejects", {"one": ["k0"]}, lineage("one", "k0")) == 0
    assert uris(Lake(lake.url)) == ["u0"]


def test_a_log_that_never_got_an_entry_is_no_table(lake: Lake) -> None:
    (Path(lake.root) / "rejects" / "_delta_log").mkdir(parents=True)
    assert not lake.exists("rejects")
    made(lake, 1)
    assert uris(lake) == ["u0"]


def test_only_the_newest_and_only_where_it_has_no_byte(lake: Lake) -> None:
    log = made(lake, 3)
    whole = entry(log, 1).read_bytes()
    entry(log, 1).write_bytes(b"")
    assert delta_log.set_aside_torn(str(log)) == []
    entry(log, 1).write_bytes(whole)
    entry(log, 2).write_bytes(b"{")
    assert delta_log.set_aside_torn(str(log)) == []
    assert delta_log.set_aside_torn(str(log / "nowhere")) == []


def test_where_another_process_commits_meanwhile_there_is_no_gap(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    log = made(lake, 2)
    entry(log, 1).write_bytes(b"")
    rename = delta_log.os.rename

    def late(source: str, target: str) -> None:
        rename(source, target)
        entry(log, 2).write_text("{}")

    monkeypatch.setattr(delta_log.os, "rename", late)
    assert delta_log.set_aside_torn(str(log)) == []
    assert entry(log, 1).exists()


@pytest.mark.parametrize("torn", [b"", b"PAR1 and no end"])
def test_a_torn_checkpoint_is_set_aside(lake: Lake, torn: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    log = made(lake, 102)
    checkpoint = next(log.glob("*.checkpoint.parquet"))
    checkpoint.write_bytes(torn)
    fresh = Lake(lake.url)
    assert uris(fresh) == ["u101"]
    assert "torn" in capsys.readouterr().err
    assert not checkpoint.exists()
    assert len(fresh.history("rejects")) == 102
