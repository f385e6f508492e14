from itertools import pairwise

import datasketch
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.dedup.near.minhash import (
    EMPTY,
    Sketch,
    _shingle_batches,
    agreement,
    agreements,
    as_binary,
    from_binary,
    jaccard,
    permutations,
    shingle_sets,
    signatures,
    slices,
)
from corpus.text.normal import normal_text
from tests.corpus.text.strategies import texts

MASK = (1 << 32) - 1
SKETCHES = [Sketch(), Sketch("words", 3, 64, 7), Sketch("characters", 4, 32, 2), Sketch("characters", 1, 16)]


def big_integer_signature(hashes: list[int], sketch: Sketch) -> list[int]:
    """The arithmetic in Python's integers, without a width."""
    a, b = (p.tolist() for p in permutations(sketch.n_hashes, sketch.seed))
    mixed = []
    for h in hashes:
        x = h >> 32
        x = (x ^ (x >> 16)) * 0x85EBCA6B % (1 << 32)
        x = (x ^ (x >> 13)) * 0xC2B2AE35 % (1 << 32)
        mixed.append(x ^ (x >> 16))
    return [min(((ak * x + bk) % (1 << 32) for x in mixed), default=MASK) for ak, bk in zip(a, b, strict=True)]


def shingle_hashes(text: str, sketch: Sketch) -> list[int]:
    return [int(h) for hashes, _ in _shingle_batches(pa.array([text], pa.large_string()), sketch) for h in hashes]


@pytest.mark.parametrize("sketch", SKETCHES)
@settings(max_examples=40, deadline=None)
@given(text=texts)
def test_the_arithmetic_is_that_of_big_integers(sketch: Sketch, text: str) -> None:
    found, counts = signatures(pa.array([text], pa.large_string()), sketch)
    hashes = shingle_hashes(text, sketch)
    assert found[0].tolist() == big_integer_signature(hashes, sketch)
    assert counts.tolist() == [len(hashes)]


@pytest.mark.parametrize("seed", [1, 2, 12345])
def test_a_signature_is_datasketchs_for_the_same_shingles(seed: int) -> None:
    sketch = Sketch(seed=seed)
    text = "The quick brown fox jumps over the lazy dog, and then the dog gets up and runs after the quick brown fox."
    theirs = datasketch.MinHash(sketch.n_hashes, seed=seed, hashfunc=lambda x: x, scheme="affine32")
    theirs.update_batch([h >> 32 for h in shingle_hashes(text, sketch)])
    assert signatures(pa.array([text]), sketch)[0][0].tolist() == theirs.hashvalues.tolist()


def test_stored_signatures_load_as_lean_minhash_with_the_same_estimates() -> None:
    column = pa.array(["one two three four five six seven eight", "one two three four five six seven nine", "other"])
    found, _ = signatures(column, Sketch())
    stored = from_binary(as_binary(found), 112)
    lean = [datasketch.LeanMinHash(seed=1, hashvalues=row, scheme="affine32") for row in stored]
    for i in range(3):
        for j in range(3):
            assert lean[i].jaccard(lean[j]) == agreement(stored[i], stored[j])
    assert agreements(stored, stored[0]).tolist() == [agreement(row, stored[0]) for row in stored]


@pytest.mark.parametrize("sketch", SKETCHES)
@settings(max_examples=80, deadline=None)
@given(left=texts, right=texts)
def test_shingles_are_equal_where_their_words_or_characters_are(sketch: Sketch, left: str, right: str) -> None:
    column = pa.array([left, right], pa.large_string())
    sets, offsets = shingle_sets(column, sketch)
    ours = [set(sets[a:b].tolist()) for a, b in pairwise(offsets)]
    units = [normal_text(t).split() if sketch.unit == "words" else list(normal_text(t)) for t in (left, right)]
    plain = []
    for u in units:
        n = min(sketch.ngram, len(u))
        plain.append({tuple(u[i : i + n]) for i in range(len(u) - n + 1)} if n else set())
    assert [len(s) for s in ours] == [len(s) for s in plain]
    assert len(ours[0] & ours[1]) == len(plain[0] & plain[1])
    want = len(plain[0] & plain[1]) / len(plain[0] | plain[1]) if plain[0] | plain[1] else 1.0
    assert jaccard(sets[: offsets[1]], sets[offsets[1] :]) == pytest.approx(want)


def test_case_marks_and_spacing_make_no_difference_words_do() -> None:
    column = pa.array(["A b, c d e!", "a  B c\nd E", "ab c d e f", "a b c d f"])
    found, _ = signatures(column, Sketch())
    assert (found[0] == found[1]).all()
    assert not (found[0] == found[2]).any()
    assert not (found[0] == found[3]).any()


def test_a_text_without_words_has_the_empty_signature() -> None:
    found, counts = signatures(pa.array(["", " ...!", "word"]), Sketch())
    assert (found[:2] == EMPTY).all()
    assert counts.tolist() == [0, 0, 1]


def test_estimates_of_known_similarity_are_unbiased() -> None:
    """1,000 pairs of sets with Jaccard 0.6: the mean estimate is within four standard errors."""
    draw = np.random.default_rng(3)
    found = []
    for _ in range(1000):
        words = [f"w{n}" for n in draw.choice(10**9, 500, replace=False)]
        pair = pa.array([" ".join(words[:400]), " ".join(words[100:])])  # 300 shared of 500
        both, _ = signatures(pair, Sketch(ngram=1))
        found.append(agreement(both[0], both[1]))
    error = np.sqrt(0.6 * 0.4 / 112 / len(found))
    assert abs(np.mean(found) - 0.6) < 4 * error
    assert np.std(found) == pytest.approx(np.sqrt(0.6 * 0.4 / 112), rel=0.1)


def test_slices_and_batches_change_nothing() -> None:
    column = pa.array([f"{i} " * (i % 50) + "the same end of every text" for i in range(300)], pa.large_string())
    whole, counts = signatures(column, Sketch())
    parts = [signatures(column.slice(i, 7), Sketch()) for i in range(0, 300, 7)]
    assert np.concatenate([p[0] for p in parts]).tolist() == whole.tolist()
    assert np.concatenate([p[1] for p in parts]).tolist() == counts.tolist()
    chunked = pa.chunked_array([column.slice(0, 100), column.slice(100)])
    assert signatures(chunked, Sketch())[0].tolist() == whole.tolist()


@given(st.lists(st.integers(0, 100), max_size=30), st.integers(1, 200))
def test_slices_cover_everything_once(sizes: list[int], n_bytes: int) -> None:
    offsets = np.cumsum([0, *sizes]).astype(np.int64)
    found = list(slices(offsets, n_bytes))
    assert [d for a, b in found for d in range(a, b)] == list(range(len(sizes)))
    for a, b in found:
        assert b - a == 1 or offsets[b] - offsets[a] <= n_bytes


def test_signatures_of_another_length_are_refused() -> None:
    found, _ = signatures(pa.array(["a b c"]), Sketch(n_hashes=16))
    with pytest.raises(ValueError, match="hold 16 hashes, not 112"):
        from_binary(as_binary(found), 112)
