"""Rates of reading HTML and plain text."""

from dataclasses import replace
from html import escape

import pyarrow as pa

from corpus.ingest.listing import find_files
from corpus.ingest.steps import SourceSettings, plan, step
from corpus.rates import rate

_PAGES = 60
_FILES = 300


def rates(text: pa.Array) -> dict[str, float]:
    """Returns MB/s on one core by kind of work."""
    return {"html": _html(text), "text": _text()}


def _html(text: pa.Array) -> float:
    from corpus.extract import extract

    pages = [_page(value.as_py()) for value in text[:_PAGES]]
    extract(pages[0])
    return rate(sum(map(len, pages)), lambda: [extract(page) for page in pages])


def _page(text: str) -> str:
    """Returns a page with an element for each line, as manuals have; plain paragraphs would be three times as fast as
    pages of the web are."""
    parts = [
        f'<div class="section" id="part-{number}"><p class="text">'
        + "<br>".join(f'<span class="line">{escape(line)}</span>' for line in part.split("\n"))
        + "</p></div>"
        for number, part in enumerate(text.split("\n\n"))
    ]
    return f"<html><body>{''.join(parts)}</body></html>"


def _text() -> float:
    library = find_files("library", "python")
    items = plan(SourceSettings("library", library.kind), replace(library, files=library.files[:_FILES]))
    return rate(sum(item.n_bytes for item in items), lambda: [list(step(item)) for item in items])
