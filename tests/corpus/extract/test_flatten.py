"""What a page's elements become as text, one kind of structure at a time."""

import pytest

from corpus.extract import blocks
from corpus.extract.flatten import flatten
from corpus.extract.markup import parse
from tests.corpus.extract.pages import between

# Class names that often stand on inline elements of running text.
INLINE_NAMES = (
    "date time author caption tag tags meta more read-more links print tools rate rating ad ads social share comment sticky "
    "reply archive search legal nav menu footer promo related byline copyright page-link"
).split()


@pytest.mark.parametrize("name", INLINE_NAMES)
@pytest.mark.parametrize("tag", ["a", "span", "em", "time"])
def test_in_a_sentence_an_inline_element_is_content_whatever_its_name(name: str, tag: str) -> None:
    sentence = f'The meeting on <{tag} class="{name}" href="/x">12 May</{tag}> begins at noon, as <i>it</i> does.'
    assert between(f"<p>{sentence}</p>") == "The meeting on 12 May begins at noon, as it does."
    assert between(f'<p><{tag} class="{name}">12 May</{tag}> is the day on which it begins.</p>').startswith(
        "12 May is"
    )
    assert between(f'<p>It all begins on <{tag} class="{name}">12 May</{tag}></p>') == "It all begins on 12 May"


@pytest.mark.parametrize("name", ["date", "share", "comments", "byline"])
def test_alone_in_its_block_it_is_what_it_says(name: str) -> None:
    assert between(f'<div><span class="{name}">Some words that stand here all alone</span></div>') == ""
    assert between(f'<div><a class="{name}">One thing of many</a> | <a class="{name}">Another of them</a></div>') == ""


INLINE = {
    "an icon takes nothing with it": (
        '<p>Click the gear <i class="fa fa-cog" aria-hidden="true"></i> and choose…</p>',
        "Click the gear and choose…",
    ),
    "an icon's name is no word": (
        '<p>Click the <i class="material-icons" aria-hidden="true">settings</i> icon here.</p>',
        "Click the icon here.",
    ),
    "hidden text is not read": (
        '<p>One <span style="display: none">secret</span>two <b hidden>secret</b>three <a class="sr-only">x</a>four.</p>',
        "One two three four.",
    ),
    "comments and instructions take nothing with them": ("<p>one <!-- a --> two <?php b ?> three</p>", "one two three"),
    "blanks between inline elements stay": ("<p><span>one</span> <b>two</b>\n<i>three</i></p>", "one two three"),
    "words grow together as they do on the screen": ("<p>un<b>believ</b>able su<wbr>per</p>", "unbelievable super"),
    "zero width separates nothing": ("<p>ex\u200bample, soft&shy;ly, \ufeffbom</p>", "example, softly, bom"),
    "text directly in an element stays in one piece": (
        '<div>The orchard was <em>kept</em> the <a href="/x">whole year</a> through.</div>',
        "The orchard was kept the whole year through.",
    ),
    "code in a sentence stands there once": (
        "<p>Use <code>pip install it</code> to install it.</p>",
        "Use pip install it to install it.",
    ),
    "a button in a sentence": ("<p>Press the <button>Save</button> button below.</p>", "Press the Save button below."),
    "a custom element in a sentence": ("<p>one <x-tip>two</x-tip> three</p>", "one two three"),
    "custom elements apart are blocks": (
        "<my-title>Title words</my-title><my-body>Words of the body of it</my-body>",
        "Title words\n\nWords of the body of it",
    ),
    "an inline element that is shown as a block": (
        '<span style="display:block">One line of it</span><span style="display: block">Two lines of it</span>',
        "One line of it\n\nTwo lines of it",
    ),
    "unclosed paragraphs with inline clauses": (
        "<p>If the left turns at rate <i>r</i>, the middle turns at -3<i>r</i> and so on.<p>Or put in another one.",
        "If the left turns at rate r, the middle turns at -3r and so on.\n\nOr put in another one.",
    ),
    "entities of entities stay": ("<p>write &amp;lt;p&amp;gt; for a paragraph</p>", "write &lt;p&gt; for a paragraph"),
    "superscripts": ("<p>about 10<sup>5</sup> of 3 m<sup>2</sup></p>", "about 10^5 of 3 m^2"),
    "a question that opens its answer": (
        "<h3><button>What is it?</button></h3><div><p>It is what you asked for, no more.</p></div>",
        "What is it?\n\nIt is what you asked for, no more.",
    ),
    "a button around a heading": (
        "<button><h3>What is it?</h3></button><div><p>It is what you asked for, no more.</p></div>",
        "What is it?\n\nIt is what you asked for, no more.",
    ),
    "a button that asks": (
        '<button class="toggle">What is it?</button><div><p>It is what you asked for, no more.</p></div>',
        "What is it?\n\nIt is what you asked for, no more.",
    ),
    "details": (
        "<details><summary>What is it?</summary><p>It is what you asked for, no more.</p></details>",
        "What is it?\n\nIt is what you asked for, no more.",
    ),
}


@pytest.mark.parametrize(("inside", "wanted"), INLINE.values(), ids=INLINE)
def test_inline_elements(inside: str, wanted: str) -> None:
    assert between(inside) == wanted


TABLES = {
    "blocks in cells": (
        "<table><tr><th>t</th><th>u</th></tr>"
        "<tr><td><div>21.5</div></td><td><p>a</p><p>b</p><ul><li>c</li><li>d</li></ul></td></tr></table>",
        "t | u\n21.5 | a b c d",
    ),
    "a row whose cells are links stays": (
        '<table><tr><th>n</th><th>t</th></tr><tr><td>1</td><td>one</td></tr><tr><td><a href="/2">2</a></td>'
        '<td><a href="/b">two</a></td></tr><tr><td>3</td><td>three</td></tr></table>',
        "n | t\n1 | one\n2 | two\n3 | three",
    ),
    "names say nothing in a row": (
        '<table><tr><th>day</th><th>who</th></tr><tr><td class="date">1 May</td><td><div class="author">A</div></td></tr>'
        '<tr class="more"><td class="date">2 May</td><td>B</td></tr></table>',
        "day | who\n1 May | A\n2 May | B",
    ),
    "what is hidden in a cell is not read": (
        '<table><tr><th>n</th><th>m</th></tr><tr><td><span style="display:none">0001</span>1</td><td>x</td></tr></table>',
        "n | m\n1 | x",
    ),
    "blanks around links in cells": (
        '<table><tr><th>a</th><th>b</th></tr><tr><td>a <a href="/w">war</a> on design</td><td>x<br>y</td></tr></table>',
        "a | b\na war on design | x y",
    ),
    "a caption and empty cells": (
        "<table><caption>What it is</caption><tr><td>1</td><td></td></tr><tr><td></td><td>2</td></tr></table>",
        "What it is\n\n1 | \n | 2",
    ),
    "a table in a cell of data": (
        "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td><table><tr><td>2</td><td>3</td></tr></table></td></tr></table>",
        "a | b\n1 | 2 3",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("inside", "wanted"), TABLES.values(), ids=TABLES)
def test_rows_of_data_are_lines_of_cells(inside: str, wanted: str) -> None:
    assert [line.strip() for line in between(inside).split("\n")] == [line.strip() for line in wanted.split("\n")]


def test_a_table_that_lays_out_a_page_is_none() -> None:
    words = "Some running text that stands in a cell of the page and is long enough to be one. " * 8
    html = f'<table><tr><td class="left"><p>{words}</p><p>{words}</p></td><td><h1>Title</h1><p>{words}</p></td></tr></table>'
    found = flatten(parse(html).find("body"))
    assert [block.tag for block in found] == ["p", "p", "h1", "p"]
    assert not any(block.table is not None for block in found)


def test_nothing_is_lost_and_nothing_doubled() -> None:
    """Every word of a page without scripts is in one block, in order, whatever elements stand around it."""
    html = "<div>a<p>b <i>c</i> d<blockquote>e</blockquote>f</p>g<x-y>h<section>i</section>j</x-y>k<table><tr><td>l<td>m</table>n</div>o"
    found = flatten(parse(f"<body>{html}</body>").find("body"))
    assert "".join("".join(block.text.split()) for block in found) == "abcdefghijklmno"


def test_many_named_elements_in_one_block_take_no_time() -> None:
    spans = "".join(f'<span class="tag">t{i}</span> ' for i in range(20_000))
    [block] = flatten(parse(f"<body><div>{spans} and words</div></body>").find("body"))
    assert block.text.endswith("t19999 and words")
    assert not block.suspects


def test_a_page_as_blocks_is_what_extract_gives() -> None:
    assert blocks.extract("<body><p>Some words.</p></body>") == "Some words."
