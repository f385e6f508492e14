"""A file or folder is there whole or not at all, whatever happens while it is written."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from corpus import owner
from corpus.errors import UserError
from pomona.destination import Layout, check_file, new_file, new_folder

LAYOUT = Layout("README.md", "made here", lambda path: path in ("README.md", "data/a", "data/b"))


def write(out: Path, content: str, *, replace: bool = False) -> None:
    with new_folder(str(out), LAYOUT, replace=replace) as folder:
        (folder.root / "data").mkdir()
        (folder.root / "data" / "a").write_text(content)
        folder.done(folder.root / "data" / "a")
        (folder.root / "README.md").write_text(f"made here: {content}")


def card(folder: Path) -> str:
    return (folder / "README.md").read_text().removeprefix("made here: ")


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
    assert (out / "data" / "a").read_text() == card(out) == "two"
    assert os.listdir(tmp_path) == ["x"]


def test_a_fault_leaves_the_earlier_folder(tmp_path: Path) -> None:
    out = tmp_path / "x"
    write(out, "one")

    def fails() -> None:
        with new_folder(str(out), LAYOUT, replace=True) as folder:
            (folder.root / "README.md").write_text("two")
            raise ValueError("fault")

    with pytest.raises(ValueError, match="fault"):
        fails()
    assert card(out) == "one"
    assert os.listdir(tmp_path) == ["x"]


@pytest.mark.parametrize(
    "there",
    [
        {"mine": "x"},
        {"README.md": "made here", "mine": "x"},
        {"data/a": "x"},
        {"README.md": "my project", "data/a": "x"},
        {"README.md": "made here", "data/a": "x", "data/notes": "x"},
    ],
)
def test_what_is_no_export_is_never_replaced(tmp_path: Path, there: dict[str, str]) -> None:
    for name, content in there.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match="so it is not an export"):
        write(tmp_path, "two", replace=True)
    assert {p.relative_to(tmp_path).as_posix(): p.read_text() for p in tmp_path.rglob("*") if p.is_file()} == there


KILLED = """
import os, sys
from pomona import destination
out, at = sys.argv[1:]
rename = os.rename
def killed(a, b):
    if at == "between" and str(b) == out: os.kill(os.getpid(), 9)
    rename(a, b)
os.rename = killed
layout = destination.Layout("README.md", "made here", lambda path: path in ("README.md", "data/a"))
with destination.new_folder(out, layout, replace=True) as folder:
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
    assert card(out) == "one"
    write(out, "three", replace=True)
    assert card(out) == "three"
    assert os.listdir(tmp_path) == ["x"]


def test_what_a_run_that_lives_is_writing_stays(tmp_path: Path) -> None:
    out = tmp_path / "x"
    with new_file(str(out)) as other:
        other.write_text("other")
        with new_file(str(out)) as path:
            path.write_text("mine")
        assert out.read_text() == "mine"
    assert out.read_text() == "other"


def write_there(out: str, content: str, *, replace: bool = False) -> None:
    with new_folder(out, LAYOUT, replace=replace) as folder:
        (folder.root / "data").mkdir()
        (folder.root / "data" / "a").write_text(content)
        folder.done(folder.root / "data" / "a")
        assert not (folder.root / "data" / "a").exists()
        (folder.root / "README.md").write_text(f"made here: {content}")


def in_bucket() -> dict[str, str]:
    import s3fs

    fs = s3fs.S3FileSystem()
    fs.invalidate_cache()
    return {path.removeprefix("corpus/x/"): fs.cat_file(path).decode() for path in fs.find("corpus/x")}


def test_a_folder_in_a_bucket_is_there_when_it_is_complete(bucket: str) -> None:
    out = "s3://corpus/x"
    write_there(out, "one")
    assert in_bucket() == {"README.md": "made here: one", "data/a": "one"}
    with pytest.raises(UserError, match="is not empty"):
        write_there(out, "two")

    def fails() -> None:
        with new_folder(out, LAYOUT, replace=True) as folder:
            (folder.root / "data").mkdir()
            (folder.root / "data" / "b").write_text("two")
            folder.done(folder.root / "data" / "b")
            assert {path for path in in_bucket() if not path.startswith(".")} == {"README.md", "data/a"}
            raise ValueError("fault")

    with pytest.raises(ValueError, match="fault"):
        fails()
    assert in_bucket() == {"README.md": "made here: one", "data/a": "one"}  # the earlier one stays until then
    write_there(out, "two", replace=True)
    assert in_bucket() == {"README.md": "made here: two", "data/a": "two"}
    with pytest.raises(UserError, match="bucket 'nosuch' does not exist"), new_file("s3://nosuch/x"):
        pass


def test_of_two_runs_into_one_bucket_folder_one_wins_whole(bucket: str) -> None:
    def second() -> None:
        with new_folder("s3://corpus/x", LAYOUT, replace=False) as folder:
            (folder.root / "README.md").write_text("made here: second")
            write_there("s3://corpus/x", "first")

    with pytest.raises(UserError, match="another command wrote the folder"):
        second()
    assert in_bucket() == {"README.md": "made here: first", "data/a": "first"}


def test_in_a_bucket_only_exports_are_replaced(bucket: str) -> None:
    import s3fs

    there = {"README.md": "my project", "data/a": "x"}
    for name, content in there.items():
        s3fs.S3FileSystem().pipe_file(f"corpus/x/{name}", content.encode())
    with pytest.raises(UserError, match="so it is not an export"):
        write_there("s3://corpus/x", "two", replace=True)
    assert in_bucket() == there


KILLED_THERE = """
import os, sys
from pomona import destination
layout = destination.Layout("README.md", "made here", lambda path: path in ("README.md", "data/a"))
if sys.argv[1] == "moving":
    import s3fs
    copy = s3fs.S3FileSystem.copy
    def killed(self, a, b, **options):
        if b.endswith("README.md"): os.kill(os.getpid(), 9)
        copy(self, a, b, **options)
    s3fs.S3FileSystem.copy = killed
with destination.new_folder("s3://corpus/x", layout, replace=False) as folder:
    (folder.root / "data").mkdir()
    (folder.root / "data" / "a").write_text("one")
    folder.done(folder.root / "data" / "a")
    if sys.argv[1] == "writing": os.kill(os.getpid(), 9)
    (folder.root / "README.md").write_text("made here: one")
"""


@pytest.mark.parametrize("at", ["writing", "moving"])
def test_after_a_kill_in_a_bucket_the_same_command_goes_through(bucket: str, at: str) -> None:
    assert subprocess.run([sys.executable, "-c", KILLED_THERE, at]).returncode == -9
    assert in_bucket()
    write_there("s3://corpus/x", "two")
    assert in_bucket() == {"README.md": "made here: two", "data/a": "two"}
    left = [name for name in os.listdir(tempfile.gettempdir()) if name.startswith("pomona-export-")]
    assert all(not owner.is_gone(name.removeprefix("pomona-export-")) for name in left)


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("", "the name is empty"),
        (".", "the folder that you are in"),
        ("memory://x", "is not a place to write to"),
        ("s3://", "does not name a bucket"),
    ],
)
def test_places_where_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=message), new_folder(out, LAYOUT, replace=False):
        pass
    assert os.listdir(tmp_path) == []


def test_an_unfinished_folder_is_not_taken_for_an_earlier_one_of_another_name(tmp_path: Path) -> None:
    gone = f"{owner.new_token().split('.')[0]}.999999999.1.00000000"
    for name in (f".x.old-{gone}-00000000.tmp", f".x.pomona-old-{gone}-00000000.tmp"):
        (tmp_path / name).mkdir()
    write(tmp_path / "x", "one")
    assert card(tmp_path / "x") == "one"


def test_what_a_link_names_is_written_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    for name in ("folder", "file"):
        (tmp_path / name).symlink_to(tmp_path / "real" / name)
    write(tmp_path / "folder", "one")
    write(tmp_path / "folder", "two", replace=True)
    with new_file(str(tmp_path / "file")) as path:
        path.write_text("one")
    assert card(tmp_path / "real" / "folder") == "two"
    assert (tmp_path / "real" / "file").read_text() == "one"
    assert all((tmp_path / name).is_symlink() for name in ("folder", "file"))
    assert sorted(os.listdir(tmp_path / "real")) == ["file", "folder"]


def test_of_two_runs_at_once_the_second_replaces_nothing(tmp_path: Path) -> None:
    out = tmp_path / "x"

    def second() -> None:
        with new_folder(str(out), LAYOUT, replace=False) as folder:
            (folder.root / "README.md").write_text("second")
            write(out, "first")

    with pytest.raises(UserError, match="another command wrote the folder"):
        second()
    assert card(out) == "first"
    assert os.listdir(tmp_path) == ["x"]
