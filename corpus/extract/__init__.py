"""Extracts the main text from HTML: one interface over several extractors, which the recipe chooses by name.

An extractor module has `extract(html) -> str`. The page's metadata (title, language, rights) is read in the same way
for every extractor.
"""

from dataclasses import dataclass
from importlib import import_module

from corpus.errors import unknown

EXTRACTORS = {
    "cascade": "block scoring, and trafilatura if that leaves doubt: the default",
    "blocks": "block scoring on the parsed tree alone: faster, a little less precise",
    "fast": "resiliparse: fastest, keeps more boilerplate",
    "precise": "trafilatura: slowest",
}
DEFAULT = "cascade"
VERSION = 2  # raise it with every change of an extractor's text


@dataclass(frozen=True, slots=True)
class Extraction:
    """The main text of a page and the page's metadata."""

    text: str
    metadata: dict[str, str]


def extract(html: str, extractor: str = DEFAULT) -> Extraction:
    """Returns the main text and metadata of a decoded page. Untrusted pages need a separate process (corpus.sandbox).

    Raises UserError for an unknown extractor.
    """
    from corpus.extract import page

    if extractor not in EXTRACTORS:
        raise unknown("extractor", extractor, EXTRACTORS)
    module = import_module(f"corpus.extract.{extractor}")
    return Extraction(module.extract(html), page.metadata(html))
