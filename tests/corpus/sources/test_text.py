from pathlib import Path

from corpus.records import Reject, Text
from corpus.sources import html, text
from corpus.sources.files import File

OPTIONS = {"max_record_bytes": 1000}


def read(path: Path) -> Text | Reject:
    [found] = text.read(File(str(path), path.stat().st_size), None, OPTIONS)
    return found


def test_a_file_is_one_text_in_any_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("Grüße, häßlich".encode("utf-16"))
    found = read(path)
    assert isinstance(found, Text)
    assert found.text == "Grüße, häßlich"
    assert found.metadata == {"encoding": "utf-16-le"}


def test_binary_and_large_files_are_refused(tmp_path: Path) -> None:
    for raw, reason in ((b"a\x00b" * 10, "binary"), (b"x" * 2000, "too_large")):
        path = tmp_path / "a.txt"
        path.write_bytes(raw)
        found = read(path)
        assert isinstance(found, Reject)
        assert found.reason == reason


def test_html_files_are_pages_or_too_large(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_bytes(b"<p>hi</p>")
    [page] = html.read(File(str(path), 9), None, OPTIONS)
    assert not isinstance(page, Reject)
    assert page.html == b"<p>hi</p>"
    [refused] = html.read(File(str(path), 2000), None, OPTIONS)
    assert isinstance(refused, Reject)
