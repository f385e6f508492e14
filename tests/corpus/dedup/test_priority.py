import polars as pl
import pytest

from corpus.dedup.priority import LAST_ADDRESS, priority
from corpus.dedup.settings import Keep

COPIES = pl.DataFrame(
    {
        "id": ["1", "2", "3", "4"],
        "source": ["b", "a", "new", "b"],
        "uri": ["w", "z", "x", "w"],
        "n_characters": [5, 7, 9, 9],
        "quality": [None, 0.5, float("nan"), 0.5],
    }
)


@pytest.mark.parametrize(
    ("keep", "want"),
    [("source_order", "2143"), ("longest", "4321"), ("first", "1432"), ("quality", "2413")],
)
def test_copies_in_the_order_in_which_they_stay(keep: Keep, want: str) -> None:
    for seed in range(30):  # a tie that the order does not break would fall either way
        shuffled = COPIES.sample(fraction=1, shuffle=True, seed=seed).with_columns(**priority(keep, ("a", "b")))
        ordered = shuffled.sort([name for name in shuffled.columns if name.startswith("by_")], maintain_order=True)
        assert "".join(ordered["id"]) == want


def test_the_last_address_is_after_all_others() -> None:
    assert pl.Series(["\U0010fffe", LAST_ADDRESS, "z"]).sort()[-1] == LAST_ADDRESS
