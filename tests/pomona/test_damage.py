"""A lake that lost something: every command says in one line which file, and what it says mends it."""

import json
import shlex
from pathlib import Path

import pytest

import pomona
from corpus.lake import Lake
from pomona.cli import main
from tests.pomona.corpora import PROSE

READERS = (
    ["report"], ["export", "--out", "kept.jsonl"], ["explain", "web.jsonl#0"], ["sql", "select * from documents"],
    ["dedup"],
)  # fmt: skip


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POMONA_LAKE", str(tmp_path / "lake"))
    for source in ("web", "code"):
        texts = [f"{source} {i}. {PROSE}" for i in range(3)]
        Path(f"{source}.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        assert main(["ingest", f"{source}.jsonl", "--source", source, "--workers", "1"]) == 0
    assert main(["filter", "--rules", "gopher_quality", "--workers", "1"]) == 0
    return Lake(tmp_path / "lake")


def said(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> str:
    capsys.readouterr()
    assert main(arguments) == 2, arguments
    [line] = [one for one in capsys.readouterr().err.splitlines() if "work items" not in one]
    assert line.startswith("error: ")
    return line


def part(lake: Lake, slot: str) -> Path:
    [one] = lake.parts("documents", slot)
    return Path(lake.part_url("documents", one))


def wreck_middle(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[40:140] = b"\xa5" * 100
    path.write_bytes(raw)


@pytest.mark.parametrize("how", ["gone", "short", "middle"])
def test_a_damaged_part_is_named_with_the_command_that_mends_it(
    lake: Lake, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    before = pomona.kept(lake).sort("id").collect()
    path = part(lake, "ingest-web")
    if how == "gone":
        path.unlink()
    elif how == "short":
        path.write_bytes(path.read_bytes()[:-20])
    else:
        wreck_middle(path)

    for reader in READERS:
        line = said(capsys, reader)
        assert f"{path} is missing or damaged; stage 'ingest:web' made it" in line
        assert line.endswith("make it again: pomona ingest web.jsonl --source web --workers 1")
    path.unlink(missing_ok=True)
    assert main(shlex.split(line.rpartition(": ")[2])[1:]) == 0
    assert pomona.kept(lake).sort("id").collect().equals(before)


@pytest.mark.parametrize("how", ["noise", "first entry gone"])
def test_a_damaged_log_is_named_and_made_again_from_the_parts(
    lake: Lake, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    before = pomona.kept(lake).sort("id").collect()
    log = Path(lake.root) / "documents" / "_delta_log"
    if how == "noise":
        (log / "00000000000000000001.json").write_text('{"add": noise')
    else:
        (log / "00000000000000000000.json").unlink()
    made = {path: path.stat().st_mtime_ns for path in log.parent.rglob("*.parquet")}

    for reader in READERS:
        line = said(capsys, reader)
        assert "the log of table 'documents' cannot be read (" in line
        assert f"restore {log} from a copy, or delete that folder and run" in line

    for path in log.iterdir():
        path.unlink()
    log.rmdir()
    for source in ("web", "code"):
        assert main(["ingest", f"{source}.jsonl", "--source", source, "--workers", "1"]) == 0
    assert {path: path.stat().st_mtime_ns for path in log.parent.rglob("*.parquet")} == made
    assert pomona.kept(Lake(lake.url)).sort("id").collect().equals(before)


def test_where_a_part_and_the_log_of_another_table_are_lost_it_is_still_one_line(
    lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    part(lake, "ingest-web").unlink()
    (Path(lake.root) / "rejects" / "_delta_log" / "00000000000000000001.json").write_text("noise")
    (Path(lake.root) / "signals" / "_delta_log" / "00000000000000000000.json").write_text("noise")
    for reader in READERS:
        said(capsys, reader)


def test_a_fault_that_is_no_damage_keeps_its_traceback(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("pomona.views.explanation.find", faulty)
    with pytest.raises(ZeroDivisionError):
        main(["explain", "web.jsonl#0"])


def test_what_a_stage_made_on_the_way_is_made_again_without_deciding_anew(
    lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["filter", "--rules", "c4", "--workers", "1"]) == 0
    before = pomona.kept(lake).sort("id").collect()
    [one, *_] = lake.parts("signals")
    Path(lake.part_url("signals", one)).unlink()
    line = said(capsys, ["sql", "select max(n_words) from signals"])
    assert line.endswith("make it again: pomona signals")
    assert main(["signals", "--workers", "1"]) == 0
    assert pomona.kept(lake).sort("id").collect().equals(before)


def test_a_mistake_is_told_as_one_though_another_table_lost_a_part(
    lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    [one, *_] = lake.parts("signals")
    Path(lake.part_url("signals", one)).unlink()
    for arguments, message in (
        (["ingest", "foo://bar/x.txt", "--kind", "text", "--source", "q"], "foo://bar/x.txt cannot be opened"),
        (["ingest", "gone.jsonl", "--source", "q"], "gone.jsonl does not exist"),
        (["lake", "--lake", "web.jsonl"], "web.jsonl is a file, not the folder of a lake"),
        (["explain", "no such document"], "no document or reject has the id or URI"),
    ):
        assert message in said(capsys, arguments)


def test_a_full_disk_is_one_line(
    lake: Lake, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno
    import os

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("pomona.exporting.export", full)
    line = said(capsys, ["export", "--out", "kept.jsonl"])
    assert line == "error: writing: No space left on device; make room, then run the same command again"
