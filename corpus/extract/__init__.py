"""HTML to main text: one interface over several extractors, chosen by name in the recipe.

An extractor module has `extract(html) -> str`. What a page says of itself (title, language, rights) is read the
same way whichever extractor runs.
"""

from dataclasses import dataclass
from importlib import import_module

from corpus.errors import unknown

EXTRACTORS = {
    "cascade": "block scoring, and trafilatura where that leaves doubt: the default",
    "blocks": "block scoring on the parsed tree alone: faster, a little less precise",
    "fast": "resiliparse: fastest, keeps more boilerplate",
    "precise": "trafilatura: slowest",
}
DEFAULT = "cascade"
VERSION = 2  # raised when an extractor's text would change


@dataclass(frozen=True, slots=True)
class Extraction:
    """The main text of a page, and what the page says of itself."""

    text: str
    metadata: dict[str, str]


def extract(html: str, extractor: str = DEFAULT) -> Extraction:
    """Main text and metadata of a page that is decoded already. Not for untrusted pages: see corpus.extract.sandbox."""
    from corpus.extract import page

    if extractor not in EXTRACTORS:
        raise unknown("extractor", extractor, EXTRACTORS)
    module = import_module(f"corpus.extract.{extractor}")
    return Extraction(module.extract(html), page.metadata(html))
