"""Groups of few or long documents: the share is met as far as whole documents allow, and a miss is an error."""

from hashlib import md5

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.errors import UserError
from corpus.mixture.choosing import choose
from corpus.mixture.settings import Mixture


def documents(**tokens: list[int]) -> pl.LazyFrame:
    """Documents of the given lengths, by group."""
    rows = [
        (md5(f"{group}{i}".encode()).hexdigest(), md5(f"{group}{i}".encode()).hexdigest(), group, n)
        for group, lengths in tokens.items()
        for i, n in enumerate(lengths)
    ]
    return pl.DataFrame(rows, schema=["id", "unit", "group", "tokens"], orient="row").lazy()


def taken(frame: pl.LazyFrame, **fields: object) -> dict[str, int]:
    _, rows = choose(Mixture.model_validate({"name": "M", "held_out": 0, **fields}), frame)
    counted = rows.group_by("group").agg((pl.col("tokens") * pl.col("repeats")).sum())
    return dict(counted.collect().iter_rows())


@pytest.mark.parametrize("seed", range(12))
def test_few_long_documents_are_put_together_in_other_orders(seed: int) -> None:
    """Of 60, 50 and 50 thousand tokens, 100 thousand are the last two, whichever is first by its hash."""
    frame = documents(a=[60_000, 50_000, 50_000])
    assert taken(frame, weights={"a": 1}, tokens=100_000, seed=seed) == {"a": 100_000}


@pytest.mark.parametrize("seed", range(4))
def test_short_documents_are_found_among_many_long_ones(seed: int) -> None:
    """The 600 documents that follow the limit are too long; the short ones that fit are far behind."""
    frame = documents(a=[30_000] * 600 + [100] * 300)
    assert taken(frame, weights={"a": 1}, tokens=110_000, seed=seed)["a"] == pytest.approx(110_000, rel=0.01)


def test_a_share_that_whole_documents_miss_is_an_error_that_names_the_tolerance() -> None:
    frame = documents(books=[34_216] * 6, notes=[50] * 40_000)
    fields: dict[str, object] = {"weights": {"books": 0.5, "notes": 0.5}, "tokens": 200_000}
    with pytest.raises(UserError, match=r"'books' comes out at 68.*K tokens, not 100.*K.* tolerance 0.32"):
        taken(frame, **fields)
    assert taken(frame, **fields, tolerance=0.32) == {"books": 68_432, "notes": 100_000}


def test_a_document_longer_than_its_groups_share_is_an_error_too() -> None:
    frame = documents(long=[9000, 8000], notes=[50] * 4000)
    with pytest.raises(UserError, match=r"'long' comes out at 8K tokens, not 1K"):
        taken(frame, weights={"long": 0.1, "notes": 0.9}, tokens=10_000)


def test_a_miss_below_a_hundredth_of_the_mixture_is_none() -> None:
    frame = documents(tiny=[900, 800], notes=[50] * 4000)
    assert taken(frame, weights={"tiny": 0.005, "notes": 0.995}, tokens=100_000) == {"tiny": 800, "notes": 99_500}


@pytest.mark.parametrize("fields", [{}, {"temperature": 1.2}])
def test_groups_smaller_than_a_document_share_what_they_lack(fields: dict[str, object]) -> None:
    """A thousand domains with one document each: a tenth of the tokens is a tenth of the domains."""
    frame = documents(**{f"d{i}": [400 + i % 7] for i in range(1000)})
    got = taken(frame, tokens=40_000, max_epochs=2, **fields)
    assert 39_500 < sum(got.values()) <= 40_000
    assert len(got) == pytest.approx(100, abs=2)


@settings(max_examples=60)
@given(st.lists(st.integers(1, 50), min_size=1, max_size=12), st.floats(0.05, 1.9), st.integers(0, 3))
def test_a_group_never_has_more_than_its_share_but_for_one_document(
    lengths: list[int], epochs: float, seed: int
) -> None:
    """And it is not far from the best sum of whole documents, which trying all of them shows."""
    wanted = epochs * sum(lengths)
    got = taken(
        documents(a=lengths), weights={"a": 1}, tokens=int(wanted) or 1, max_epochs=2, tolerance=1000, seed=seed
    )
    rest = (int(wanted) or 1) - (int(epochs) * sum(lengths) if epochs >= 1 else 0)
    sums = {0}
    for n in lengths:
        sums |= {one + n for one in sums}
    best = max(one for one in sums if one <= rest)
    once = got["a"] - (int(epochs) * sum(lengths) if epochs >= 1 else 0)
    if best == 0 and epochs < 1:
        assert once == min(lengths)
    else:
        assert best / 2 <= once <= best
