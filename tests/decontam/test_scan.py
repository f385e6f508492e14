from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decontam.benchmarks import Benchmark, Item
from decontam.index import N_MAX, N_MIN, build
from decontam.scan import N_LENGTHS, Scanner, interval_end, item_counts
from tests.corpus.text.test_normal import reference
from tests.decontam.exams import BENCHMARK, ngrams
from tests.decontam.test_index import units

_WORD = st.sampled_from(["a", "b", "c", "Dd,", "É", "½", "東", "it's"])
_TEXT = st.lists(_WORD, max_size=40).map(" ".join)


def texts(items: list[str]) -> Benchmark:
    return Benchmark("x", tuple(Item(str(i), text) for i, text in enumerate(items)))


@settings(max_examples=150, deadline=None)
@given(st.lists(_TEXT, min_size=1, max_size=4), st.lists(_TEXT, max_size=4))
def test_matches_are_the_longest_shared_ngrams(items: list[str], documents: list[str]) -> None:
    index = build([texts(items)])
    words, matches = Scanner(index.arrays)(pa.array(documents, pa.large_string()))
    own = [" ".join(u) for u in units(index)]
    grams = {n: set().union(*(ngrams(u, n) for u in own)) if own else set() for n in range(N_MIN, N_MAX + 1)}
    want = []
    for d, document in enumerate(documents):
        ws = reference(document).split()
        for i in range(len(ws)):
            n = max((n for n in grams if i + n <= len(ws) and tuple(ws[i : i + n]) in grams[n]), default=0)
            if n:
                want.append((d, i, n))
    came = [
        (d, w - words.offsets[d], n)
        for d, w, n in zip(matches.document.tolist(), matches.word.tolist(), matches.n.tolist(), strict=True)
    ]
    assert came == want
    assert np.diff(matches.offsets).tolist() == [sum(d == i for d, _, _ in want) for i in range(len(documents))]
    a = index.arrays
    for (d, i, n), rows in zip(want, matches.rows.tolist(), strict=True):
        ws = reference(documents[d]).split()
        for k in range(N_LENGTHS):
            length = k + N_MIN
            assert (rows[k] >= 0) == (length <= n)
            if length <= n:  # the interval holds exactly the places of this n-gram
                places = a.suffixes[rows[k] : interval_end(a, rows[k], length)].tolist()
                gram = tuple(ws[i : i + length])
                assert [_gram(a, p, length) for p in places] == [gram] * len(places)
                every = [p for p in range(len(a.words)) if a.length[p] >= length and _gram(a, p, length) == gram]
                assert sorted(places) == every


def _gram(a, place: int, n: int) -> tuple[str, ...]:  # type: ignore[no-untyped-def]
    bounds = pairwise(a.point_offsets[place : place + n + 1])
    return tuple("".join(map(chr, a.points[x:y])) for x, y in bounds)


def test_an_ngram_knows_in_how_many_items_it_stands() -> None:
    index = build([BENCHMARK])
    counts, a = item_counts(index.arrays), index.arrays
    by_gram = {}
    for gram in np.flatnonzero(counts):
        k, row = divmod(int(gram), index.n_words)
        by_gram[" ".join(_gram(a, a.suffixes[row], k + N_MIN))] = int(counts[gram])
    assert by_gram["which of the following statements about"] == 2
    assert by_gram["is the most accurate one"] == 2
    assert by_gram["treaty of utrecht is the most"] == 1
    assert by_gram["argon boron carbon dysprosium"] == 1  # two units of one item


@pytest.mark.parametrize("change", [str.upper, lambda t: t.replace(" ", "\n\n-- "), lambda t: t.replace("e", "é")])
def test_case_marks_and_diacritics_hide_nothing(change) -> None:  # type: ignore[no-untyped-def]
    index = build([BENCHMARK])
    text = change(BENCHMARK.items[0].question)
    _, matches = Scanner(index.arrays)(pa.array([text, "", "nothing to see here at all"], pa.large_string()))
    assert matches.n.max() == N_MAX
    assert np.diff(matches.offsets)[1:].tolist() == [0, 0]


def test_items_that_are_the_same_text_count_once() -> None:
    question = "Which of the rivers that rise in the Alps is the longest one?"
    many = Benchmark("x", tuple(Item(str(i), question) for i in range(12)))
    other = Benchmark(
        "y", (*(Item(f"short {i}", "Why?") for i in range(9)), Item("z", f"{question} And the shortest?"))
    )
    index = build([many, other])
    counts = item_counts(index.arrays)
    assert counts.max() == 2
    assert {int(c) for c in counts[counts > 0]} == {1, 2}


def test_a_hash_collision_is_not_a_match() -> None:
    """The same hashes over other letters: the text itself is compared."""
    index = build([BENCHMARK])
    text = BENCHMARK.items[0].question
    points = index.arrays.points.copy()
    points[index.arrays.point_offsets[4]] += 1
    forged = index.arrays._replace(points=points)
    _, honest = Scanner(index.arrays)(pa.array([text]))
    _, matches = Scanner(forged)(pa.array([text]))
    assert set(honest.word.tolist()) - set(matches.word.tolist()) == {0, 1, 2, 3, 4}


def test_many_matches_in_one_batch() -> None:
    index = build([BENCHMARK])
    text = " ".join([BENCHMARK.items[0].question] * 3000)
    _, matches = Scanner(index.arrays)(pa.array([text]))
    n_words = len(reference(BENCHMARK.items[0].question).split())
    assert len(matches.n) == 3000 * (n_words - 3)
