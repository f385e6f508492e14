"""Block scoring, and trafilatura where that leaves doubt: about one page in six.

The second opinion is taken only where it finds something, and never on pages with code, formulas or tables, whose
structure block scoring keeps.
"""

import trafilatura

from corpus.extract import blocks

_MIN_CHARACTERS = 200


def extract(html: str) -> str:
    """Main text of a page."""
    found = blocks.find(html)
    if found.is_sure:
        return found.text
    second = trafilatura.extract(html, fast=True, include_comments=False) or ""
    return second if len(second) >= min(_MIN_CHARACTERS, len(found.text)) and second else found.text
