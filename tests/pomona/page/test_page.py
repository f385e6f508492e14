from html.parser import HTMLParser
from pathlib import Path

import pytest

from corpus.lake import Lake
from pomona import runner
from pomona.page import _beside, _breakable, render, write
from pomona.recipe import parse
from tests.pomona.corpora import PROSE
from tests.pomona.looked_at import small

__all__ = ["small"]

VOID = {"meta", "br", "img", "input", "link", "hr", "line", "rect", "polyline", "wbr"}
OPTIONAL = {"li", "td", "th", "tr", "p", "thead", "tbody"}


class Checker(HTMLParser):
    """Every element that must be closed is; no script, no address that is fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "iframe", "object", "link")
        assert not any(name == "src" or name.startswith("on") for name, _ in attrs)
        if tag not in VOID | OPTIONAL:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID | OPTIONAL:
            assert self.open.pop() == tag


def test_the_page_is_self_contained_and_what_documents_say_is_escaped(small: Lake) -> None:
    page = render(small)
    checker = Checker()
    checker.feed(page)
    assert checker.open == []
    assert "&lt;script&gt;alert" in page
    assert "onerror=alert(1)&gt;" in page
    assert "{{ 7 * 7 }}" in page
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    assert "default-src 'none'" in page


def test_a_lake_with_documents_alone_has_a_report(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(PROSE)
    recipe = parse(f"sources: [{{name: a, path: {tmp_path}/a.txt}}]\nfilter: null\ndedup: null")
    lake = Lake(tmp_path / "lake")
    list(runner.run_recipe(lake, recipe, workers=1))
    write(lake, str(tmp_path / "r.html"))
    assert "1" in (tmp_path / "r.html").read_text()


def test_a_name_breaks_between_words_and_stays_escaped() -> None:
    assert str(_breakable("max_top.a/<b>")) == "max_<wbr>top.<wbr>a/<wbr>&lt;b&gt;"


@pytest.mark.parametrize(
    ("value", "limit", "shown"),
    [(10.04, 10.0, ("10.04", "10")), (0.75, 0.8, ("0.75", "0.8")), (3.0, 3.0, ("3", "3")), (14, 50, ("14", "50"))],
)
def test_a_value_is_told_from_its_limit(value: float, limit: float, shown: tuple[str, str]) -> None:
    assert (_beside(value, limit), _beside(limit, value)) == shown
