import pyarrow as pa
import pytest

from corpus.text.buffers import string_array, string_buffers


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()])
def test_round_trip(kind: pa.DataType) -> None:
    values = ["a", "", "ümlaut"]
    array = pa.array(
        [v.encode() if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) else v for v in values], kind
    )
    offsets, data = string_buffers(array)
    assert string_array(offsets, data).to_pylist() == values


def test_chunks_are_joined() -> None:
    offsets, data = string_buffers(pa.chunked_array([["a"], ["bc"]]))
    assert [bytes(data[offsets[i] : offsets[i + 1]]) for i in range(2)] == [b"a", b"bc"]


@pytest.mark.parametrize("array", [pa.array(["a", None]), pa.array([1])])
def test_nulls_and_other_types_are_refused(array: pa.Array) -> None:
    with pytest.raises(TypeError, match="without nulls"):
        string_buffers(array)
