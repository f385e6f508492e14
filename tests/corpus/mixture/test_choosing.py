"""Which documents a mixture takes, on made-up candidates: exact sums, held-out units, and what does not change a choice."""

from hashlib import md5

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.mixture.choosing import choose, hashed
from corpus.mixture.settings import Mixture


def candidates(sizes: dict[str, int], *, tokens: int = 0, copies: int = 1) -> pl.DataFrame:
    """Documents of some groups; every `copies` of them in a row are copies of each other."""
    rows = []
    for group, n in sizes.items():
        for i in range(n):
            name = md5(f"{group}{i}".encode()).hexdigest()
            unit = md5(f"{group}{i // copies}".encode()).hexdigest()
            rows.append((name, unit, group, tokens or 20 + (i * 37) % 200))
    return pl.DataFrame(rows, schema=["id", "unit", "group", "tokens"], orient="row")


def chosen(frame: pl.DataFrame, **fields: object) -> pl.DataFrame:
    _, rows = choose(Mixture.model_validate({"name": "M", **fields}), frame.lazy())
    return rows.collect()


def taken(rows: pl.DataFrame) -> dict[str, int]:
    train = rows.filter(pl.col("split") == "train")
    return dict(train.group_by("group").agg((pl.col("tokens") * pl.col("repeats")).sum()).iter_rows())


def test_the_hash_is_murmur3s_finalizer() -> None:
    def plain(text: str, seed: int) -> int:
        mask = 2**64 - 1
        h = (int(text[:15], 16) ^ seed) * 0x9E3779B97F4A7C15 & mask
        for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
            h = (h ^ h >> 33) * factor & mask
        return h ^ h >> 33

    ids = [md5(str(i).encode()).hexdigest() for i in range(200)]
    got = pl.DataFrame({"id": ids}).select(hashed("id", 7))["id"].to_list()
    assert got == [plain(one, 7) for one in ids]


@settings(max_examples=40)
@given(
    st.integers(1, 400), st.integers(1, 400), st.floats(0.05, 0.95), st.floats(0.05, 6), st.integers(0, 5),
    st.sampled_from([0.0, 0.01, 0.3]),
)  # fmt: skip
def test_each_group_has_its_tokens_and_never_more(
    a: int, b: int, weight: float, epochs: float, seed: int, held_out: float
) -> None:
    frame = candidates({"a": a, "b": b})
    fields = {"weights": {"a": weight, "b": 1 - weight}, "max_epochs": epochs, "seed": seed, "held_out": held_out}
    fields["tolerance"] = 1000
    groups, rows = choose(Mixture.model_validate({"name": "M", **fields}), frame.lazy())
    got = taken(rows.collect())
    for one in groups:
        assert one.share is not None
        smallest = int(frame.filter(pl.col("group") == one.group)["tokens"].min())
        largest = int(frame.filter(pl.col("group") == one.group)["tokens"].max())
        assert got[one.group] <= max(one.share.tokens + 1e-3, largest)
        assert got[one.group] > one.share.tokens - largest
        assert got[one.group] >= smallest
    repeats = rows.filter(pl.col("split") == "train").collect()["repeats"]
    assert repeats.max() - repeats.min() <= max(int(epochs) + 1, 1)


def test_a_share_is_met_within_the_smallest_documents() -> None:
    rows = chosen(candidates({"a": 3000}), tokens=50_000)
    assert 50_000 - 20 <= taken(rows)["a"] <= 50_000


def test_repeats_differ_by_at_most_one_within_a_group() -> None:
    rows = chosen(candidates({"a": 100, "b": 1000}), weights={"a": 1, "b": 1}, max_epochs_of={"a": 3.4}, held_out=0)
    of_a = rows.filter(pl.col("group") == "a")["repeats"]
    assert set(of_a) == {3, 4}
    assert of_a.sum() == pytest.approx(340, abs=25)


def test_copies_are_on_one_side_and_every_group_holds_something_out() -> None:
    frame = candidates({"a": 600, "b": 400, "small": 8}, copies=4)
    rows = chosen(frame, held_out=0.2).join(frame.select("id", "unit"), on="id")
    assert rows.group_by("unit").agg(pl.col("split").n_unique())["split"].max() == 1
    held = rows.filter(pl.col("split") == "held_out")
    assert held.height / frame.height == pytest.approx(0.2, abs=0.05)
    assert chosen(frame, held_out=0.0001).filter(pl.col("split") == "held_out")["group"].n_unique() == 3


def test_what_is_held_out_depends_on_the_documents_alone() -> None:
    """Not on the seed, the weights, the order, or other documents; and a larger share holds out the same and more."""
    frame = candidates({"a": 500, "b": 500})

    def held(frame: pl.DataFrame, **fields: object) -> set[str]:
        rows = chosen(frame, **{"held_out": 0.1, **fields}).filter(pl.col("split") == "held_out")
        return set(rows["id"])

    plain = held(frame)
    assert held(frame, seed=9) == held(frame, weights={"a": 1, "b": 5}) == held(frame.reverse()) == plain
    assert held(frame, held_out=0.2) > plain
    more = pl.concat([frame, candidates({"c": 300})])
    assert held(more) > plain


def test_the_choice_depends_on_the_seed_and_grows_with_the_budget() -> None:
    frame = candidates({"a": 2000})

    def train(**fields: object) -> set[str]:
        return set(chosen(frame, **fields).filter(pl.col("split") == "train")["id"])

    assert train(tokens=20_000) != train(tokens=20_000, seed=1)
    assert len(train(tokens=20_000) & train(tokens=40_000)) > 0.98 * len(train(tokens=20_000))


def test_a_group_without_a_weight_is_left_out_but_counted() -> None:
    groups, rows = choose(Mixture(name="M", weights={"a": 1}), candidates({"a": 50, "b": 70}).lazy())
    assert set(rows.collect()["group"]) == {"a"}
    assert {one.group: (one.documents, one.share is None) for one in groups} == {"a": (50, False), "b": (70, True)}


def test_copies_in_several_groups_are_on_one_side() -> None:
    """A small group holds out one unit whatever its hash; copies of it in a large group go with it."""
    frame = candidates({"large": 400})
    small = frame.head(10).with_columns(group=pl.lit("small"), id=pl.col("id").str.reverse())
    both = pl.concat([frame, small])
    rows = chosen(both, held_out=0.001).join(both.select("id", "unit"), on="id")
    assert "small" in rows.filter(pl.col("split") == "held_out")["group"].to_list()
    assert rows.group_by("unit").agg(pl.col("split").n_unique())["split"].max() == 1
