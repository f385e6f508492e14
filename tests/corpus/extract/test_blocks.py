"""A golden set of our own pages: each holds one structure that a language model needs, with what must come out."""

import pytest

from corpus.extract import EXTRACTORS, blocks, cascade, extract
from tests.corpus.extract.pages import RUNNING, page

GOLDEN = {
    "code keeps its indentation byte for byte": (
        "<pre><code>def f(x):\n    if x &lt; 3:\n\treturn <b>x</b>\n\n  # done</code></pre>",
        "def f(x):\n    if x < 3:\n\treturn x\n\n  # done",
    ),
    "a pre drops only the line end after its tag": ("<pre>\n\n  a\n b</pre>", "\n\n\n  a\n b\n\n"),
    "list items stand on lines of their own": (
        "<ul><li>first item</li><li>second item<ul><li>inner item</li></ul></li></ul>",
        "- first item\n- second item\n  - inner item",
    ),
    "ordered lists are numbered": ("<ol><li>open it</li><li>close it</li></ol>", "1. open it\n2. close it"),
    "tables keep their cells, empty ones too": (
        "<table><tr><th>name</th><th>a</th><th>b</th></tr><tr><td>x</td><td></td><td>3</td></tr></table>",
        "name | a | b\nx |  | 3",
    ),
    "headings stand alone": ("<h2>A heading</h2><p>Some text follows it here.</p>", "\n\nA heading\n\nSome text"),
    "breaks are line ends": (
        "<p>one line of verse<br>another line of verse</p>",
        "one line of verse\nanother line of verse",
    ),
    "MathML gives its TeX": (
        '<p>so <math display="block"><semantics><mi>x</mi><annotation encoding="application/x-tex">x^2</annotation>'
        "</semantics></math> holds</p>",
        "so $$x^2$$ holds",
    ),
    "MathJax scripts give their TeX": (
        '<p>let <script type="math/tex">\\alpha_1</script> be</p>',
        "let $\\alpha_1$ be",
    ),
    "KaTeX stands once": (
        '<p>and <span class="katex"><span class="katex-mathml"><math><semantics><mi>y</mi>'
        '<annotation encoding="application/x-tex">y_1</annotation></semantics></math></span>'
        '<span class="katex-html">y1</span></span> too</p>',
        "and $y_1$ too",
    ),
    "formula images give their alternative": ('<p>as <img class="latex" alt="\\frac12"> is</p>', "as $\\frac12$ is"),
    "Wikipedia's wrapper goes": ('<p>a <math alttext="{\\displaystyle z}"><mi>z</mi></math> b</p>', "a $z$ b"),
    "definition lists": ("<dl><dt>term</dt><dd>what the term means</dd></dl>", "term\nwhat the term means"),
    "quotations": (
        "<blockquote><p>To be or not to be, that is it.</p></blockquote>",
        "To be or not to be, that is it.",
    ),
    "inline marks vanish": (
        "<p>some <b>bold</b>, <i>it</i>alic and a<sup>2</sup> here</p>",
        "some bold, italic and a^2 here",
    ),
    "entities are read": ("<p>a &amp; b &lt; c &eacute; &#x1F642; end of it</p>", "a & b < c é 🙂 end of it"),
}


@pytest.mark.parametrize("extractor", [blocks, cascade])
@pytest.mark.parametrize(("inside", "wanted"), GOLDEN.values(), ids=GOLDEN)
def test_structure_survives(extractor: object, inside: str, wanted: str) -> None:
    assert wanted in extractor.extract(page(inside))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "boilerplate",
    [
        '<nav><ul><li><a href="/">Home page</a></li><li><a href="/a">About us</a></li></ul></nav>',
        '<div class="sidebar"><p>Subscribe to our letter today.</p></div>',
        '<div id="comments"><p>Some commenter wrote these words here.</p></div>',
        "<footer><p>Copyright of somebody, all rights reserved.</p></footer>",
        '<div style="display:none"><p>Nobody can see these hidden words.</p></div>',
        "<script>var words = 'in a script';</script><style>p { color: red }</style>",
        '<div class="related-posts"><a href="/1">Another story here</a> <a href="/2">Yet another story</a></div>',
    ],
)
@pytest.mark.parametrize("extractor", [blocks, cascade])
def test_boilerplate_goes_before_and_after_the_content(extractor: object, boilerplate: str) -> None:
    clean = extractor.extract(page(""))  # type: ignore[attr-defined]
    assert extractor.extract(page("", before=boilerplate, after=boilerplate)) == clean  # type: ignore[attr-defined]


@pytest.mark.parametrize("extractor", [blocks, cascade])
def test_a_dollar_is_no_formula(extractor: object) -> None:
    """A page with a price on it is asked about as any other is."""
    assert not blocks.find(f"<body><p>It costs $5. {RUNNING}</p></body>").is_sure
    assert blocks.find("<body><p>so <math><mi>x</mi></math> is</p></body>").is_sure


def test_what_is_not_to_be_seen_is_no_text_unless_it_is_the_page() -> None:
    hidden = f'<div style="display:none"><p>{"Words that nobody sees. " * 30}</p></div>'
    assert "nobody" not in blocks.extract(page(hidden))
    alone = f'<body><div id="app" style="display: none"><div><div><p>{RUNNING * 6}</p></div></div></div></body>'
    assert RUNNING.strip() in blocks.extract(alone)


def test_short_paragraphs_make_a_page(tmp_path: object) -> None:
    """Dialogue, verse: most lines are short, and each is wrapped in elements of its own."""
    said = [
        "“Gotcha.”",
        "Alden stared at it for a while.",
        "“Let me think about it, if you do not mind.”",
        "Nothing.",
    ] * 12
    lines = "".join(
        f'<div style="margin: 1em 0"><div style="direction: ltr"><span>{line}</span></div></div>' for line in said
    )
    menu = "".join(f'<li><a href="/{i}">chapter number {i}</a></li>' for i in range(30))
    html = f'<html><body><div id="w"><div><ul>{menu}</ul></div><div><div class="chapter">{lines}</div></div></div></body></html>'
    found = blocks.extract(html)
    assert found.split("\n\n") == said


def test_chinese_is_text_though_it_has_no_blanks() -> None:
    text = "此開卷第一回也作者自云曾歷過一番夢幻之後故將真事隱去而借通靈說此石頭記一書也。" * 3
    menu = "".join(f'<li><a href="/{i}">頻道 {i}</a></li>' for i in range(30))
    html = f"<html><body><div><div><ul>{menu}</ul></div><div><div><p>{text}</p><p>{text}</p></div></div></div></body></html>"
    assert blocks.extract(html) == f"{text}\n\n{text}"


def test_a_suspect_that_holds_the_text_is_none() -> None:
    html = f'<html><body class="right-sidebar"><form class="comment-page"><div><p>{RUNNING * 4}</p></div></form></body></html>'
    assert RUNNING.strip() in blocks.extract(html)


def test_a_short_page_keeps_its_lines() -> None:
    assert blocks.extract("<body><h1>Hi</h1><p>some words here</p><p>more words there</p></body>").split("\n\n") == [
        "Hi",
        "some words here",
        "more words there",
    ]


def test_a_list_of_links_is_no_content() -> None:
    links = "".join(f'<li><a href="/{i}">a link to somewhere {i}</a></li>' for i in range(20))
    assert "a link to" not in blocks.extract(page("", after=f"<div><ul>{links}</ul></div>"))


@pytest.mark.parametrize("html", ["", " ", "\x00", "<", "<html></html>", "<!-- only a comment -->", "<body></body>"])
@pytest.mark.parametrize("extractor", list(EXTRACTORS))
def test_pages_without_text_have_none(extractor: str, html: str) -> None:
    assert extract(html, extractor).text.strip() in ("", "<")


def test_every_extractor_finds_the_running_text() -> None:
    for extractor in EXTRACTORS:
        assert RUNNING.strip() in extract(page(""), extractor).text
