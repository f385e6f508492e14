"""Common usage: what a document that holds an item writes is no ordinary phrase, however many such documents there are."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.text.buffers import string_buffers
from decontam.benchmarks import Benchmark, Item
from decontam.index import N_MAX, N_MIN, Index, build
from decontam.policies import View, policy
from decontam.scan import Scanner, item_counts
from decontam.usage import Usage
from tests.corpus.text.test_normal import reference
from tests.decontam.exams import BENCHMARK, ITEMS, ngrams
from tests.decontam.test_index import units
from tests.decontam.test_policies import wide_share, words

Q1, A1 = ITEMS[0].question, ITEMS[0].answer
FILLER = "Nothing in this sentence has ever been asked by anybody who set a paper. "
_TEXT = st.lists(st.sampled_from("abcdef"), min_size=4, max_size=40).map(" ".join)


def counted(index: Index, *batches: list[str]) -> dict[tuple[str, ...], int]:
    """Each n-gram with its count."""
    a = index.arrays
    usage, scanner = Usage(a, item_counts(a)), Scanner(a)
    for batch in batches:
        usage.add(scanner(pa.array(batch, pa.large_string()))[1])
    own = [word for unit in units(index) for word in unit]
    counts = {}
    for gram in np.flatnonzero(usage.documents):
        k, row = divmod(int(gram), index.n_words)
        at = int(a.suffixes[row])
        counts[tuple(own[at : at + k + N_MIN])] = int(usage.documents[gram])
    return counts


def brute_force(index: Index, documents: list[str]) -> dict[tuple[str, ...], int]:
    """By the definition: documents that hold an n-gram and no item with it."""
    texts: dict[int, list[tuple[str, bool]]] = {}
    for unit, item, says in zip(units(index), index.arrays.unit_item, index.arrays.identifies, strict=True):
        texts.setdefault(int(item), []).append((" ".join(unit), bool(says)))

    want: Counter[tuple[str, ...]] = Counter()
    for document in documents:
        held = [own for own in texts.values() if any(says and wide_share(document, text) >= 0.5 for text, says in own)]
        for n in range(N_MIN, N_MAX + 1):
            protected = {gram for own in texts.values() for text, _ in own for gram in ngrams(text, n)}
            hidden = {gram for own in held for text, _ in own for gram in ngrams(text, n)}
            want.update((ngrams(document, n) & protected) - hidden)
    return dict(want)


@settings(max_examples=120, deadline=None)
@given(st.lists(_TEXT, min_size=1, max_size=4), st.lists(_TEXT, min_size=1, max_size=5), st.integers(0, 5))
def test_counts_are_documents_that_hold_an_ngram_without_its_item(
    items: list[str], documents: list[str], cut: int
) -> None:
    documents = [*documents, f"{documents[0]} {items[0]} {documents[-1]}"]
    benchmark = Benchmark("x", tuple(Item(str(i), text, answer=text[::-1]) for i, text in enumerate(items)))
    index = build([benchmark])
    assert counted(index, documents[:cut], documents[cut:]) == brute_force(index, documents)


def test_what_a_document_with_the_item_writes_is_not_counted() -> None:
    index = build([BENCHMARK])
    opening = tuple(reference(words(Q1, 0, 6)).split())
    answer = tuple(reference(words(A1, 0, 6)).split())
    assert counted(index, [Q1]) == {}
    assert counted(index, [words(Q1, 0, 6)] * 3)[opening] == 3
    assert counted(index, [words(Q1, 0, 6)] * 3, [Q1] * 50)[opening] == 3
    assert answer not in counted(index, [f"{Q1} {words(A1, 0, 6)}"])  # the item's own answer, partly
    template = tuple("which of the following statements about".split())
    assert counted(index, [ITEMS[1].question, Q1]).get(template) is None
    assert counted(index, [f"{Q1} {ITEMS[3].question[:40]}"])[template] == 1  # another item's


def test_a_template_counts_also_where_an_item_with_it_is_held() -> None:
    template = "which of the following is not a characteristic of"
    for n_items, count in ((10, None), (11, 1)):
        items = tuple(Item(str(i), f"{template} animals number{i} and plants number{i}?") for i in range(n_items))
        counts = counted(build([Benchmark("x", items)]), [items[0].question])
        assert counts.get(tuple(template.split())) == count


def test_an_item_quoted_whole_is_dropped_however_often() -> None:
    for policy_name in ("coverage", "tulu", "llama", "afm"):
        for copies in (1, 9, 10, 12, 100, 1000):
            assert dropped(policy_name, copies, 1000) == copies, (policy_name, copies)
    for copies in (1, 10, 11, 100, 1000):
        assert dropped("gpt3", copies, 1000) == copies, copies


@pytest.mark.parametrize("size", [10_000, 100_000, 1_000_000])
@pytest.mark.parametrize("name", ["coverage", "afm", "gpt3"])
def test_an_item_quoted_whole_is_dropped_in_a_corpus_of_any_size(name: str, size: int) -> None:
    for copies in (1, 10, 1000):
        assert dropped(name, copies, size) == copies


def dropped(name: str, copies: int, size: int) -> int:
    """Documents that go, or lose a part, of a corpus of `size` documents of which some quote an item, each its own way.

    Twenty others quote a third of it. The others share nothing with it, and are so many empty texts.
    """
    index = build([BENCHMARK])
    a = index.arrays
    quoting = [f"{FILLER * 5} number {n} {Q1.upper() if n % 2 else Q1} number {n} {FILLER * 5}" for n in range(copies)]
    some = [f"{FILLER} {words(Q1, 0, 7)} {FILLER}"] * 20
    others = pa.nulls(size - copies, pa.large_string()).fill_null("")
    items = item_counts(a)
    usage, scanner = Usage(a, items), Scanner(a)
    for batch in (pa.array(some, pa.large_string()), others, pa.array(quoting, pa.large_string())):
        text_words, matches = scanner(batch)
        usage.add(matches)

    offsets, data = string_buffers(batch)
    view = View(offsets, data, text_words, matches, a, usage.documents, items, common=10)
    judged = policy(name).judge(view)
    judged.dropped[judged.cuts[:, 0]] = True
    return int(judged.dropped.sum())
