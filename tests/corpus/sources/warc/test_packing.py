import gzip
import io

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from corpus.sources.warc import packing


@pytest.mark.parametrize(
    ("head", "kind"),
    [(gzip.compress(b"x", mtime=0), "gzip"), (zstandard.ZstdCompressor().compress(b"x"), "zstd"),
     (b"\x50\x2a\x4d\x18\x00\x00\x00\x00", "zstd"), (b"\x04\x22\x4d\x18", "lz4"), (b"\r\nWARC/1.0\r\n", "plain"),
     (b"\x1f\x8b\x07", None), (b"<html>", None), (b"", None)],
)  # fmt: skip
def test_first_bytes(head: bytes, kind: str | None) -> None:
    assert packing.kind_of(head) == kind


@given(st.binary(max_size=200), st.integers(0, 50), st.sampled_from([packing.GZIP, packing.ZSTD]), st.integers(0, 3))
def test_magic_is_found_where_bytes_find_it(raw: bytes, start: int, magic: bytes, far: int) -> None:
    data = bytes(far * ((1 << 17) - 2)) + raw + magic + raw  # across the end of what is read at once, too
    found = data.find(magic, start)
    assert packing.find_magic(io.BytesIO(data), start, magic) == (None if found < 0 else found)


def test_a_dictionary_packed_or_not_and_one_that_is_too_large() -> None:
    samples = [b"WARC-Type: response %d" % i * 5 for i in range(200)]
    trained = zstandard.train_dictionary(4096, samples).as_bytes()
    for stored in (trained, zstandard.ZstdCompressor().compress(trained)):
        frame = b"\x5d\x2a\x4d\x18" + len(stored).to_bytes(4, "little") + stored
        assert packing.dictionary(io.BytesIO(frame)).as_bytes() == trained
    assert packing.dictionary(io.BytesIO(b"WARC/1.0")) is None
    with pytest.raises(packing.BrokenError, match="a dictionary of 4294967295 bytes"):
        packing.dictionary(io.BytesIO(b"\x5d\x2a\x4d\x18" + b"\xff" * 4))
