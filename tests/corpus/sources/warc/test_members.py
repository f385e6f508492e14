"""Where an archive is entered again behind damage: the next member of its own, not one that lies in a record."""

import gzip
import io
import os
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from corpus.records import Page, Reject
from corpus.sources.warc import members
from tests.corpus.sources.warc.test_warc import everything, file, plain, read, zstandard
from tests.corpus.sources.warcs import gzipped, http, page, record

PACKS = [("gzip", gzipped), ("zstd", zstandard)]


def uris(found: list[object]) -> list[str]:
    return [r.uri for r in found if isinstance(r, Page)]


@pytest.mark.parametrize(("kind", "pack"), PACKS)
def test_a_member_is_looked_at_and_measured(kind: str, pack: Callable[..., bytes]) -> None:
    raw = os.urandom(300_000)
    stored = pack(raw)
    found = members.look(io.BytesIO(b"xx" + stored + b"rest"), kind, 2, None, None)
    assert (found.head, found.n_bytes, found.end) == (raw[: len(found.head)], len(raw), 2 + len(stored))
    cut = members.look(io.BytesIO(stored[:-9]), kind, 0, None, None)
    assert cut.end is None
    assert members.look(io.BytesIO(stored), kind, 0, None, 8).n_bytes >= 8


@pytest.mark.parametrize(("kind", "pack"), PACKS)
def test_three_bytes_make_no_member(kind: str, pack: Callable[..., bytes]) -> None:
    one = pack(b"some text that begins no record")
    raw = one[:4] + b"noise" + one
    assert members.find(io.BytesIO(raw), kind, 0, None) == (9, [])
    assert members.find(io.BytesIO(raw), kind, 0, None, begins=b"WARC/") == (None, [])
    assert members.find(io.BytesIO(raw), kind, 10, None) == (None, [])


@pytest.mark.parametrize(("kind", "pack"), PACKS)
def test_a_row_that_ends_in_noise_lies_in_another_member(kind: str, pack: Callable[..., bytes]) -> None:
    row = pack(b"one") + pack(b"two")
    own = pack(b"three")
    inside = row + b"the rest of what they lie in " * 3 + own
    last = len(inside) - len(own)
    assert members.find(io.BytesIO(inside), kind, 0, None, own_end=last) == (last, [0])
    assert members.find(io.BytesIO(inside), kind, 0, None, own_end=len(row) - 1) == (0, [])
    hurt = bytearray(row + own + own)
    hurt[len(row)] ^= 1  # damage, not the end of the row
    for raw in (row, row + b"\x00\x00\r\n" + own, row + own[:5], bytes(hurt)):
        assert members.find(io.BytesIO(raw), kind, 0, None, own_end=len(raw)) == (0, [])


def stored(*blocks: bytes) -> bytes:
    """A gzip member whose blocks are as they are. Source: RFC 1951, 3.2.4; RFC 1952."""
    raw = b"".join(blocks)
    packed = b"".join(
        bytes([i + 1 == len(blocks)]) + struct.pack("<HH", len(block), len(block) ^ 0xFFFF) + block
        for i, block in enumerate(blocks)
    )
    return b"\x1f\x8b\x08" + bytes(6) + b"\xff" + packed + struct.pack("<II", zlib.crc32(raw), len(raw))


@pytest.mark.parametrize("spoil", ["cut", "checksum", "block"])
def test_an_archive_inside_a_broken_record_gives_no_documents(tmp_path: Path, spoil: str) -> None:
    nested = gzipped(*[record(f"http://nested/{i}", http(page(100 + i))) for i in range(3)])
    begin, end = random.Random(1).randbytes(3000), b"behind it " * 100
    whole = record("http://x.org/big", http(begin + nested + end, "application/gzip"))
    at = whole.index(nested) - 100
    big = bytearray(stored(whole[:at], whole[at:]))
    others = [record(f"http://x.org/{i}", http(page(i))) for i in range(3)]
    if spoil == "cut":
        raw = gzipped(others[0]) + bytes(big[: -len(nested) // 2 - len(end)])
    else:
        big[-6 if spoil == "checksum" else big.index(whole[at:]) - 2] ^= 0xFF
        raw = gzipped(others[0]) + bytes(big) + gzipped(*others[1:])
    f = file(tmp_path, raw, "a.warc.gz")
    assert uris(read(f)) == [f"http://x.org/{i}" for i in ([0] if spoil == "cut" else [0, 1, 2])]
    assert [type(r) for r in read(f)].count(Reject) == (2 if spoil == "block" else 1)  # the row inside is told


@pytest.mark.parametrize("pack", [gzipped, zstandard])
def test_behind_a_wrong_checksum_records_that_cross_members_are_found(
    tmp_path: Path, pack: Callable[..., bytes]
) -> None:
    raw = plain(*[record(f"http://x.org/{i}", http(page(i))) for i in range(12)])
    pieces = [bytearray(pack(raw[i : i + 2000])) for i in range(0, len(raw), 2000)]
    if pack is zstandard:
        import zstandard as z

        checked = z.ZstdCompressor(write_checksum=True)
        pieces = [bytearray(checked.compress(raw[i : i + 2000])) for i in range(0, len(raw), 2000)]
    pieces[2][-1 if pack is zstandard else -6] ^= 0xFF
    name = "a.warc.gz" if pack is gzipped else "a.warc.zst"
    f = file(tmp_path, b"".join(map(bytes, pieces)), name)
    found = read(f)
    assert len(uris(found)) == 11
    assert [r.reason for r in found if isinstance(r, Reject)] == ["corrupt"]
    assert everything(f, 700) == everything(f)


@pytest.mark.parametrize("spoiled", [-1, 3])
def test_a_cut_falls_where_a_record_begins_never_where_something_broke(tmp_path: Path, spoiled: int) -> None:
    """Records cross members; the last member holds a record's end and three more, one member has a wrong checksum."""
    raw = plain(*[record(f"http://x.org/{i}", http(page(i, 40))) for i in range(12)])
    tail = plain(*[record(f"http://x.org/last{i}", http(page(i))) for i in range(3)])
    pieces = [raw[i : i + 3000] for i in range(0, len(raw), 3000)]
    pieces[-1] += tail
    packed = [bytearray(gzip.compress(piece, mtime=0)) for piece in pieces]
    packed[spoiled][-6] ^= 0xFF
    f = file(tmp_path, b"".join(map(bytes, packed)), "a.warc.gz")
    whole = everything(f)
    assert [r.uri for r in whole if isinstance(r, Page)][-3:] == [f"http://x.org/last{i}" for i in range(3)]
    for n_bytes in (100, 1000, f.n_bytes // 2, f.n_bytes - len(packed[-1]), f.n_bytes - 10):
        assert everything(f, n_bytes) == whole


def test_a_lie_over_members_larger_than_what_is_held_swallows_no_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpus.sources.warc.records._REWIND_BYTES", 1 << 10)
    monkeypatch.setattr("corpus.sources.warc.stream._UNPACK_BYTES", 1 << 12)
    bodies = [b"a page", page(1), random.Random(1).randbytes(200_000), page(3)]
    kinds = ["text/html", "text/html", "application/zip", "text/html"]
    records = [
        record(f"http://x.org/{i}", http(body, kind)) for i, (body, kind) in enumerate(zip(bodies, kinds, strict=True))
    ]
    own = len(records[0]) - records[0].index(b"\r\n\r\n") - 8
    records[0] = record("http://x.org/0", http(bodies[0], "text/html"), length=own + len(b"".join(records[1:3])))
    half = len(records[2]) // 2
    packed = gzipped(*records[:2]) + gzipped(records[2][:half], records[2][half:]) + gzipped(records[3])
    found = everything(file(tmp_path, packed, "a.warc.gz"))
    assert uris(found) == ["http://x.org/1", "http://x.org/3"]
    assert [r.reason for r in found if isinstance(r, Reject)] == ["wrong_length"]


@pytest.mark.parametrize("pack", [gzipped, zstandard])
@pytest.mark.parametrize("size", [500, 100_000])
def test_a_broken_first_byte_is_not_the_end_of_an_archive(
    tmp_path: Path, pack: Callable[..., bytes], size: int
) -> None:
    raw = plain(*[record(f"http://x.org/{i}", http(page(i))) for i in range(6)])
    packed = bytearray(pack(*[raw[i : i + size] for i in range(0, len(raw), size)]))
    packed[2] ^= 1
    name = "a.warc.gz" if pack is gzipped else "a.warc.zst"
    found = read(file(tmp_path, bytes(packed), name))
    assert len(uris(found)) == (5 if size == 500 else 0)
    assert [r.reason for r in found if isinstance(r, Reject)] == ["corrupt"]


@pytest.mark.parametrize(("kind", "pack"), PACKS)
def test_what_a_broken_member_gives_as_it_is_stored_is_its_own(kind: str, pack: Callable[..., bytes]) -> None:
    inside, behind = pack(b"one that lies inside"), pack(b"one that comes behind it")
    begin = random.Random(1).randbytes(70_000)
    own = stored(begin[:60_000], begin[60_000:] + inside, b"end") if kind == "gzip" else pack(begin + inside + b"end")
    raw = own + behind
    assert raw.index(inside) > 0
    for end in (len(own), len(raw)):  # the fault is noticed at the end, or far behind it
        broken = members.Broken(io.BytesIO(raw), kind, 0, end, None)
        assert broken.holds(raw.index(inside))
        assert not broken.holds(len(own))
    broken = members.Broken(io.BytesIO(raw), kind, 0, len(own), None)
    assert members.find(io.BytesIO(raw), kind, 1, None, broken=broken) == (len(own), [])


@pytest.mark.parametrize(("kind", "pack"), PACKS)
@pytest.mark.parametrize("n_over", [1, 2, 3, 20])
def test_a_member_just_before_a_fault_is_not_its_own_by_chance(
    kind: str, pack: Callable[..., bytes], n_over: int
) -> None:
    """The fault is noticed a few bytes into the next member, and the broken one gives these same bytes somewhere."""
    behind = pack(b"one that comes behind it")
    begin = random.Random(1).randbytes(9_000) + behind[:n_over] + random.Random(2).randbytes(9_000)
    own = stored(begin) if kind == "gzip" else pack(begin)
    raw = own + behind
    broken = members.Broken(io.BytesIO(raw), kind, 0, len(own) + n_over, None)
    assert not broken.holds(len(own))
    broken = members.Broken(io.BytesIO(raw), kind, 0, len(own) + n_over, None)
    assert members.find(io.BytesIO(raw), kind, len(own), None, broken=broken) == (len(own), [])


def test_members_that_an_unpacker_ran_over_are_found(tmp_path: Path) -> None:
    """Zeros can be read as packed data until a checksum, some members behind, says that they were none."""
    records = [record(f"http://x.org/{i}", http(page(i, 40))) for i in range(30)]
    raw = plain(*records)
    pieces = [gzip.compress(raw[i : i + 2000], mtime=0) for i in range(0, len(raw), 2000)]
    starts = [sum(map(len, pieces[:i])) for i in range(len(pieces))]
    for wound in range(starts[5] + 60, starts[6], 7):
        hurt = bytearray(b"".join(pieces))
        hurt[wound : starts[8] + 30] = bytes(starts[8] + 30 - wound)
        found = {r.uri for r in read(file(tmp_path, bytes(hurt), "a.warc.gz")) if isinstance(r, Page)}
        ends = [sum(map(len, records[: i + 1])) for i in range(30)]
        sound = [i for i in range(30) if ends[i] - len(records[i]) >= 9 * 2000 or ends[i] <= 5 * 2000]
        assert {f"http://x.org/{i}" for i in sound} <= found
