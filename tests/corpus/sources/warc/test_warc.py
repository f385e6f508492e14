import gzip
import random
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from corpus.records import Page, Passed, Reject, Text
from corpus.sources import warc
from corpus.sources.files import File
from tests.corpus.sources.warcs import gzipped, http, page, plain, record, responses, zstandard


def one_member(*records: bytes) -> bytes:
    return gzip.compress(b"".join(records), mtime=0)


def one_frame(*records: bytes) -> bytes:
    return zstandard(b"".join(records))


def blocks(*records: bytes) -> bytes:
    """As bgzip packs: members of some bytes each, wherever records end."""
    raw = b"".join(records)
    return b"".join(gzip.compress(raw[i : i + 1000], mtime=0) for i in range(0, len(raw), 1000))


def in_threes(*records: bytes) -> bytes:
    return b"".join(gzip.compress(b"".join(records[i : i + 3]), mtime=0) for i in range(0, len(records), 3))


PACKINGS = {
    "warc": plain, "warc.gz": gzipped, "warc.zst": zstandard, "one.warc.gz": one_member, "one.warc.zst": one_frame,
    "blocks.warc.gz": blocks, "threes.warc.gz": in_threes,
}  # fmt: skip
OPTIONS = {"max_record_bytes": 1 << 20}


def file(tmp_path: Path, raw: bytes, name: str) -> File:
    path = tmp_path / name
    path.write_bytes(raw)
    return File(str(path), len(raw), "1")


def everything(f: File, n_bytes: int | None = None) -> list[Page | Text | Reject | Passed]:
    spans = warc.cut(f, n_bytes) if n_bytes else [None]
    return [record for span in spans for record in warc.read(f, span, OPTIONS)]


def read(f: File, n_bytes: int | None = None) -> list[Page | Text | Reject]:
    return [record for record in everything(f, n_bytes) if not isinstance(record, Passed)]


def passed(f: File) -> Counter[str]:
    return Counter(record.kind for record in everything(f) if isinstance(record, Passed))


def one(tmp_path: Path, *records: bytes) -> Page | Text | Reject:
    [record] = read(file(tmp_path, plain(*records), "a.warc"))
    return record


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


def test_repeated_rights_headers_combine(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Robots-Tag: all\r\nx-robots-tag: NoAI\r\nTDM-Reservation: 1\r\n\r\n"
    [found] = read(file(tmp_path, record("http://x.org/", head + page(1)), "a.warc"))
    assert isinstance(found, Page)
    assert found.metadata["x_robots_tag"] == "all, NoAI"
    assert found.metadata["tdm_reservation"] == "1"


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


# What other people's files hold


def warcio_types(path: str) -> Counter[str]:
    with open(path, "rb") as stream:
        return Counter(record.rec_type for record in ArchiveIterator(stream, no_record_parse=True))


def mixed(n: int) -> list[bytes]:
    """Records of every kind, pages of many sizes."""
    records = [record("urn:info", b"software: test\r\n", "warcinfo")]
    for i in range(n):
        uri = f"http://x.org/{i}"
        records.append(record(uri, b"GET / HTTP/1.1\r\n\r\n", "request"))
        status = 404 if i % 5 == 4 else 200
        mime = "image/png" if i % 7 == 6 else "text/html; charset=utf-8"
        records.append(record(uri, http(page(i, 1 + i % 60), mime, status)))
        records.append(record(uri, b"fetchTimeMs: 7\r\n", "metadata"))
        if i % 6 == 0:
            records.append(record(uri, http(b"", "text/html"), "revisit"))
    return records


@pytest.mark.parametrize(("suffix", "pack"), PACKINGS.items())
@pytest.mark.parametrize("spans", [1, 10])
def test_documents_rejects_and_passed_over_are_all_records(
    tmp_path: Path, suffix: str, pack: Callable[..., bytes], spans: int
) -> None:
    f = file(tmp_path, pack(*mixed(40)), f"a.{suffix}")
    read_here = everything(f, f.n_bytes // spans)
    n_records = 1 + 3 * 40 + 7
    assert len(read_here) == n_records
    if pack in (plain, gzipped):  # warcio asks for a member for each record
        assert warcio_types(f.path).total() == n_records
    kinds = Counter(r.kind if isinstance(r, Passed) else type(r).__name__ for r in read_here)
    assert kinds == {
        "warc:warcinfo": 1, "warc:request": 40, "warc:metadata": 40, "warc:revisit": 7, "http:404": 8,
        "type:image/png": 4, "Page": 28,
    }  # fmt: skip


def test_an_archive_inside_an_archive_is_no_records_whatever_the_cut(tmp_path: Path) -> None:
    noise = random.Random(0).randbytes(9000)
    inner = gzipped(*responses(30), record("http://x.org/noise", http(noise)))
    outer = [record(f"http://x.org/{i}", http(inner + noise, "application/gzip")) for i in range(20)]
    outer += [record("http://x.org/plain", http(plain(*responses(30)), "application/warc"))]
    for pack, name in ((gzipped, "a.warc.gz"), (plain, "b.warc"), (zstandard, "c.warc.zst")):
        f = file(tmp_path, pack(*outer, record("http://x.org/page", http(page(1)))), name)
        for n in (1, 3, 10, 40):
            read_here = everything(f, f.n_bytes // n)
            assert [type(r) for r in read_here] == [Passed] * 21 + [Page]


def test_an_archive_of_zstd_frames_with_a_dictionary(tmp_path: Path) -> None:
    import struct

    import zstandard as zstd

    records = responses(40)
    dictionary = zstd.train_dictionary(4000, [page(i) for i in range(500)])
    packed = b"".join(zstd.ZstdCompressor(dict_data=dictionary).compress(r) for r in records)
    for stored in (dictionary.as_bytes(), zstd.ZstdCompressor().compress(dictionary.as_bytes())):
        frame = b"\x5d\x2a\x4d\x18" + struct.pack("<I", len(stored)) + stored
        f = file(tmp_path, frame + packed, "a.warc.zst")
        assert len(everything(f)) == len(everything(f, 2000)) == 80
        assert [r.html for r in read(f) if isinstance(r, Page)] == [page(i) for i in range(40)]


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"HTTP/1.1 200 OK\nContent-Type: text/html\n\n", Page),
        (b"http/1.1 200 ok\r\ncontent-type: text/html\r\n\r\n", Page),
        (b"HTTP/2 200\r\nContent-Type: text/html, text/html\r\n\r\n", Page),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Type: text/html;charset=utf-8\r\n\r\n", Page),
        (b'HTTP/1.1 200 OK\r\nContent-Type: "text/html"\r\n\r\n', Page),
        (b"HTTP/1.1 200 OK\r\nContent-Type:\r\n text/html;\r\n charset=utf-8\r\n\r\n", Page),
        (b"HTTP/1.1 200 OK\r\nContent-Type: TEXT/HTML ; charset = 'utf-8'\r\n\r\n", Page),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: none\r\nContent-Type: text/html\r\n\r\n", Page),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: UTF-8\r\nContent-Type: text/html\r\n\r\n", Page),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", Page),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 404 No\r\n\r\n", Passed),
        (b"HTTP/1.1 200 OK\r\n\r\n", Page),
        (b"HTTP/1.1 200 OK\r\nServer: caf\xe9\r\nContent-Type: text/html\r\n\r\n", Page),
    ],
)
def test_headers_as_servers_send_them(tmp_path: Path, head: bytes, what: type) -> None:
    [result] = everything(file(tmp_path, record("http://x.org/", head + page(1)), "a.warc"))
    assert isinstance(result, what)
    if isinstance(result, Page):
        assert result.html == page(1)


def chunked(data: bytes, size: int = 700, extension: bytes = b"", trailer: bytes = b"") -> bytes:
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    return b"".join(b"%x%s\r\n%s\r\n" % (len(p), extension, p) for p in pieces) + b"0\r\n" + trailer + b"\r\n"


ENCODED = {
    "gzip": ({"Content_Encoding": "gzip"}, gzip.compress),
    "x-gzip": ({"Content_Encoding": "x-gzip"}, gzip.compress),
    "zlib": ({"Content_Encoding": "deflate"}, zlib.compress),
    "raw deflate": ({"Content_Encoding": "deflate"}, lambda data: zlib.compress(data)[2:-4]),
    "chunked": ({"Transfer_Encoding": "chunked"}, chunked),
    "chunked and gzip": (
        {"Transfer_Encoding": "chunked", "Content_Encoding": "gzip"}, lambda data: chunked(gzip.compress(data))
    ),
    "chunks with extensions and trailers": (
        {"Transfer_Encoding": "Chunked"}, lambda data: chunked(data, 500, b";name=value", b"X-Sum: 1\r\n")
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ENCODED)
@pytest.mark.parametrize("stored_decoded", [False, True])
def test_what_the_http_header_says_of_the_body_is_tried_and_the_stored_bytes_win(
    tmp_path: Path, name: str, stored_decoded: bool
) -> None:
    headers, encode = ENCODED[name]
    body = page(3) if stored_decoded else encode(page(3))
    result = one(tmp_path, record("http://x.org/", http(body, **headers)))
    assert isinstance(result, Page)
    assert result.html == page(3)
    assert ("http_mismatch" in result.metadata) == stored_decoded


@pytest.mark.parametrize("declared", [0, 5, 10**9])
def test_a_wrong_http_length_is_noted_and_the_record_kept(tmp_path: Path, declared: int) -> None:
    block = http(page(1)).replace(f"Content-Length: {len(page(1))}".encode(), f"Content-Length: {declared}".encode())
    result = one(tmp_path, record("http://x.org/", block))
    assert isinstance(result, Page)
    assert result.html == page(1)
    assert result.metadata["http_mismatch"] == f"{len(page(1))} bytes, not {declared}"


def test_brotli_and_zstd_bodies(tmp_path: Path) -> None:
    import brotli
    import zstandard as zstd

    for name, body in (("br", brotli.compress(page(1))), ("zstd", zstd.ZstdCompressor().compress(page(1)))):
        result = one(tmp_path, record("http://x.org/", http(body, Content_Encoding=name)))
        assert isinstance(result, Page)
        assert result.html == page(1)
    bomb = brotli.compress(b"x" * (8 << 20))
    result = one(tmp_path, record("http://x.org/", http(bomb, Content_Encoding="br")))
    assert isinstance(result, Reject)
    assert result.reason == "too_large"


def test_a_body_cut_short_while_it_was_fetched_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(4000).hex().encode()
    for headers, body in (
        ({"Content_Encoding": "gzip"}, gzip.compress(noise)[:-1500]),
        ({"Transfer_Encoding": "chunked"}, chunked(noise)[:-1500]),
    ):
        result = one(tmp_path, record("http://x.org/", http(body, **headers)))
        assert isinstance(result, Page)
        assert noise.startswith(result.html)
        assert len(result.html) > 2000
        assert "cut" in result.metadata["http_mismatch"]


def test_kinds_that_are_passed_over(tmp_path: Path) -> None:
    dns = record("dns:x.org", b"20260102\nx.org. 300 IN A 127.0.0.1\n").replace(
        b"application/http; msgtype=response", b"text/dns"
    )
    ftp = record("ftp://x.org/a", b"file content").replace(b"application/http; msgtype=response", b"text/plain")
    f = file(
        tmp_path,
        plain(dns, ftp, record("http://x.org/1", b""), record("http://x.org/r", b"x", "resource"),
              record("http://x.org/o", b"x", "something-new"), record("http://x.org/2", http(b"x", "text/css"))),
        "a.warc",
    )  # fmt: skip
    assert passed(f) == {
        "warc:dns": 1, "warc:response that is not HTTP": 1, "warc:response without content": 1, "warc:resource": 1,
        "warc:other": 1, "type:text/css": 1,
    }  # fmt: skip


def test_a_response_without_http_is_refused_under_its_own_address(tmp_path: Path) -> None:
    result = one(tmp_path, record("http://x.org/odd", b"no http at all"))
    assert isinstance(result, Reject)
    assert (result.uri, result.reason) == ("http://x.org/odd", "truncated")


def test_warc_truncated_is_kept(tmp_path: Path) -> None:
    raw = record("http://x.org/", http(page(1))).replace(b"WARC-Date", b"WARC-Truncated: length\r\nWARC-Date")
    result = one(tmp_path, raw)
    assert isinstance(result, Page)
    assert result.metadata["warc_truncated"] == "length"


def test_formats_that_are_not_read_are_refused_by_name(tmp_path: Path) -> None:
    arc = b"filedesc://x.arc 0.0.0.0 20260101000000 text/plain 70\n1 0 Example\nURL IP-address\n\n"
    for raw, name, what in (
        (arc, "a.arc", "an ARC file"), (gzip.compress(arc), "a.arc.gz", "an ARC file"),
        (b"\x04\x22\x4d\x18" + b"x" * 50, "a.warc.lz4", "lz4"),
    ):  # fmt: skip
        [refused] = everything(file(tmp_path, raw, name))
        assert isinstance(refused, Reject)
        assert refused.reason == "unsupported"
        assert what in refused.detail


@pytest.mark.parametrize(("suffix", "pack"), [("a.warc.gz", gzipped), ("b.warc", plain), ("c.warc.zst", zstandard)])
def test_what_stands_around_records_costs_nothing(tmp_path: Path, suffix: str, pack: Callable[..., bytes]) -> None:
    records = responses(4)
    between = b"\x00" * 40 if pack is not plain else b"\r\n\r\n\r\n"
    raw = pack(*records[:4]) + between + pack(*records[4:]) + between
    assert [type(r) for r in read(file(tmp_path, raw, suffix))] == [Page] * 4


def test_a_broken_member_costs_its_record(tmp_path: Path) -> None:
    members = [gzip.compress(r, mtime=0) for r in responses(6)]
    for broken in (3, 5):
        hurt = bytearray(members[broken])
        hurt[len(hurt) // 2] ^= 0xFF
        raw = b"".join([*members[:broken], bytes(hurt), *members[broken + 1 :]])
        f = file(tmp_path, raw, "a.warc.gz")
        assert [type(r) for r in read(f)].count(Page) == 5
        assert [type(r) for r in read(f)].count(Reject) == 1
        for n in (2, 5):
            assert read(f, f.n_bytes // n) == read(f)


@pytest.mark.parametrize("length", [1, 10, 400, 2900, 6000, 10**7, 10**12])
@pytest.mark.parametrize(("suffix", "pack"), PACKINGS.items())
def test_a_record_that_lies_costs_itself_in_every_packing(
    tmp_path: Path, suffix: str, pack: Callable[..., bytes], length: int
) -> None:
    good = [record(f"http://x.org/{i}", http(page(i))) for i in (1, 2, 3)]
    lie = record("http://x.org/lie", http(page(9)), length=length)
    f = file(tmp_path, pack(good[0], lie, *good[1:]), f"a.{suffix}")
    result = read(f)
    assert [r.uri for r in result if isinstance(r, Page)] == [f"http://x.org/{i}" for i in (1, 2, 3)]
    refused = [r for r in result if isinstance(r, Reject)]
    assert [(r.uri, r.reason in ("wrong_length", "truncated")) for r in refused] == [("http://x.org/lie", True)]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=8), st.integers(1, 4000), st.sampled_from(sorted(PACKINGS)),
       st.integers(1, 12))  # fmt: skip
def test_any_cut_of_any_packing_finds_each_record_once(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], size: int, suffix: str, spans: int
) -> None:
    records = [record(f"http://x.org/{i}", http(page(i, 1 + n * size // 100))) for i, n in enumerate(sizes)]
    f = file(tmp_path_factory.mktemp("any"), PACKINGS[suffix](*records), f"a.{suffix}")
    whole = everything(f)
    assert [r.uri for r in whole if isinstance(r, Page)] == [f"http://x.org/{i}" for i in range(len(sizes))]
    assert everything(f, max(f.n_bytes // spans, 1)) == whole
    assert len({r.position for r in whole if isinstance(r, Page)}) == len(sizes)


def test_a_header_that_is_noise_costs_its_record(tmp_path: Path) -> None:
    records = [record(f"http://x.org/{i}", http(page(i, 2))) for i in range(5)]
    head_end = records[2].index(b"\r\n\r\n") + 4
    for noise in (b"\x07" * (head_end - 20), random.Random(3).randbytes(head_end - 20)):
        hurt = records[2][:20] + noise.replace(b"\n", b"x") + records[2][head_end:].replace(b"\r\n\r\n", b"xxxx")[:-4]
        f = file(tmp_path, plain(*records[:2], hurt + b"\r\n\r\n", *records[3:]), "a.warc")
        assert [r.uri[-1] for r in read(f) if isinstance(r, Page)] == ["0", "1", "3", "4"]
        assert [type(r) for r in read(f)].count(Reject) == 1


def test_a_record_is_whole_where_its_member_ends_whatever_follows(tmp_path: Path) -> None:
    members = [zstandard(r) for r in responses(3)]
    garbage = zstandard(b"garbage that is no record, but a sound frame" * 9)
    f = file(tmp_path, b"".join([*members[:4], garbage, *members[4:]]), "a.warc.zst")
    assert [type(r) for r in read(f)] == [Page, Page, Reject, Page]


@pytest.mark.parametrize("pack", [gzipped, zstandard])
def test_a_lie_that_reaches_into_a_broken_member_costs_two_records(tmp_path: Path, pack: Callable[..., bytes]) -> None:
    good = [record(f"http://x.org/{i}", http(page(i))) for i in range(6)]
    lie = record("http://x.org/lie", http(page(9)), length=10**6)
    broken = bytearray(pack(good[3]))
    broken[len(broken) // 2 :] = b"\xff" * (len(broken) - len(broken) // 2)
    raw = pack(good[0], lie, *good[1:3]) + bytes(broken) + pack(*good[4:])
    f = file(tmp_path, raw, "a.warc.gz" if pack is gzipped else "a.warc.zst")
    for n in (1, 3):
        assert [r.uri[-1] for r in read(f, f.n_bytes // n) if isinstance(r, Page)] == ["0", "1", "2", "4", "5"]
        assert [type(r) for r in read(f, f.n_bytes // n)].count(Reject) == 2


def test_junk_after_a_record_costs_nothing_but_itself(tmp_path: Path) -> None:
    records = [record(f"http://x.org/{i}", http(page(i))) for i in range(6)]
    f = file(tmp_path, plain(*records[:3], b"junk\r\nmore junk\r\n\r\n", *records[3:]), "a.warc")
    assert [type(r) for r in read(f)] == [Page] * 3 + [Reject] + [Page] * 3
    spaced = [r[:-4] + b"\r\n \r\n" for r in records]
    assert [type(r) for r in read(file(tmp_path, plain(*spaced), "b.warc"))] == [Page] * 6


@pytest.mark.parametrize("body", [b"1000\nis the year in which it began", b"add\r\n5 eggs and stir, then wait"])
def test_a_decoded_body_that_begins_like_a_chunk_is_kept_whole(tmp_path: Path, body: bytes) -> None:
    result = one(tmp_path, record("http://x.org/", http(body, "text/plain", Transfer_Encoding="chunked")))
    assert isinstance(result, Text)
    assert result.text.encode() == body


@pytest.mark.parametrize(("suffix", "pack"), [("warc", plain), ("warc.gz", gzipped), ("warc.zst", zstandard)])
def test_a_file_whose_first_bytes_are_broken_costs_its_first_record(
    tmp_path: Path, suffix: str, pack: Callable[..., bytes]
) -> None:
    records = [record(f"http://x.org/{i}", http(page(i))) for i in range(5)]
    f = file(tmp_path, b"\x00\xff\x00\xff" + pack(*records)[4:], f"a.{suffix}")
    for n in (1, 4):
        result = read(f, f.n_bytes // n)
        assert [r.uri[-1] for r in result if isinstance(r, Page)] == ["1", "2", "3", "4"]
        assert [type(r) for r in result].count(Reject) == 1


@pytest.mark.parametrize(
    "line", [b"no colon\r\n and its second line", b"WARC-Type: request\r\n of a second value", b": no name\r\n more"]
)
def test_header_lines_that_continue_what_is_no_header(tmp_path: Path, line: bytes) -> None:
    raw = record("http://x.org/1", http(page(1))).replace(
        b"\r\nContent-Length", b"\r\n" + line + b"\r\nContent-Length", 1
    )
    assert line in raw
    result = one(tmp_path, raw)
    assert isinstance(result, Page)
    assert result.uri == "http://x.org/1"


def test_a_fault_of_ours_costs_one_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = warc.http.body

    def faulty(response: warc.http.Response, most: int) -> tuple[bytes, list[str]]:
        if b"page 2 " in response.stored:
            raise KeyError("no such thing")
        return real(response, most)

    monkeypatch.setattr(warc.http, "body", faulty)
    f = file(
        tmp_path, plain(*[record(f"http://x.org/{i}", http(page(i) + b"page %d " % i)) for i in range(4)]), "a.warc"
    )
    assert [type(r) for r in read(f)] == [Page, Page, Reject, Page]
    assert [r.reason for r in read(f) if isinstance(r, Reject)] == ["extraction_error"]


def pages(f: File, n: int = 1) -> list[str]:
    return [r.uri.rpartition("/")[2] for r in read(f, max(f.n_bytes // n, 1)) if isinstance(r, Page)]


ONE_PACKED = [("a.warc.gz", one_member), ("a.warc.zst", one_frame)]


@pytest.mark.parametrize(("name", "pack"), ONE_PACKED)
@pytest.mark.parametrize("length", [5, 10**7])
@pytest.mark.parametrize("lost", [1, 9])
def test_a_member_that_is_cut_short_and_holds_a_lie_loses_the_lie_alone(
    tmp_path: Path, name: str, pack: Callable[..., bytes], length: int, lost: int
) -> None:
    records = [record(f"http://x.org/{i}", http(page(i, 20))) for i in range(10)]
    records[2] = record("http://x.org/lie", http(page(2, 20)), length=length)
    filler = record("http://x.org/cut", http(random.Random(1).randbytes(400_000), "image/png"))
    f = file(tmp_path, pack(*records, filler)[: -lost * 100], name)
    assert pages(f) == ["0", "1", "3", "4", "5", "6", "7", "8", "9"]
    assert next(r.reason for r in read(f) if isinstance(r, Reject)) in ("wrong_length", "truncated")


def zstd_with_checksum(*records: bytes) -> bytes:
    import zstandard as zstd

    return zstd.ZstdCompressor(write_checksum=True).compress(b"".join(records))


@pytest.mark.parametrize(("name", "pack"), [("a.warc.gz", one_member), ("a.warc.zst", zstd_with_checksum)])
@pytest.mark.parametrize("n", [1, 2, 10, 400])
def test_a_wrong_checksum_costs_no_record_but_the_one_it_stands_for(
    tmp_path: Path, name: str, pack: Callable[..., bytes], n: int
) -> None:
    raw = bytearray(pack(*[record(f"http://x.org/{i}", http(page(i, 30))) for i in range(n)]))
    raw[-6 if name.endswith("gz") else -2] ^= 0x10
    after = pack(record("http://x.org/after", http(page(7))))
    f = file(tmp_path, bytes(raw) + after, name)
    whole = [str(i) for i in range(n)] if n > 1 else []  # one record with a member of its own is what is wrong
    assert pages(f) == [*whole, "after"]
    assert [r.reason for r in read(f) if isinstance(r, Reject)] == ["corrupt"]


def test_line_ends_between_members_are_no_records(tmp_path: Path) -> None:
    for name, pack in (("a.warc.gz", gzipped), ("a.warc.zst", zstandard)):
        members = [pack(record(f"http://x.org/{i}", http(page(i)))) for i in range(4)]
        assert [type(r) for r in read(file(tmp_path, b"\r\n\r\n".join(members) + b"\n", name))] == [Page] * 4


@pytest.mark.parametrize("before", [b"broken line\r\n", b""])
def test_a_folded_line_behind_no_header_says_nothing(tmp_path: Path, before: bytes) -> None:
    raw = record("http://x.org/1", http(page(1)))
    first, rest = raw.split(b"\r\n", 1)
    assert isinstance(one(tmp_path, first + b"\r\n" + before + b" Content-Length: 7\r\n" + rest), Page)


def test_a_record_with_an_archive_inside_and_a_wrong_checksum_gives_nothing(tmp_path: Path) -> None:
    inner = record("http://x.org/inner", http(page(1)))
    raw = bytearray(gzipped(record("http://x.org/outer", http(b"<html>\r\n\r\n" + inner + page(2)))))
    raw[-6] ^= 1
    f = file(tmp_path, bytes(raw) + gzipped(record("http://x.org/next", http(page(3)))), "a.warc.gz")
    assert pages(f) == ["next"]
    assert [r.uri for r in read(f) if isinstance(r, Reject)] == ["http://x.org/outer"]


@pytest.mark.parametrize("pack", [plain, one_member, gzipped])
@pytest.mark.parametrize(
    "junk",
    [
        b"junk line\r\n\r\n", b"junk\n\n", b"WARC/bad\r\n\r\n", b"\xef\xbb\xbf\r\n\r\n", b"junk\r\n", b"two\r\nlines\r\n\r\n",
        b"junk\r\n\r\n\r\n", b"\x00\x01\x02", b"glued ",
    ],
)  # fmt: skip
def test_junk_between_records_costs_itself_alone(tmp_path: Path, pack: Callable[..., bytes], junk: bytes) -> None:
    good = [record(f"http://x.org/{i}", http(page(i))) for i in range(3)]
    raw = gzipped(good[0], junk + good[1], good[2]) if pack is gzipped else pack(good[0], junk, *good[1:])
    f = file(tmp_path, raw, "a.warc" if pack is plain else "a.warc.gz")
    found = read(f)
    assert [r.uri[-1] for r in found if isinstance(r, Page)] == ["0", "1", "2"]
    assert [r.reason for r in found if isinstance(r, Reject)] == ["corrupt"]
    assert read(f, 300) == found


@pytest.mark.parametrize("junk", [b"junk line\r\n\r\n", b"\xef\xbb\xbf", b"WARC/bad\r\n\r\n"])
def test_junk_at_the_start_costs_itself_alone(tmp_path: Path, junk: bytes) -> None:
    found = read(file(tmp_path, plain(junk, *responses(2)), "a.warc"))
    assert [r.uri[-1] for r in found if isinstance(r, Page)] == ["0", "1"]


def test_a_length_that_is_too_short_costs_its_record_alone(tmp_path: Path) -> None:
    body = http(page(1)) + b"\r\n\r\nthe end of the page"
    short = record("http://x.org/1", body, length=len(body) - len(b"\r\n\r\nthe end of the page"))
    good = [record(f"http://x.org/{i}", http(page(i))) for i in (0, 2, 3)]
    found = read(file(tmp_path, plain(good[0], short, *good[1:]), "a.warc"))
    assert {"0", "2", "3"} <= {r.uri[-1] for r in found if isinstance(r, Page)}
