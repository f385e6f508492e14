from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.dedup.exact import steps as exact

ROWS = pl.DataFrame(
    {
        "id": ["1", "2", "3", "4", "5"],
        "source": ["web", "books", "web", "web", "news"],
        "text_hash": ["aa", "aa", "bb", "aa", "bb"],
        "n_characters": [10, 11, 20, 12, 20],
        "uri": ["u9", "u8", "u3", "u4", "u1"],
        "quality": [0.1, 0.2, 0.4, 0.3, None],
        "row_group": [7, 7, 3, 3, 7],
        "row": [1, 0, 0, 1, 2],
    }
)


@pytest.mark.parametrize(
    ("keep", "sources", "kept"),
    [
        ("source_order", ("books", "web", "news"), {"2", "3"}),
        ("source_order", ("news", "web"), {"4", "5"}),
        ("longest", (), {"4", "5"}),
        ("first", (), {"4", "5"}),
        ("quality", (), {"3", "4"}),
    ],
)
def test_which_copy_stays(keep: str, sources: tuple[str, ...], kept: set[str]) -> None:
    ranked = exact.rank(ROWS, keep, sources)
    decided = exact.decisions(ranked)
    assert set(decided.filter("kept")["id"]) == kept
    assert decided["id"].to_list() == ["3", "4", "2", "1", "5"]  # as they stand in documents
    found = exact.duplicates(ranked)
    assert found.height == 5
    assert set(found["representative"]) == kept


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["web", "books"]), st.integers(1, 3)), min_size=1),
    st.randoms(),
    st.sampled_from(["source_order", "longest", "first"]),
)
def test_one_of_each_text_stays_whatever_the_order_of_rows(rows, random, keep) -> None:
    frame = pl.DataFrame(
        [
            {"id": f"{i:02}", "source": s, "text_hash": h, "n_characters": n, "uri": f"u{i}", "quality": 0.0}
            | {"row_group": 0, "row": i}
            for i, (h, s, n) in enumerate(rows)
        ]
    )
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=random.randint(0, 999))
    kept = [set(exact.decisions(exact.rank(f, keep, ("web",))).filter("kept")["id"]) for f in (frame, shuffled)]
    assert kept[0] == kept[1]
    hashes = frame.filter(pl.col("id").is_in(list(kept[0])))["text_hash"]
    assert sorted(hashes) == sorted({h for h, _, _ in rows})


def test_items_cover_every_hash_once_however_many_they_are() -> None:
    for n_documents in (0, 10, 10**7, 10**9):
        items = exact.ranges(n_documents)
        bounds = [(one.low, one.high) for one in items]
        assert bounds[0][0] == "0000"
        assert bounds[-1][1] > "f" * 32
        assert all(a[1] == b[0] for a, b in pairwise(bounds))
        assert len(items) == max(-(-n_documents // 4_000_000), 1)
