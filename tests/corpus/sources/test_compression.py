import gzip
import random
from pathlib import Path

import pytest
import zstandard

from corpus.sources import compression
from corpus.sources.files import File

RAW = bytes(random.Random(0).choices(b"abcdef\n", k=300_000))


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
@pytest.mark.parametrize("offset", [0, 1, 150_000, 299_999, 300_000])
def test_a_stream_can_start_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, offset: int) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    half = len(RAW) // 2  # two members, two frames
    packed = {
        "": RAW,
        ".gz": gzip.compress(RAW[:half]) + gzip.compress(RAW[half:]),
        ".zst": zstandard.ZstdCompressor().compress(RAW[:half]) + zstandard.ZstdCompressor().compress(RAW[half:]),
    }[suffix]
    path = tmp_path / f"a{suffix}"
    path.write_bytes(packed)
    file = File(str(path), len(packed), "1")
    assert compression.size(file) == len(RAW)
    for indexed in (False, True):
        with compression.open_at(file, offset, indexed=indexed) as stream:
            assert stream.read(1000) == RAW[offset : offset + 1000]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_broken_stream_has_no_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"\x00 garbage" * 100)
    assert compression.size(File(str(path), 900, "1")) is None
