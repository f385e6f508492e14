"""All that was unpacked before a wrong checksum comes out, whatever the calls were."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.sources import compression, regained
from corpus.sources.files import File


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=3000), st.integers(1, 40), st.integers(0, 4000))
def test_gzip_gives_all_of_it_from_any_point(piece: bytes, times: int, first: int) -> None:
    raw = piece * times
    packed = bytearray(gzip.compress(raw))
    packed[-8] ^= 1
    unpacker = zlib.decompressobj(wbits=31)
    try:
        begun = unpacker.decompress(bytes(packed), first + 1)
    except zlib.error:
        begun, unpacker = b"", zlib.decompressobj(wbits=31)
        assert regained.of_gzip(unpacker, bytes(packed))[0] == raw
        return
    assert begun + regained.of_gzip(unpacker, unpacker.unconsumed_tail)[0] == raw


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=3000), st.integers(1, 200), st.integers(0, 100), st.integers(1, 9000))
def test_zstd_gives_all_of_it(piece: bytes, times: int, before: int, n_last: int) -> None:
    raw = piece * times
    packed = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(raw))
    packed[-1] ^= 1
    n_given = _given(packed[: max(len(packed) - n_last, 0)])
    file = io.BytesIO(bytes(before) + bytes(packed) + b"what follows")
    make: Callable[[], Any] = lambda: zstandard.ZstdDecompressor().decompressobj()  # noqa: E731
    assert regained.of_member(make, file, before, before + len(packed), n_given, n_last)[0] == raw[n_given:]


def _given(packed: bytes) -> int:
    """Bytes that come out of the packed bytes before the call that meets the fault."""
    return len(zstandard.ZstdDecompressor().decompressobj().decompress(packed))


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor(write_checksum=True).compress,
}  # fmt: skip


@pytest.mark.parametrize("kind", PACKERS)
@pytest.mark.parametrize("n", [1, 10, 300_000])
def test_a_stream_with_a_wrong_checksum_gives_every_line_and_then_says_so(tmp_path: Path, kind: str, n: int) -> None:
    raw = b"".join(b"line %d\n" % i for i in range(n))
    packed = bytearray(PACKERS[kind](raw))
    packed[{"gz": -8, "bz2": -2, "xz": -14, "zst": -1}[kind]] ^= 1
    path = tmp_path / f"a.jsonl.{kind}"
    path.write_bytes(bytes(packed))
    came: list[bytes] = []
    with compression.open_at(File(str(path), len(packed)), 0) as stream, pytest.raises(compression.ERRORS):
        came.extend(iter(lambda: stream.read(1 << 16), b""))
    assert b"".join(came) == raw
