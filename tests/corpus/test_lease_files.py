import os
from pathlib import Path

import pytest

from corpus import lease, lease_files, owner
from corpus.lake import Lake
from corpus.lease import hold
from corpus.lease_files import Files, Record, files, is_dead


@pytest.fixture(params=["disk", "memory"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Files, str]:
    """Files of a file system, and a path in it."""
    if request.param == "disk":
        return files(Lake(tmp_path)), str(tmp_path / "x.json")
    return files(Lake("memory://bucket/leases")), f"/bucket/{tmp_path.name}/x.json"


def test_a_file_is_made_once_replaced_renewed_and_removed(made: tuple[Files, str]) -> None:
    of, path = made
    mine, other = Record(owner.new_token(), "h", 1, "p", 2.0), Record("other")
    assert of.read(path) is None
    assert of.create(path, mine)
    assert not of.create(path, other)
    assert of.read(path) == mine
    assert of.renew(path, mine)
    assert not of.renew(path, other)
    of.replace(path, other)
    assert of.read(path) == other
    assert 0 <= of.age(path) < 5
    of.remove(path)
    of.remove(path)
    assert of.read(path) is None
    assert not of.renew(path, mine)
    assert of.age(path) == 0


def test_age_is_by_the_clock_of_the_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of, path = files(Lake(tmp_path)), tmp_path / "x.json"
    of.create(str(path), Record("x"))
    monkeypatch.setattr("time.time", lambda: 0.0)  # this host's clock is wrong
    os.utime(path, (0, path.stat().st_mtime - 50))
    assert 49 < of.age(str(path)) < 60
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.json"]


def test_a_disk_without_links_has_exclusive_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuses)
    of, path = files(Lake(tmp_path)), str(tmp_path / "x.json")
    assert of.create(path, Record("one"))
    assert not of.create(path, Record("two"))
    assert of.read(path) == Record("one")
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.json"]


def test_who_is_dead(tmp_path: Path) -> None:
    of, path = files(Lake(tmp_path)), tmp_path / "x.json"
    here, elsewhere = Record(owner.new_token()), Record("00000000.1.1.00000000")
    of.create(str(path), here)
    os.utime(path, (0, 0))
    assert not is_dead(of, str(path), here)
    assert is_dead(of, str(path), elsewhere)
    os.utime(path)
    assert not is_dead(of, str(path), elsewhere)


def test_a_lease_holds_in_a_store_without_folders() -> None:
    lake = Lake("memory://bucket/leases")
    with hold(lake, "ingest:web") as held:
        place = lease._path(lake, "ingest:web")
        record = lease_files.files(lake).read(place)
        assert record is not None
        assert record.token == held.token
    assert not lake.fs.exists(place)
