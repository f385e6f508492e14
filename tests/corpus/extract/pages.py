"""A page around what is tested."""

from corpus.extract import blocks

RUNNING = "This paragraph is running text, long enough and plain enough for any extractor to take it for content. "


def page(inside: str, before: str = "", after: str = "") -> str:
    """A page with running text before and after something."""
    return (
        f'<html lang="en"><head><title>T</title></head><body>{before}<div id="wrap"><div><div class="content">'
        f"<h1>Title of the page</h1><p>{RUNNING * 3}</p>{inside}<p>{RUNNING * 2}</p></div></div></div>{after}</body></html>"
    )


def between(inside: str) -> str:
    """What comes out of it, between the running text."""
    found = blocks.extract(page(inside))
    first = (RUNNING * 3).strip()
    begin, end = found.index(first) + len(first), found.rindex((RUNNING * 2).strip())
    return found[begin:end].strip("\n")
