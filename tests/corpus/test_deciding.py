import polars as pl

from corpus import schema
from corpus.deciding import decisions


def test_a_document_that_is_not_kept_says_what_broke_what() -> None:
    frame = pl.DataFrame(
        {
            "id": ["a", "b"],
            "source": "s",
            "kept": [True, False],
            "value": [0.1, 0.9],
            "limit": 0.5,
            "row_group": 1,
            "row": [0, 1],
        }
    )
    kept, dropped = decisions(frame, "minhash", "minhash.duplicate").to_dicts()
    assert (kept["reasons"], kept["measured"], kept["stage"]) == ([], [], "minhash")
    assert dropped["reasons"] == ["minhash.duplicate"]
    assert dropped["measured"] == [{"rule": "minhash.duplicate", "value": 0.9, "limit": 0.5}]
    assert schema.batch("decisions", decisions(frame, "x", "y")).num_rows == 2
    assert schema.batch("decisions", decisions(frame.head(0), "x", "y")).num_rows == 0
