"""The second opinion says which blocks are content; the text is always ours."""

import pytest

from corpus.extract import blocks, cascade
from tests.corpus.extract.pages import RUNNING

WORDS = "river mill town stone bridge winter house bread horse garden summer letter market forest street".split()
LINES = [" ".join(f"{word}{i}" for word in (*WORDS, "<i>boat</i>", *WORDS[::-1])) + "." for i in range(20)]
PLAIN = [line.replace("<i>", "").replace("</i>", "") for line in LINES]
MENU = '<div class="menu">' + "".join(f'<a href="/{i}">entry number {i} of it</a> ' for i in range(40)) + "</div>"
HTML = f"<html><body>{MENU}" + "".join(f"<p>{line}</p>" for line in LINES) + f"<p>{PLAIN[3]}</p></body></html>"


def asked(monkeypatch: pytest.MonkeyPatch, second: str, html: str = HTML) -> str:
    monkeypatch.setattr("trafilatura.extract", lambda *_, **__: second)
    return cascade.extract(html)


def test_the_page_leaves_doubt() -> None:
    assert not blocks.find(HTML).is_sure
    assert blocks.find(HTML.replace(MENU, "")).is_sure  # where all is content, there is nothing to ask


def test_what_it_names_is_taken_in_our_words_copies_too(monkeypatch: pytest.MonkeyPatch) -> None:
    second = "\n".join(line.replace("boat", "boat\n") for line in PLAIN[:15])  # torn, and one copy gone
    assert asked(monkeypatch, second).split("\n\n") == [*PLAIN[:15], PLAIN[3]]


@pytest.mark.parametrize("second", ["", "Other words that stand nowhere on the page.", PLAIN[0], "\n".join(PLAIN[:4])])
def test_where_it_finds_little_it_is_none(monkeypatch: pytest.MonkeyPatch, second: str) -> None:
    assert asked(monkeypatch, second) == blocks.extract(HTML)


def test_it_brings_back_neither_what_is_hidden_nor_scraps_of_menus(monkeypatch: pytest.MonkeyPatch) -> None:
    menu = '<div class="menu"><a href="/">the page</a></div>'
    hidden = f'<p style="display:none">{RUNNING * 2}</p>'
    html = HTML.replace("<body>", f"<body>{menu}{hidden}")
    found = asked(monkeypatch, "\n".join([*PLAIN, RUNNING * 2, "the page"]), html)
    assert RUNNING[:40] not in found
    assert found.split("\n\n")[0] == PLAIN[0]


def test_boilerplate_that_is_long_can_be_brought_back(monkeypatch: pytest.MonkeyPatch) -> None:
    html = HTML.replace("<body>", f'<body><div class="related">{RUNNING}</div>')
    assert RUNNING[:40] not in blocks.extract(html)
    assert asked(monkeypatch, "\n".join([RUNNING, *PLAIN]), html).startswith(RUNNING.strip())


def test_structure_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    html = HTML.replace("<body>", "<body><pre>a\n  b</pre>")
    assert asked(monkeypatch, "nothing of it") == blocks.extract(HTML)
    assert blocks.find(html).is_sure
