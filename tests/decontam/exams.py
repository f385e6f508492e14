"""A small benchmark, texts around it, and the brute-force truth of what they share."""

from decontam.benchmarks import Benchmark, Item
from tests.corpus.text.test_normal import reference

ITEMS = (
    Item("q1", "A train leaves the old station at nine and travels sixty miles every hour until noon. How far does it go?",
         answer="It travels for three hours, so that it goes one hundred and eighty miles in all, which is sixty "
         "times three, as anybody can see who takes a pencil."),
    Item("q2", "Which of the following statements about the Treaty of Utrecht is the most accurate one?",
         choices="true, true true, false false, true false, false"),
    Item("q3", "Name the element.", choices="Argon Boron Carbon Dysprosium Erbium", answer="Boron"),
    Item("q4", "Which of the following statements about photosynthesis in ferns is the most accurate one?"),
    Item("q5", "Why?"),
)  # fmt: skip
BENCHMARK = Benchmark("exam", ITEMS)


def shared(document: str, unit: str, n: int) -> list[tuple[int, tuple[str, ...]]]:
    """(word, n-gram) of each place where the document holds an n-gram of the unit."""
    words, grams = reference(document).split(), ngrams(unit, n)
    return [(i, gram) for i in range(len(words) - n + 1) if (gram := tuple(words[i : i + n])) in grams]


def ngrams(text: str, n: int) -> set[tuple[str, ...]]:
    words = reference(text).split()
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}
