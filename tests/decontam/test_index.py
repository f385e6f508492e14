from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from decontam import index as module
from decontam.benchmarks import Benchmark, Item
from decontam.index import N_MAX, N_MIN, build, letters_of, load, save
from tests.corpus.text.test_normal import reference
from tests.decontam.exams import BENCHMARK

_TEXT = st.lists(st.sampled_from(["a", "b", "c", "dd", "é", "½", "東"]), max_size=30).map(" ".join)


def units(index: module.Index) -> list[list[str]]:
    """The words of each unit, rebuilt from the stored code points."""
    a = index.arrays
    words = ["".join(map(chr, a.points[a.point_offsets[w] : a.point_offsets[w + 1]])) for w in range(len(a.words))]
    return [words[a.unit_offsets[u] : a.unit_offsets[u + 1]] for u in range(len(a.unit_item))]


def test_units_are_the_texts_of_items_and_who_identifies_what() -> None:
    index = build([BENCHMARK])
    rebuilt = [(" ".join(w), index.items[i][1], bool(yes))
             for w, i, yes in zip(units(index), index.arrays.unit_item, index.arrays.identifies, strict=True)]  # fmt: skip
    q1, q2, q3, q4, _ = BENCHMARK.items
    assert rebuilt == [
        (reference(q1.question), "q1", True),
        (reference(q1.answer), "q1", True),
        (reference(q2.question), "q2", True),
        (reference(q2.choices), "q2", False),
        (reference(q3.choices), "q3", False),
        (reference(f"{q3.question} {q3.choices} {q3.answer}"), "q3", True),
        (reference(q4.question), "q4", True),
    ]
    assert index.unidentified == 1


@settings(max_examples=60, deadline=None)
@given(st.lists(_TEXT, min_size=1, max_size=6))
def test_the_suffix_array_is_sorted_and_knows_what_neighbours_share(texts: list[str]) -> None:
    index = build([Benchmark("x", tuple(Item(str(i), text) for i, text in enumerate(texts)))])
    a, own = index.arrays, units(index)
    flat = [(u, w) for u, words in enumerate(own) for w in range(len(words))]
    rank = {h: i for i, h in enumerate(np.unique(a.words).tolist())}
    tails = [
        [rank[int(a.words[a.unit_offsets[u] + k])] for k in range(w, min(w + N_MAX, len(own[u])))] for u, w in flat
    ]
    assert sorted(a.suffixes.tolist()) == list(range(len(flat)))
    ordered = [tails[s] for s in a.suffixes]
    assert ordered == sorted(ordered)
    assert a.length[a.suffixes].tolist() == [len(t) for t in ordered]
    for row in range(1, len(ordered)):
        same = 0
        while same < min(len(ordered[row - 1]), len(ordered[row])) and ordered[row - 1][same] == ordered[row][same]:
            same += 1
        assert a.shared[row] == same
    grams = {tuple(t[:N_MIN]) for t in tails if len(t) >= N_MIN}
    assert (a.table >= 0).sum() == len(grams)


def test_a_saved_index_is_the_same_and_mapped(tmp_path: Path) -> None:
    index = build([BENCHMARK])
    save(index, tmp_path)
    loaded = load(tmp_path)
    assert all((a == b).all() for a, b in zip(index.arrays, loaded.arrays, strict=True))
    assert (loaded.items, loaded.texts, loaded.unidentified) == (index.items, index.texts, index.unidentified)


def test_the_words_of_a_unit() -> None:
    index = build([BENCHMARK])
    assert [module.unit_words(index, unit) for unit in range(len(index.arrays.unit_item))] == units(index)


def test_an_empty_benchmark_has_an_index() -> None:
    index = build([Benchmark("x", (Item("1", "Why?"),))])
    assert index.n_words == 0
    assert index.unidentified == 1
    assert module.key([BENCHMARK]) != module.key([])


def test_five_letters_without_blanks_count_as_three_words() -> None:
    items = [Item(str(n), "的一是不了人我在有他这中大来上国个到说们"[:n], "", "") for n in (12, 13, 14)]
    arrays = build([Benchmark("zh", tuple(items))]).arrays
    assert arrays.identifies.tolist() == [False, False, True]  # 14 letters are 8.4 words
    assert arrays.unspaced.all()
    assert not build([Benchmark("en", (Item("1", "one two three four five six 的 是", "", ""),))]).arrays.unspaced.any()
    assert [letters_of(n) for n in (6, 8, 11, 13)] == [10, 13, 13, 13]
