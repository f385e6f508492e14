import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from corpus.records import Page, Reject, Text
from corpus.sources import warc
from corpus.sources.files import File
from tests.corpus.sources.warcs import gzipped, http, page, plain, record, responses, zstandard

PACKINGS = {"warc": plain, "warc.gz": gzipped, "warc.zst": zstandard}
OPTIONS = {"max_record_bytes": 1 << 20}


def file(tmp_path: Path, raw: bytes, name: str) -> File:
    path = tmp_path / name
    path.write_bytes(raw)
    return File(str(path), len(raw), "1")


def read(f: File, n_bytes: int | None = None) -> list[Page | Text | Reject]:
    spans = warc.cut(f, n_bytes) if n_bytes else [None]
    return [found for span in spans for found in warc.read(f, span, OPTIONS)]


@pytest.mark.parametrize(("suffix", "pack"), PACKINGS.items())
def test_pages_with_their_address_date_and_digest(tmp_path: Path, suffix: str, pack: Callable[..., bytes]) -> None:
    found = read(file(tmp_path, pack(*responses(3)), f"a.{suffix}"))
    assert [(type(f), f.uri) for f in found] == [(Page, f"http://x.org/{i}") for i in range(3)]
    first = found[0]
    assert isinstance(first, Page)
    assert first.html == page(0)
    assert first.metadata["date"] == "2026-01-02T03:04:05Z"
    assert first.metadata["payload_digest"] == "sha1:ABC"


@pytest.mark.parametrize(("suffix", "pack"), PACKINGS.items())
@pytest.mark.parametrize("n_bytes", [1, 100, 1000, 5000, 10**6])
def test_every_cut_finds_every_record_once(
    tmp_path: Path, suffix: str, pack: Callable[..., bytes], n_bytes: int
) -> None:
    f = file(tmp_path, pack(*responses(6)), f"a.{suffix}")
    if n_bytes == 1:
        f = file(tmp_path, pack(*responses(2)), f"a.{suffix}")
    whole = read(f)
    assert read(f, max(n_bytes, f.n_bytes // 200)) == whole
    assert len({found.position for found in whole}) == len(whole) > 0


def test_only_pages_and_plain_text_with_status_200_qualify(tmp_path: Path) -> None:
    raw = gzipped(
        record("http://x.org/404", http(page(1), status=404)),
        record("http://x.org/image", http(b"\x89PNG", "image/png")),
        record("http://x.org/text", http(b"plain text", "text/plain")),
        record("http://x.org/xhtml", http(page(2), "application/xhtml+xml; charset=utf-8")),
        record("http://x.org/wet", b"extracted text", "conversion"),
        record("<http://x.org/brackets>", http(page(3))),
    )
    found = read(file(tmp_path, raw, "a.warc.gz"))
    assert [(type(f).__name__, f.uri.rpartition("/")[2]) for f in found] == [
        ("Text", "text"),
        ("Page", "xhtml"),
        ("Text", "wet"),
        ("Page", "brackets"),
    ]


def test_encoded_bodies_are_decoded_and_robots_headers_kept(tmp_path: Path) -> None:
    body = gzip.compress(page(1))
    raw = record("http://x.org/", http(body, Content_Encoding="gzip", X_Robots_Tag="noai"))
    [found] = read(file(tmp_path, raw, "a.warc"))
    assert isinstance(found, Page)
    assert found.html == page(1)
    assert found.metadata["x_robots_tag"] == "noai"


def test_a_truncated_archive_costs_its_last_record(tmp_path: Path) -> None:
    raw = gzipped(*responses(3))
    found = read(file(tmp_path, raw[:-40], "a.warc.gz"))
    assert [type(f) for f in found] == [Page, Page, Reject]
    assert isinstance(found[2], Reject)
    assert found[2].reason in ("truncated", "corrupt", "wrong_length")


@pytest.mark.parametrize("length", [10, 400, 2900])
def test_a_wrong_length_costs_one_record(tmp_path: Path, length: int) -> None:
    good = [record(f"http://x.org/{i}", http(page(i))) for i in (1, 2, 3)]
    raw = plain(good[0], record("http://x.org/lie", http(page(9)), length=length), *good[1:])
    found = read(file(tmp_path, raw, "a.warc"))
    assert [f.uri for f in found if isinstance(f, Page)] == [f"http://x.org/{i}" for i in (1, 2, 3)]
    assert [f.reason for f in found if isinstance(f, Reject)] == ["wrong_length"]


def test_a_file_that_is_no_warc_is_refused(tmp_path: Path) -> None:
    [found] = read(file(tmp_path, b"hello world", "a.warc"))
    assert isinstance(found, Reject)
    assert found.reason == "corrupt"
    assert read(file(tmp_path, b"", "empty.warc")) == []


def test_a_record_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    raw = gzipped(record("http://x.org/big", http(b"x" * (2 << 20))), record("http://x.org/1", http(page(1))))
    big, small = read(file(tmp_path, raw, "a.warc.gz"))
    assert isinstance(big, Reject)
    assert big.reason == "too_large"
    assert isinstance(small, Page)


def test_a_bomb_inside_a_record_is_refused(tmp_path: Path) -> None:
    bomb = gzip.compress(b"\x00" * (8 << 20))
    [found] = read(file(tmp_path, record("http://x.org/", http(bomb, Content_Encoding="gzip")), "a.warc"))
    assert isinstance(found, Reject)
    assert found.reason == "too_large"
