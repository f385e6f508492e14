from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pomona.exporting.shards import Shards, arrow_schema, format_of

ROWS = st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=200), min_size=1, max_size=30)


def batch(texts: list[str], start: int, keys: list[str]) -> pa.Table:
    n = len(texts)
    metadata = [[(key, f"{key}{i}") for key in keys if i % 2] for i in range(start, start + n)]
    return pa.table(
        {
            "id": [str(i) for i in range(start, start + n)],
            "source": ["s"] * n,
            "uri": ["u"] * n,
            "text": pa.array(texts, pa.large_string()),
            "license": pa.array([None] * n, pa.string()),
            "metadata": pa.array(metadata, pa.map_(pa.string(), pa.string())),
        }
    )


@given(
    batches=st.lists(ROWS, min_size=1, max_size=4),
    n_bytes=st.integers(1, 2000),
    keys=st.sampled_from([[], ["a", "b.c"]]),
)
def test_shards_hold_every_row_once_in_order(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[str]], n_bytes: int, keys: list[str]
) -> None:
    import pyarrow.parquet as pq

    root = tmp_path_factory.mktemp("shards")
    done: list[Path] = []
    with Shards(keys, "parquet", lambda i: root / f"{i:05}", n_bytes, done.append) as shards:
        start = 0
        for texts in batches:
            shards.write(batch(texts, start, keys))
            start += len(texts)
    assert done == sorted(root.iterdir())
    assert shards.n_files == len(done)
    assert shards.file_bytes == sum(path.stat().st_size for path in done)
    whole = pa.concat_tables([pq.read_table(path) for path in done])
    assert whole["id"].to_pylist() == [str(i) for i in range(start)]
    assert whole["text"].to_pylist() == [text for texts in batches for text in texts]
    assert whole.schema.names == arrow_schema(keys).names
    if keys:
        want = [{key: f"{key}{i}" if i % 2 else None for key in keys} for i in range(start)]
        assert whole["metadata"].to_pylist() == want


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.parquet", "parquet"),
        ("a.JSONL.GZ", "jsonl.gz"),
        ("a.jsonl", "jsonl"),
        ("parquet", None),
        ("a.parquet.gz", None),
    ],
)
def test_a_name_says_its_format(name: str, kind: str | None) -> None:
    assert format_of(name) == kind
