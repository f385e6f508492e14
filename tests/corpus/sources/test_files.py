import os
from pathlib import Path

import pytest

from corpus.errors import UserError
from corpus.sources import guess_kind, source
from corpus.sources.files import File, find


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name in ("b.html", "a.html", "sub/c.html", ".git/config", "node_modules/x.js"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return root


def names(files: list[File], root: Path) -> list[str]:
    return [os.path.relpath(file.path, root) for file in files]


def test_a_folder_is_walked_in_order_without_version_control_and_vendored_code(tree: Path) -> None:
    (tree / "sub" / ".git").mkdir()
    files, rejects, passed = find(str(tree))
    assert names(files, tree) == ["a.html", "b.html", "sub/c.html"]
    assert rejects == []
    assert {os.path.relpath(path, tree): kind for path, kind in passed.items()} == {
        ".git": "folder:.git", "node_modules": "folder:node_modules", "sub/.git": "folder:.git",
    }  # fmt: skip


def test_links_that_leave_the_folder_are_refused_and_others_followed(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.html").write_text("secret")
    (tree / "out.html").symlink_to(tmp_path / "outside.html")
    (tree / "in.html").symlink_to(tree / "a.html")
    (tree / "outdir").symlink_to(tmp_path)
    (tree / "loop").symlink_to(tree)
    files, rejects, _ = find(str(tree))
    assert "in.html" in names(files, tree)
    assert not any("out" in name for name in names(files, tree))
    assert sorted(os.path.relpath(r.uri, tree) for r in rejects) == ["out.html", "outdir"]
    assert {r.reason for r in rejects} == {"link_outside"}


def test_patterns_and_single_files(tree: Path) -> None:
    assert names(find(f"{tree}/*.html")[0], tree) == ["a.html", "b.html"]
    assert names(find(f"{tree}/**/*.html")[0], tree)[-1] == "sub/c.html"
    assert names(find(f"{tree}/a.html")[0], tree) == ["a.html"]


@pytest.mark.parametrize(("path", "message"), [("*.nope", "matches no file"), ("nope", "does not exist")])
def test_what_is_not_there_is_named(tree: Path, path: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        find(f"{tree}/{path}")


def test_the_kind_is_guessed_from_most_of_the_bytes() -> None:
    assert guess_kind([File("a.warc.gz", 10)]) == "warc"
    assert guess_kind([File("a.html", 10), File("b.md", 5)]) == "html"
    assert guess_kind([File("x.jsonl.zst", 1)]) == "jsonl"
    with pytest.raises(UserError, match="no kind of source is known"):
        guess_kind([File("a.xyz", 1)])
    with pytest.raises(UserError, match="unknown source kind 'warcs'; did you mean 'warc'"):
        source("warcs")


def test_remote_files(tmp_path: Path) -> None:
    import fsspec

    fs = fsspec.filesystem("memory")
    fs.pipe("/bucket/a.txt", b"hello")
    files, *_ = find("memory://bucket")
    assert [f.n_bytes for f in files] == [5]
    with files[0].open() as stream:
        assert stream.read() == b"hello"


def test_a_pattern_refuses_what_a_folder_refuses_and_reads_the_folders_that_it_matches(
    tree: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside.html").write_text("secret")
    (tree / "out.html").symlink_to(tmp_path / "outside.html")
    os.mkfifo(tree / "pipe.html")
    for pattern in (f"{tree}/*", f"{tree}/**"):
        files, rejects, _ = find(pattern)
        assert "sub/c.html" in names(files, tree)
        assert not any("out" in name for name in names(files, tree))
        assert {os.path.relpath(r.uri, tree): r.reason for r in rejects} == {
            "out.html": "link_outside", "pipe.html": "not_a_file",
        }  # fmt: skip


def test_a_pattern_enters_vendored_folders_only_where_it_names_them(tree: Path) -> None:
    (tree / "x.js").write_text("x")
    files, _, passed = find(f"{tree}/**/*.js")
    assert names(files, tree) == ["x.js"]
    assert list(passed.values()) == ["folder:node_modules"]
    for pattern in (f"{tree}/node_modules/*.js", f"{tree}/*/../node_modules/*.js", f"{tree}/**/node_modules/*.js"):
        assert [os.path.basename(file.path) for file in find(pattern).files] == ["x.js"]


def test_a_pipe_is_called_one(tmp_path: Path) -> None:
    from corpus.ingest.listing import find_files

    os.mkfifo(tmp_path / "pipe.html")
    with pytest.raises(UserError, match=r"pipe\.html is a pipe, a device or a link to nothing"):
        find(str(tmp_path / "pipe.html"))
    with pytest.raises(UserError, match="holds no file that can be read"):
        find_files(str(tmp_path), None)


def test_file_urls(tree: Path) -> None:
    assert names(find(f"file://{tree}")[0], tree) == names(find(str(tree))[0], tree)
    assert names(find(f"file://{tree}/*.html")[0], tree) == ["a.html", "b.html"]


def test_a_pattern_does_not_follow_links_to_folders(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    for folder in (inside / "sub", outside):
        folder.mkdir(parents=True)
        (folder / "a.txt").write_text("x")
    (inside / "sub" / "loop").symlink_to(inside)
    (inside / "link").symlink_to(outside)
    for pattern in ("**/*.txt", "*", "*/*.txt", "**"):
        files, rejects, _ = find(f"{inside}/{pattern}")
        assert names(files, inside) == ["sub/a.txt"], pattern
        assert [(r.uri, r.reason) for r in rejects] == [(f"{inside}/link", "link_outside")]
    assert names(find(f"{inside}/link/*.txt").files, inside) == ["link/a.txt"]  # the user's own words


@pytest.mark.parametrize("url", ["foo://bar/x.txt", "data://x", "memory://no/such/thing.txt"])
def test_what_cannot_be_listed_is_one_line(url: str) -> None:
    with pytest.raises(UserError, match=f"{url} (cannot be listed: |cannot be opened: |holds no file)"):
        find(url)


def test_an_empty_path_is_refused() -> None:
    with pytest.raises(UserError, match="an empty path"):
        find("")
