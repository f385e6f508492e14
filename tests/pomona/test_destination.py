"""A file or folder is there whole or not at all, whatever happens while it is written."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from corpus.errors import UserError
from pomona.destination import check_file, new_file, new_folder

OURS = ("README.md", "data")


def write(out: Path, content: str, *, replace: bool = False) -> None:
    with new_folder(str(out), replace=replace, last="README.md", ours=OURS) as folder:
        (folder.root / "data").mkdir()
        (folder.root / "data" / "a").write_text(content)
        folder.done(folder.root / "data" / "a")
        (folder.root / "README.md").write_text(content)


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    out = tmp_path / "x"
    with new_file(str(out)) as path:
        path.write_text("one")
        assert not out.exists()
    assert out.read_text() == "one"

    def fails() -> None:
        with new_file(str(out)) as path:
            path.write_text("two")
            raise ValueError("fault")

    with pytest.raises(ValueError, match="fault"):
        fails()
    assert out.read_text() == "one"
    assert os.listdir(tmp_path) == ["x"]


def test_a_file_cannot_be_made_where_no_folder_is_or_a_folder_is(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist; make it first"):
        check_file(str(tmp_path / "no" / "x"))
    with pytest.raises(UserError, match="is a folder; name a file"):
        check_file(str(tmp_path))


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    out = tmp_path / "x"
    write(out, "one")
    with pytest.raises(UserError, match="is not empty"):
        write(out, "two")
    assert (out / "data" / "a").read_text() == "one"
    write(out, "two", replace=True)
    assert (out / "data" / "a").read_text() == (out / "README.md").read_text() == "two"
    assert os.listdir(tmp_path) == ["x"]


def test_a_fault_leaves_the_earlier_folder(tmp_path: Path) -> None:
    out = tmp_path / "x"
    write(out, "one")

    def fails() -> None:
        with new_folder(str(out), replace=True, last="README.md", ours=OURS) as folder:
            (folder.root / "README.md").write_text("two")
            raise ValueError("fault")

    with pytest.raises(ValueError, match="fault"):
        fails()
    assert (out / "README.md").read_text() == "one"
    assert os.listdir(tmp_path) == ["x"]


@pytest.mark.parametrize("there", [{"mine": "x"}, {"README.md": "x", "mine": "x"}, {"data": "x"}])
def test_what_is_no_export_is_never_replaced(tmp_path: Path, there: dict[str, str]) -> None:
    for name, content in there.items():
        (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match="so it is no export"):
        write(tmp_path, "two", replace=True)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == there


KILLED = """
import os, sys
from pomona import destination
out, at = sys.argv[1:]
rename = os.rename
def killed(a, b):
    if at == "between" and str(b) == out: os.kill(os.getpid(), 9)
    rename(a, b)
os.rename = killed
with destination.new_folder(out, replace=True, last="README.md", ours=("README.md", "data")) as folder:
    (folder.root / "README.md").write_text("two")
    if at == "writing": os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("at", ["writing", "between"])
def test_after_a_kill_the_earlier_folder_is_there_and_nothing_is_left(tmp_path: Path, at: str) -> None:
    out = tmp_path / "x"
    write(out, "one")
    assert subprocess.run([sys.executable, "-c", KILLED, str(out), at]).returncode == -9
    assert len(os.listdir(tmp_path)) == 2
    with pytest.raises(UserError, match="is not empty"):  # it has its name again
        write(out, "three")
    assert (out / "README.md").read_text() == "one"
    write(out, "three", replace=True)
    assert (out / "README.md").read_text() == "three"
    assert os.listdir(tmp_path) == ["x"]


def test_what_a_run_that_lives_is_writing_stays(tmp_path: Path) -> None:
    out = tmp_path / "x"
    with new_file(str(out)) as other:
        other.write_text("other")
        with new_file(str(out)) as path:
            path.write_text("mine")
        assert out.read_text() == "mine"
    assert out.read_text() == "other"


def test_a_folder_in_a_bucket_has_its_last_file_last(bucket: str) -> None:
    import s3fs

    fs = s3fs.S3FileSystem()
    out = "s3://corpus/export"
    with new_folder(out, replace=False, last="README.md", ours=OURS) as folder:
        (folder.root / "README.md").write_text("one")
        (folder.root / "data").mkdir()
        (folder.root / "data" / "a").write_text("one")
        folder.done(folder.root / "data" / "a")
        assert fs.find("corpus/export") == ["corpus/export/data/a"]
        assert not (folder.root / "data" / "a").exists()
    assert fs.find("corpus/export") == ["corpus/export/README.md", "corpus/export/data/a"]

    with pytest.raises(UserError, match="is not empty"), new_folder(out, replace=False, last="README.md", ours=OURS):
        pass

    def fails() -> None:
        with new_folder(out, replace=True, last="README.md", ours=OURS) as folder:
            (folder.root / "data").mkdir()
            (folder.root / "data" / "b").write_text("two")
            folder.done(folder.root / "data" / "b")
            raise ValueError("fault")

    with pytest.raises(ValueError, match="fault"):
        fails()
    fs.invalidate_cache()
    assert fs.find("corpus/export") == []
    with pytest.raises(UserError, match="there is no bucket 'nosuch'"), new_file("s3://nosuch/x"):
        pass


def test_what_a_link_names_is_written_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    for name in ("folder", "file"):
        (tmp_path / name).symlink_to(tmp_path / "real" / name)
    write(tmp_path / "folder", "one")
    write(tmp_path / "folder", "two", replace=True)
    with new_file(str(tmp_path / "file")) as path:
        path.write_text("one")
    assert (tmp_path / "real" / "folder" / "README.md").read_text() == "two"
    assert (tmp_path / "real" / "file").read_text() == "one"
    assert all((tmp_path / name).is_symlink() for name in ("folder", "file"))
    assert sorted(os.listdir(tmp_path / "real")) == ["file", "folder"]


def test_of_two_runs_at_once_the_second_replaces_nothing(tmp_path: Path) -> None:
    out = tmp_path / "x"

    def second() -> None:
        with new_folder(str(out), replace=False, last="README.md", ours=OURS) as folder:
            (folder.root / "README.md").write_text("second")
            write(out, "first")

    with pytest.raises(UserError, match="another command wrote the folder"):
        second()
    assert (out / "README.md").read_text() == "first"
    assert os.listdir(tmp_path) == ["x"]
