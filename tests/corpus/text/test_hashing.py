import pyarrow as pa
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.text.hashing import hash64, hash128


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=5), st.integers(0, 2**64 - 1))
def test_is_xxh64(values: list[bytes], seed: int) -> None:
    assert hash64(pa.array(values, pa.binary()), seed).tolist() == [xxhash.xxh64_intdigest(v, seed) for v in values]


def test_128_bits_are_two_seeds_in_hex() -> None:
    [digest] = hash128(pa.array(["a text"])).to_pylist()
    assert digest == xxhash.xxh64_hexdigest(b"a text", 0) + xxhash.xxh64_hexdigest(b"a text", 1)


def test_slices_and_no_rows() -> None:
    array = pa.array(["x", "y", "z"])
    assert hash128(array.slice(1, 1)).to_pylist() == hash128(pa.array(["y"])).to_pylist()
    assert hash128(pa.array([], pa.string())).to_pylist() == []
