import numpy as np
import pytest
from datasketch.lsh import MinHashLSH

from corpus.dedup.near import banding as banding_module
from corpus.dedup.near.banding import FALSE_POSITIVE_WEIGHT, banding, buckets, describe
from corpus.errors import UserError


def test_the_default_is_finewebs() -> None:
    chosen = banding()
    assert (chosen.bands, chosen.rows, chosen.threshold) == (14, 8, 0.8)
    assert chosen.probability(0.8) == pytest.approx(0.924, abs=0.0005)  # datatrove's own figure


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.9])
@pytest.mark.parametrize("verified", [True, False])
def test_bands_and_rows_of_a_threshold_are_datasketchs(threshold: float, verified: bool) -> None:
    weight = FALSE_POSITIVE_WEIGHT if verified else 0.5
    theirs = MinHashLSH(threshold, 112, weights=(weight, 1 - weight))
    ours = banding(threshold, verified=verified)
    assert (ours.bands, ours.rows) == (theirs.b, theirs.r)


def test_bands_and_rows_give_the_threshold_where_half_the_pairs_are_seen() -> None:
    chosen = banding(bands=20, rows=5)
    assert chosen.n_hashes == 100
    assert chosen.probability(chosen.threshold) == pytest.approx(0.5, abs=0.01)
    assert banding(0.9, 20, 5).threshold == 0.9


def test_the_curve_matches_simulation() -> None:
    chosen, draw = banding(bands=6, rows=4), np.random.default_rng(0)
    for s in (0.3, 0.6, 0.8):
        agree = draw.random((20_000, 6, 4)) < s
        seen = agree.all(axis=2).any(axis=1).mean()
        assert seen == pytest.approx(chosen.probability(s), abs=4 * np.sqrt(0.25 / 20_000))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"threshold": 0.0}, "above 0 and at most 1"),
        ({"threshold": 1.5}, "got 1.5"),
        ({"bands": 3}, "go together"),
        ({"bands": 0, "rows": 4}, "at least 1"),
        ({"bands": 5000, "rows": 4}, "at most 4096 hashes"),
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, float], message: str) -> None:
    with pytest.raises(UserError, match=message):
        banding(**given)  # type: ignore[arg-type]


def test_buckets_are_equal_where_all_rows_are() -> None:
    draw = np.random.default_rng(1)
    chosen = banding(bands=7, rows=3)
    found = draw.integers(0, 2, (200, 21), dtype=np.uint32)
    hashed = buckets(found, chosen)
    assert hashed.shape == (7, 200)
    for band in range(7):
        rows = [tuple(r) for r in found[:, 3 * band : 3 * band + 3].tolist()]
        pairs = set(zip(rows, hashed[band].tolist(), strict=True))
        assert len(pairs) == len(set(rows)) == len(set(hashed[band].tolist()))
    assert not set(hashed[0].tolist()) & set(hashed[1].tolist())


def test_the_curve_is_described() -> None:
    assert "14 bands of 8 rows" in describe(banding())
    assert "0.8: 92.4%" in describe(banding())


@pytest.mark.parametrize("asked", banding_module.OPTIMAL)
def test_what_is_known_is_what_the_optimizer_gives(asked: tuple[float, int]) -> None:
    assert banding_module.optimal(*asked, verified=True) == banding_module.OPTIMAL[asked]


def test_without_a_check_no_threshold_is_promised() -> None:
    assert "pairs at or above 0.8 are merged" in describe(banding())
    assert "every candidate pair is merged" in describe(banding(), verified=False)
