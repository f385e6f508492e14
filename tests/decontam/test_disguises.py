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
from decontam.disguises.names import tables
from decontam.index import build
from decontam.scan import Scanner
from tests.corpus.text.test_normal import reference
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
_WORDS = "the quick brown fox jumps over a lazy dog".split()


def seen(text: str) -> str:
    """The normal text of what a reader sees."""
    return normal_text(plain_text(text))


# Characters that are spelled out.


def decoded(text: str) -> str:
    """Each reference and percent-encoded character as Python's library reads it."""

    def character(match: re.Match[str]) -> str:
        if match[0][0] == "%":
            try:
                return urllib.parse.unquote(match[0], errors="strict")
            except UnicodeDecodeError:
                return match[0]
        return html.unescape(f"&{match[1]}")

    return re.sub(r"&(?:amp;)*((?:#[0-9]+|#x[0-9a-f]+|[A-Za-z]+);)|%[2-7][0-9a-f]|(?:%[c-e][0-9a-f])(?:%[89ab][0-9a-f])+",
                  character, text)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(["a", "b ", "é", "&amp;", "&#101;", "&#x65;", "&nbsp;", "&hellip;", "&eacute;", "&Delta;", "&none;", "&", ";",
                                 "%20", "%3f", "%c3%a9", "%e2%80%99", "%zz", "%", "#"]), max_size=12).map("".join))  # fmt: skip
def test_encoded_characters_are_what_the_library_decodes(text: str) -> None:
    assert seen(text) == reference(decoded(text).replace("\ufffd", " "))


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("What&nbsp;is&#160;the&#xA0;point&#32;of", "what is the point of"),
        ("&#87;hat &#x69;&#X73; &eacute;t&EACUTE;", "what is ete"),
        ("fish &amp;amp;amp;nbsp; chips", "fish chips"),
        ("R&amp;D and AT&T and a&b", "r d and at t and a b"),
        ("so&shy;ft so&#8203;ft so&ZeroWidthSpace;ft", "soft soft soft"),
        ("What%20is%2C%20this%3F%0Aca%66%C3%A9", "what is this cafe"),
        ("100% of 20%, n%10 and 5%de", "100 of 20 n 10 and 5 de"),
        ("&#0;a&#x110000;b&#55357;c&#9999999999999999;d", "a b c 9999999999999999 d"),
        ("&#; &#x; &;&noname; &nbsp", "x noname nbsp"),
        ("%C3 %C3%41 %ED%A0%80", "c3 c3a ed a0 80"),
    ],
)
def test_encoded_characters(text: str, want: str) -> None:
    assert seen(text) == want


# Markup.


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("the <b>quick</b> <I>brown</I> <span class='x y'>fox</span>", "the quick brown fox"),
        ('<a href="https://e.org/a_b?c=d" rel=nofollow>link</a>ed', "linked"),
        ("<b>W</b>ord x<sup>2</sup>", "word x2"),
        ("one<br>two<BR />three<p>four</p>five<td class=a>six", "one two three four five six"),
        ("&lt;b&gt;quick&lt;/b&gt; fox", "quick fox"),
        ("if a <b and c> d: x<y and z>w, a<b>c", "if a b and c d x y and z w ac"),
        ('<img alt="one two three four five six seven eight">', "img alt one two three four five six seven eight"),
        ("<b", "b"),
        ("<" * 50 + "b" * 50, "b" * 50),
        (r"the \textbf{quick} \emph{brown} $\mathrm{fox}$ {\bf jumps}", "the quick brown fox jumps"),
        (r"\textcolor{red}{quick} \href{http://e.org}{fox}", "quick fox"),
        (r"\frac{1}{2} \alpha C:\text\new \textbf", "frac 1 2 alpha c text new textbf"),
        ("[b]quick[/b] [URL=http://e.org]fox[/URL] x[i] f(x)[b]", "quick fox x i f x b"),
        ("one [list]two[quote=me]three[/list]four", "one two three four"),
        ("[fox](https://e.org/x_y) [dog](#top) a[i](x)", "fox dog a i x"),
    ],
)  # fmt: skip
def test_markup(text: str, want: str) -> None:
    assert seen(text) == want


# Letters.


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("thе quiсk brоwn fοx", "the quick brown fox"),  # one foreign letter each
        ("Тhе сосоа is а new соw", "the cocoa is a new cow"),  # words of nothing else, beside Latin ones
        ("а new соw", "a new cow"),
        ("нет, не он", "нет не он"),
        ("мы не он and so", "мы he oh and so"),
        ("Windowsом приложений", "windowsom приложении"),
        ("SQLзапрос", "sqlзапрос"),  # other letters: no disguise
        ("λόγος και ο κόσμος", "λογοσ και ο κοσμοσ"),
        ("t&#1077;n", "ten"),
    ],
)
def test_look_alikes(text: str, want: str) -> None:
    assert seen(text) == want


def test_every_look_alike_takes_two_bytes_and_gives_a_letter_or_digit() -> None:
    alike = tables().alike
    assert sum(alike > 0) > 90
    for point in np.flatnonzero(alike).tolist():
        assert len(chr(point).encode()) == 2
        assert chr(alike[point]).isascii()
        assert chr(alike[point]).isalnum()
        assert seen(f"z{chr(point)}z") == f"z{chr(alike[point]).lower()}z"


# Zero-width characters.


@pytest.mark.parametrize("char", ["\u200b", "\u200c", "\u2060", "\ufeff", "&#8203;"])
def test_zero_width_characters_instead_of_blanks_and_inside_words(char: str) -> None:
    assert seen(char.join("What is the capital of France?".split())) == "what is the capital of france"
    assert seen(f"Wh{char}at i{char}s the ca{char}pit{char}al") == "what is the capital"
    assert seen(f"inter{char}nation{char}alization of") == "internationalization of"  # 20 letters
    assert seen(f"one{char} two {char}three") == "one two three"


def test_joiners_belong_to_other_scripts() -> None:
    persian = "می‌خواهم" * 5
    assert seen(persian) == reference(persian)
    assert seen("ก\u200bข" * 30) == reference("กข" * 30)


def test_a_replacement_character_separates() -> None:
    assert seen("caf\ufffd au\ufffdlait") == "caf au lait"


# All of them.


@settings(max_examples=300, deadline=None)
@given(st.lists(_SOUP, min_size=1, max_size=4))
def test_every_word_keeps_its_place(texts: list[str]) -> None:
    array = pa.array(["before", *texts], pa.large_string())[1:]  # a slice
    offsets, data = string_buffers(array)
    plain = Reader()(offsets, data)
    for start, end, text in zip(offsets, offsets[1:], texts, strict=False):
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
    assert Reader()(offsets, data) is data


@settings(max_examples=100, deadline=None)
@given(_SOUP, _SOUP)
def test_a_document_is_seen_the_same_beside_any_other(text: str, other: str) -> None:
    offsets, data = string_buffers(pa.array([other, text, other], pa.large_string()))
    plain = Reader()(offsets, data)
    alone = bytes(b for b in plain[offsets[1] : offsets[2]].tolist() if b != PAD).decode()
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
