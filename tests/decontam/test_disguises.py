"""Words that hide behind another spelling are seen, stay in their places, and texts without any are left alone."""

import html
import random
import re
import urllib.parse
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.text.buffers import string_buffers
from corpus.text.normal import normal_text, normalize
from decontam.benchmarks import Benchmark, Item
from decontam.disguises import PAD, Reader, plain_text
from decontam.index import build
from decontam.scan import Scanner
from tests.decontam.disguises.seen import seen
from tests.decontam.exams import BENCHMARK, ITEMS
from tests.decontam.test_policies import judge

Q1 = ITEMS[0].question
FRAGMENTS = (
    "a", "word", "Q", "7", " ", "\n", "é", "ö", "東", "ก", "ب", "“", "😀", "а", "о", "Ж", "не", "α", "ω", "\u200b", "\u2060", "\ufeff",
    "\u00ad", "\ufffd", "&", "amp;", "&amp;", "&nbsp;", "&#101;", "&#x65;", "&#1086;", "&#0;", "&#55357;", "&#8203;", "&#x110000;",
    "&eacute;", "&Eacute;", "&NBSP;", "&lt;", "&gt;", ";", "#", "%", "%20", "%C3%A9", "%c3", "%41", "%10", "<", ">", "/", "b", "<b>",
    "</b>", "<br/>", "<span class=\"x\">", "=", "\\", "\\textbf{", "\\textcolor{red}{", "{\\bf ", "}", "{", "[", "]", "[b]", "[/b]",
    "[url=x]", "](http://x)", "(", ")",
)  # fmt: skip
_SOUP = st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join)


@settings(max_examples=300, deadline=None)
@given(st.lists(_SOUP, min_size=1, max_size=4))
def test_every_word_keeps_its_place(texts: list[str]) -> None:
    array = pa.array(["before", *texts], pa.large_string())[1:]  # a slice
    offsets, data = string_buffers(array)
    own, plain = Reader()(offsets, data)
    assert np.diff(own).tolist() == np.diff(offsets).tolist()
    for start, end, text in zip(own, own[1:], texts, strict=False):
        visible = bytes(b for b in plain[start:end].tolist() if b != PAD).decode()  # valid UTF-8
        assert visible == plain_text(text)

    index = build([BENCHMARK])
    words, _ = Scanner(index.arrays)(array)
    own = normalize(pa.array([plain_text(text) for text in texts], pa.large_string()))
    assert words.hash.tolist() == own.hash.tolist()
    assert words.offsets.tolist() == own.offsets.tolist()
    for start, end in zip(words.start.tolist(), words.end.tolist(), strict=True):
        bytes(data[start:end]).decode()  # of whole characters


@given(st.text("abc XYZ,.;:!?'\"()-_*#=éüñßÆ東京ไทยبتا“”–…😀\n\t0123456789", max_size=80))
def test_texts_that_hide_nothing_are_not_touched(text: str) -> None:
    offsets, data = string_buffers(pa.array([text], pa.large_string()))
    assert Reader()(offsets, data)[1] is data


@settings(max_examples=100, deadline=None)
@given(_SOUP, _SOUP)
def test_a_document_is_seen_the_same_beside_any_other(text: str, other: str) -> None:
    offsets, data = string_buffers(pa.array([other, text, other], pa.large_string()))
    own, plain = Reader()(offsets, data)
    alone = bytes(b for b in plain[own[1] : own[2]].tolist() if b != PAD).decode()
    assert alone == plain_text(text)


def _each(change: Callable[[str], str], share: float = 0.4) -> Callable[[str], str]:
    def disguise(text: str) -> str:
        draw = random.Random(1)
        return re.sub("[A-Za-z]+", lambda m: change(m[0]) if draw.random() < share else m[0], text)

    return disguise


DISGUISES: dict[str, Callable[[str], str]] = {
    "nbsp": lambda text: text.replace(" ", "&nbsp;"),
    "references": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "hexadecimal": lambda text: text.replace("e", "&#x65;"),
    "twice": lambda text: html.escape(text.replace(" ", "&nbsp;")),
    "quoted": urllib.parse.quote,
    "quoted with plus": urllib.parse.quote_plus,
    "plus": lambda text: text.replace(" ", "+"),
    "bold": _each(lambda word: f"<b>{word}</b>"),
    "linked": _each(lambda word: f'<a href="/wiki/{word}">{word}</a>'),
    "escaped bold": _each(lambda word: f"&lt;em&gt;{word}&lt;/em&gt;"),
    "tex": _each(lambda word: rf"\textbf{{{word}}}"),
    "forum": _each(lambda word: f"[b]{word}[/b]"),
    "Cyrillic": lambda text: text.translate(str.maketrans("aceopxyTKB", "асеорхуТКВ")),
    "Greek": lambda text: text.replace("o", "ο").replace("A", "Α"),
    "zero-width": lambda text: text.replace(" ", "\u200b"),
    "zero-width inside": _each("\u200b".join),
}


@pytest.mark.parametrize("name", DISGUISES)
def test_a_disguised_item_is_found_whole_and_in_its_place(name: str) -> None:
    hidden = DISGUISES[name](Q1)
    assert name == "plus" or "zero" in name or normal_text(hidden) != normal_text(Q1)
    document = f"Früher stand hier &amp; da: {hidden} <b>Und</b> so weiter."
    judged = judge("coverage", [document, "Nothing."])
    assert judged.value.tolist() == pytest.approx([1.0, 0.0])

    index = build([BENCHMARK])
    words, matches = Scanner(index.arrays)(pa.array([document], pa.large_string()))
    start, end = words.start[matches.word[0]], words.end[matches.word[-1] + matches.n[-1] - 1]
    assert seen(document.encode()[start:end].decode()) == seen(Q1)


@pytest.mark.parametrize("name", DISGUISES)
def test_an_item_that_is_disguised_in_the_benchmark_is_found_plain(name: str) -> None:
    benchmark = Benchmark("x", (Item("1", DISGUISES[name](Q1)),))
    assert judge("coverage", [Q1, "Nothing."], benchmark=benchmark).value.tolist() == pytest.approx([1.0, 0.0])


@pytest.mark.parametrize("name", ["references", "Cyrillic", "bold"])
def test_cuts_and_touches_stand_where_the_disguise_does(name: str) -> None:
    before, after = "é 漢 &amp; " * 100, " é <b>漢</b>" * 100
    document = f"{before}{DISGUISES[name](Q1)}{after}"
    judged = judge("gpt3", ["é", document])
    [(row, start, end)] = judged.cuts.tolist()
    assert row == 1
    assert start == len(before) - 200 + (len("<b>") if name == "bold" else 0)  # the first word stands behind its tag
    rest = seen(document[:start] + document[end:])
    assert not set(rest.split()) & set(seen(Q1).split())
