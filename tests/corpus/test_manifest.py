"""A list of files: what makes a folder whole, and what a forged list cannot do."""

import json
from pathlib import Path

import fsspec
import pytest

from corpus import manifest
from corpus.errors import UserError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    at = tmp_path / "x"
    (at / "inner").mkdir(parents=True)
    (at / "a.bin").write_bytes(b"abc")
    (at / "inner" / "b.bin").write_bytes(b"")
    manifest.write(at, {"kind": "x"})
    return at


def test_a_folder_is_whole_with_its_list_and_every_file_of_the_right_size(folder: Path) -> None:
    assert manifest.is_whole(folder)
    assert manifest.sizes(fsspec.filesystem("file"), str(folder)) == {"a.bin": 3, "inner/b.bin": 0}
    (folder / "a.bin").write_bytes(b"ab")
    assert not manifest.is_whole(folder)
    (folder / "a.bin").unlink()
    assert not manifest.is_whole(folder)
    assert not manifest.is_whole(folder.parent)


def test_every_byte_counts_if_one_looks(folder: Path) -> None:
    assert manifest.is_intact(folder)
    (folder / "a.bin").write_bytes(b"xyz")
    assert manifest.is_whole(folder)
    assert not manifest.is_intact(folder)


def test_inner_lists_are_files_and_links_are_refused(tmp_path: Path) -> None:
    at = tmp_path / "y"
    (at / "inner").mkdir(parents=True)
    (at / "inner" / manifest.NAME).write_text("mine")
    assert list(manifest.write(at, {})) == [f"inner/{manifest.NAME}"]
    (at / "link").symlink_to(tmp_path)
    with pytest.raises(RuntimeError, match="is a link"):
        manifest.write(at, {})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"files": {}}',
        "[" * 100_000,
        '{"files": 3}',
        '{"files": {"a": 1}}',
        '{"files": {"a": ["x", ""]}}',
    ],
)
def test_what_is_no_list_makes_nothing_whole(folder: Path, text: str) -> None:
    (folder / manifest.NAME).write_text(text)
    assert not manifest.is_whole(folder)


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "a/../../outside", "a\\b", ""])
def test_a_forged_list_fetches_nothing_from_or_to_outside(folder: Path, tmp_path: Path, path: str) -> None:
    (folder / manifest.NAME).write_text(json.dumps({"files": {path: [3, "0"]}}))
    (tmp_path / "to" / "in").mkdir(parents=True)
    with pytest.raises(UserError, match="which is not below the folder; delete that folder"):
        manifest.get(fsspec.filesystem("file"), str(folder), tmp_path / "to" / "in")
    assert not list((tmp_path / "to").rglob("*.*"))


def test_a_file_that_changed_on_its_way_is_noticed(folder: Path, tmp_path: Path) -> None:
    (folder / "a.bin").write_bytes(b"xyz")  # of the same size
    (tmp_path / "to").mkdir()
    with pytest.raises(UserError, match=r"its files are not those that its artifact\.json lists"):
        manifest.get(fsspec.filesystem("file"), str(folder), tmp_path / "to")
