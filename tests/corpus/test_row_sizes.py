import numpy as np
import pyarrow as pa
import pytest

from corpus.row_sizes import ends


def column(values: list[object], kind: pa.DataType) -> pa.RecordBatch:
    return pa.record_batch([pa.array(values, kind)], names=["x"])


@pytest.mark.parametrize(
    ("kind", "values", "sizes"),
    [
        (pa.string(), ["a", None, "bcd"], [5, 4, 7]),
        (pa.large_string(), ["é", ""], [10, 8]),
        (pa.large_binary(), [b"ab"], [10]),
        (pa.int64(), [1, 2], [8, 8]),
        (pa.list_(pa.string()), [["a", "bb"], None, []], [4 + 5 + 6, 4, 4]),
        (pa.map_(pa.string(), pa.string()), [[("k", "vv")], []], [4 + 5 + 6, 4]),
        (pa.struct([("a", pa.string()), ("b", pa.int32())]), [{"a": "xyz", "b": 1}], [11]),
        (pa.list_(pa.struct([("a", pa.list_(pa.string()))])), [[{"a": ["x"]}], [{"a": []}]], [4 + 4 + 5, 4 + 4]),
    ],
)
def test_each_row_has_its_bytes(kind: pa.DataType, values: list[object], sizes: list[int]) -> None:
    batch = column(values, kind)
    assert np.diff(ends(batch)).tolist() == sizes
    around = column(values * 3, kind).slice(len(values), len(values))
    assert np.diff(ends(around)).tolist() == sizes  # a slice counts its own rows
    assert ends(batch.slice(0, 0)).tolist() == [0]


def test_other_types_count_by_their_average_and_columns_add_up() -> None:
    shared = pa.array(["abc", "abc"]).dictionary_encode()
    batch = pa.record_batch([shared, pa.array(["x", "yy"], pa.string())], names=["a", "b"])
    total = ends(batch)
    assert total[-1] == shared.nbytes + 5 + 6
    assert (np.diff(total) > 0).all()
    assert ends(column(["a", "b"], pa.string_view()))[-1] > 0
