"""Each policy against a plain-Python reading of its source."""

import pyarrow as pa
import pytest

from corpus.errors import UserError
from corpus.text.buffers import string_buffers
from decontam.benchmarks import Benchmark, Item
from decontam.index import build
from decontam.policies import LEAST_THRESHOLD, POLICIES, Judged, View, policies, policy, scaled_threshold
from decontam.policies import gpt3 as gpt3_module
from decontam.scan import Scanner, item_counts
from decontam.usage import Usage
from tests.corpus.text.test_normal import reference
from tests.decontam.exams import BENCHMARK, ITEMS, ngrams, shared

Q1 = ITEMS[0].question
FILLER = "Nothing in this sentence has ever been asked by anybody who set a paper. "


def judge(name: str, documents: list[str], common: int = 10, benchmark: Benchmark = BENCHMARK) -> Judged:
    index = build([benchmark])
    text = pa.array(documents, pa.large_string())
    words, matches = Scanner(index.arrays)(text)
    items = item_counts(index.arrays)
    usage = Usage(index.arrays, items)
    usage.add(matches)
    offsets, data = string_buffers(text)
    return policy(name).judge(View(offsets, data, words, matches, index.arrays, usage.documents, items, common))


def words(text: str, start: int, end: int) -> str:
    return " ".join(text.split()[start:end])


def share(document: str, unit: str, n: int) -> float:
    """Words of the unit in n-grams that the document holds."""
    own, grams = reference(unit).split(), ngrams(document, n)
    covered = {i + k for i in range(len(own) - n + 1) if tuple(own[i : i + n]) in grams for k in range(n)}
    return len(covered) / len(own)


DOCUMENTS = [
    FILLER * 3 + Q1 + FILLER,
    FILLER + words(Q1, 0, 9),
    FILLER + words(Q1, 3, 14),
    words(Q1, 0, 8) + " and then " + words(Q1, 8, 17),
    words(Q1, 0, 7) + " but " + words(Q1, 7, 14),
    FILLER,
    "",
]


@pytest.mark.parametrize(("name", "n"), [("tulu", 8), ("llama", 11)])
def test_the_share_of_an_item(name: str, n: int) -> None:
    judged = judge(name, DOCUMENTS)
    units = [Q1, ITEMS[0].answer]
    want = [max(share(document, unit, n) for unit in units) for document in DOCUMENTS]
    assert judged.value.tolist() == pytest.approx(want)
    assert judged.dropped.tolist() == [value >= policy(name).LIMIT for value in want]
    assert judged.dropped[0]
    assert not judged.dropped[-3:].any()


def wide_share(document: str, unit: str, n: int = 6) -> float:
    """The share of a unit's words in shared n-grams; 0 where these stretch over less than 65% of it."""
    own, grams = reference(unit).split(), ngrams(document, n)
    covered = {i + k for i in range(len(own) - n + 1) if tuple(own[i : i + n]) in grams for k in range(n)}
    wide = covered and max(covered) - min(covered) + 1 >= 0.65 * len(own)
    return len(covered) / len(own) if wide else 0.0


def test_coverage_asks_for_half_of_an_item_from_all_over_it() -> None:
    documents = [*DOCUMENTS, words(Q1, 0, 7) + " or " + words(Q1, 14, 21), words(Q1, 0, 13), words(Q1, 0, 14)]
    judged = judge("coverage", documents, common=100)
    want = [max(wide_share(d, unit) for unit in (Q1, ITEMS[0].answer)) for d in documents]
    assert judged.value.tolist() == pytest.approx(want)
    assert judged.dropped.tolist() == [value >= 0.5 for value in want]
    assert len(Q1.split()) == 21
    assert judged.dropped.tolist()[-3:] == [True, False, True]  # both ends; a run of 13 words of 21, and one of 14


def test_an_item_is_touched_by_what_says_something_and_then_covered_by_all() -> None:
    """Twelve words that ten documents hold without the rest count once a rare 6-gram is shared, and not without."""
    common = [words(Q1, 0, 12)] * 10
    judged = judge("coverage", [*common, Q1, words(Q1, 0, 15)], common=10)
    assert not judged.dropped[:10].any()
    assert judged.value[10:].tolist() == pytest.approx([1.0, 15 / 21])
    assert judge("coverage", common, common=10).document.tolist() == []


def test_coverage_takes_common_usage_and_templates_out() -> None:
    quoted = [FILLER + words(Q1, 0, 13)] * 10  # 62% of it, and not from all over it
    assert judge("tulu", quoted).dropped.all()
    assert len(judge("coverage", quoted, common=11).document) == 10
    assert len(judge("coverage", quoted, common=10).document) == 0
    template = "Which of the following is not a characteristic of the animals called"
    many = Benchmark("x", tuple(Item(str(i), f"{template} number{i}?") for i in range(12)))
    asked = [f"{FILLER} {template} unknown?"]
    assert judge("tulu", asked, benchmark=many).dropped.all()
    assert not judge("coverage", asked, benchmark=many).dropped.any()


def test_choices_alone_identify_nothing() -> None:
    table = ["The truth table reads: true, true true, false false, true false, false."]
    for name in ("coverage", "tulu", "llama"):
        assert judge(name, table).value.tolist() == [0]
    assert judge("afm", table).dropped.all()  # read literally, it does


def test_afm_drops_for_any_ngram_below_the_threshold() -> None:
    documents = ["So far " + words(Q1, 5, 9), "So far " + words(Q1, 5, 8), FILLER]
    judged = judge("afm", documents, common=2)
    assert judged.value.tolist() == [1, 0, 0]
    common = [*documents, *["and " + words(Q1, 5, 9)] * 2]
    assert not judge("afm", common, common=3).dropped.any()
    longer = [*common, words(Q1, 5, 10)]  # a longer n-gram that is rare still drops its document
    assert judge("afm", longer, common=3).dropped.tolist() == [False] * 5 + [True]
    brute = [len({i for n in range(4, 14) for i, _ in shared(d, Q1, n)}) for d in DOCUMENTS]
    assert judge("afm", DOCUMENTS, common=100).value.tolist() == brute


def test_the_threshold_is_scaled_to_the_corpus() -> None:
    assert scaled_threshold(0) == scaled_threshold(10**9) == LEAST_THRESHOLD
    assert scaled_threshold(int(6.3e12 * 0.75)) == 1000
    assert scaled_threshold(int(6.3e11 * 0.75)) == 100


def gpt3_reference(document: str) -> tuple[list[tuple[int, int]], int]:
    """Cuts and pieces of a document whose first 13-gram of Q1 stands where it stands: GPT-3, appendix C, in words."""
    import re

    spans = [m.span() for m in re.finditer(r"[^\W_]+", document)]
    hits = [(spans[i][0], spans[i + 12][1]) for i, _ in shared(document, Q1, 13)]
    marked = [False] * len(document)
    for start, end in hits:
        for c in range(max(0, start - 200), min(len(document), end + 200)):
            marked[c] = True
    pieces, c = [], 0
    while c < len(document):
        end = c
        while end < len(document) and marked[end] == marked[c]:
            end += 1
        pieces.append((c, end, marked[c]))
        c = end
    stay = [(a, b) for a, b, cut in pieces if not cut and b - a >= 200]
    cuts, at = [], 0
    for a, b in stay:
        if a > at:
            cuts.append((at, a))
        at = b
    return [*cuts, *([(at, len(document))] if at < len(document) else [])] if hits else [], len(stay)


@pytest.mark.parametrize("gap", [50, 100, 260, 700])
@pytest.mark.parametrize("n", [1, 3, 11])
def test_gpt3_cuts_around_thirteen_grams(gap: int, n: int) -> None:
    space = ("é bla bla " * 200)[: gap * 2]
    document = space + (Q1 + " " + space) * n
    judged = judge("gpt3", [FILLER, document])
    cuts, pieces = gpt3_reference(document)
    assert [tuple(c) for c in judged.cuts.tolist()] == [(1, a, b) for a, b in cuts]
    assert judged.value.tolist() == [1, pieces]
    assert judged.dropped.tolist() == [False, pieces > 10 or pieces == 0]


def test_gpt3_takes_what_more_than_ten_documents_hold_for_common() -> None:
    document = f"{FILLER * 20}{words(Q1, 0, 13)} {FILLER * 20}"
    assert len(judge("gpt3", [document] * 10).cuts) == 10
    assert len(judge("gpt3", [document] * 11).cuts) == 0
    assert gpt3_module.MOST_DOCUMENTS == 10


def test_report_drops_nothing_and_lists_all() -> None:
    judged = judge("report", DOCUMENTS)
    assert not judged.dropped.any()
    assert set(judged.document.tolist()) == {0, 1, 2, 3, 4}


def test_every_policy_says_what_it_is() -> None:
    assert tuple(policies()) == POLICIES
    for name, module in policies().items():
        assert module.DOC, name
        assert module.SOURCE, name
        assert module.LIMIT > 0
    with pytest.raises(UserError, match="did you mean 'tulu'"):
        policy("tulip")


def chinese(question: str, choices: str = "", answer: str = "") -> Benchmark:
    return Benchmark("zh", (Item("1", question, choices, answer),))


ZH = "这篇文章先讲了一条小河，后来讲到河边的磨坊和那里的人们怎样生活。"  # other text
CAPITAL = chinese("中国的首都是哪里？", "上海 北京 广州 深圳", "北京")
STEM = chinese("下列说法中不正确的是", "水的沸点随气压降低 月亮自己发光 声音在真空中不能传播 铁会生锈", "B")


@pytest.mark.parametrize("name", ["coverage", "tulu", "llama"])
@pytest.mark.parametrize(
    ("benchmark", "document", "dropped"),
    [
        (CAPITAL, "北京是中国的首都，每年有许多游客来这里。", False),
        (CAPITAL, "很多人都知道中国的首都是哪里，但不知道它的历史。", False),
        (CAPITAL, "中国的首都是哪里？上海 北京 广州 深圳 北京", True),
        (STEM, "常见的题目是：下列说法中不正确的是，学生要仔细阅读。", False),
        (STEM, "下列说法中不正确的是 水的沸点随气压降低 月亮自己发光 声音在真空中不能传播 铁会生锈 B", True),
        (chinese("一列火车每小时行驶八十公里，从甲城到乙城用了四个半小时，相距多少？"),
         "一列火车每小时行驶八十公里，从甲城到乙城用了四个半小时，相距多少？", True),
        (chinese("一列火车每小时行驶八十公里，从甲城到乙城用了四个半小时，相距多少？"), "一列火车每小时行驶八十公里。", False),
    ],
)  # fmt: skip
def test_in_scripts_without_blanks_an_item_is_as_long_as_its_words(
    name: str, benchmark: Benchmark, document: str, dropped: bool
) -> None:
    judged = judge(name, [ZH + document + ZH], common=1000, benchmark=benchmark)
    assert judged.dropped.tolist() == [dropped]


def test_benchmarks_in_both_kinds_of_script_are_looked_for_side_by_side() -> None:
    both = Benchmark("both", (*BENCHMARK.items, *STEM.items))
    leak = " ".join([STEM.items[0].question, STEM.items[0].choices, STEM.items[0].answer])
    documents = [FILLER + Q1 + FILLER, ZH + leak, FILLER + Q1 + ZH + leak, ZH, FILLER]
    judged = judge("coverage", documents, benchmark=both)
    assert judged.dropped.tolist() == [True, True, True, False, False]
    assert judged.document.tolist() == sorted(judged.document.tolist())
