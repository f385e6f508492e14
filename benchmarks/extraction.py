"""Main-text extraction: what survives, and how many pages a second, beside trafilatura and resiliparse.

The rules of `blocks` were chosen on the pages with even numbers, and a few on another set, Readability's own test pages,
which is scored by words; the odd ones are printed apart, as a check. Soft hyphens, which no reader sees, count on
neither side.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from benchmarks.claims import Claim, claim, named, one_core
from benchmarks.pages import READABILITY, load


def run(path: Path | None) -> Iterator[Claim]:
    """F1 and speed against trafilatura, and F1 against resiliparse."""
    import trafilatura
    from resiliparse.extract.html2text import extract_plain_text

    from corpus.extract import cascade
    from corpus.text.decoding import decode

    pages = load(path)
    html = [decoded.text if (decoded := decode(page, None, html=True)) else "" for page in pages["html"]]
    sides: dict[str, Callable[[str], str | None]] = {
        "ours": cascade.extract,
        "trafilatura": trafilatura.extract,
        "trafilatura without comments": lambda page: trafilatura.extract(page, include_comments=False),
        "trafilatura fast": lambda page: trafilatura.extract(page, include_comments=False, fast=True),
        "resiliparse": lambda page: extract_plain_text(page, main_content=True) if page else "",
    }
    texts: dict[str, list[str]] = {}
    speed: dict[str, float] = {}
    with one_core():
        for name, side in sides.items():
            for page in html[:20]:
                side(page)
            for _ in range(1 if name == "trafilatura without comments" else 3):
                started = time.perf_counter()
                texts[name] = [_seen(side(page) or "") for page in html]
                speed[name] = max(speed.get(name, 0.0), len(html) / (time.perf_counter() - started))
    f1 = {name: score(pages, found) for name, found in texts.items()}
    odd = {name: score(pages[1::2], found[1::2]) for name, found in texts.items()}
    kept, dropped = shares(pages, texts["ours"])
    note = f"{kept:.3f} of wanted phrases kept, {dropped:.3f} of unwanted dropped; odd pages {odd['ours']:.4f}"
    peer = named("trafilatura")
    yield claim(
        "extraction.f1", f1["ours"], f1["trafilatura"], peer, "F1", 1.0, f"{note} against {odd['trafilatura']:.4f}"
    )
    yield claim(
        "extraction.f1_without_comments",
        f1["ours"],
        f1["trafilatura without comments"],
        f"{peer}, include_comments=False",
        "F1",
        1.0,
    )
    yield claim(
        "extraction.speed",
        speed["ours"],
        speed["trafilatura"],
        peer,
        "pages/s",
        3.0,
        "one core, HTML decoded, best of three passes each",
    )
    yield claim(
        "extraction.f1_trafilatura_fast", f1["ours"], f1["trafilatura fast"], f"{peer}, fast=True", "F1", 1.0,
        f"odd pages {odd['ours']:.4f} against {odd['trafilatura fast']:.4f}",
    )  # fmt: skip
    yield claim(
        "extraction.speed_trafilatura_fast", speed["ours"], speed["trafilatura fast"], f"{peer}, fast=True", "pages/s",
        1.0, "as above",
    )  # fmt: skip
    yield claim("extraction.f1_fast", f1["ours"], f1["resiliparse"], named("resiliparse"), "F1", 1.0,
                f"resiliparse runs at {speed['resiliparse']:.0f} pages/s")  # fmt: skip
    if READABILITY.exists():
        yield from _readability(cascade.extract, sides["trafilatura without comments"], peer)


def _readability(ours: Callable[[str], str | None], theirs: Callable[[str], str | None], peer: str) -> Iterator[Claim]:
    """Words against those of the main content that Readability's maintainers checked."""
    pages = pl.read_parquet(READABILITY)
    html = [_decoded(page) for page in pages["html"]]
    wanted = [_words(_text(_decoded(page))) for page in pages["expected_html"]]
    scores = [
        sum(_overlap(_words(side(page) or ""), words) for page, words in zip(html, wanted, strict=True)) / len(html)
        for side in (ours, theirs)
    ]
    yield claim(
        "extraction.f1_words", *scores, f"{peer}, include_comments=False", "F1", 1.0,
        f"mean over {len(html)} pages of Readability's tests; some rules were also chosen on them",
    )  # fmt: skip


def _decoded(page: bytes | str) -> str:
    from corpus.text.decoding import decode

    if isinstance(page, str):
        return page
    decoded = decode(page, None, html=True)
    return decoded.text if decoded else ""


def _text(html: str) -> str:
    import lxml.html

    tree = lxml.html.fromstring(f"<div>{html}</div>")
    for hidden in tree.iter("script", "style"):
        hidden.text = ""
    return " ".join(tree.itertext())


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.lower()))


def _overlap(found: Counter[str], wanted: Counter[str]) -> float:
    """F1 of two bags of words."""
    common = (found & wanted).total()
    return 2 * common / max(found.total() + wanted.total(), 1)


def _seen(text: str) -> str:
    return text.replace("\xad", "")


def score(pages: pl.DataFrame, texts: list[str]) -> float:
    """F1 over phrases: kept `with` phrases are hits, kept `without` phrases false alarms."""
    hits = misses = alarms = 0
    for text, wanted, unwanted in zip(texts, pages["with"], pages["without"], strict=True):
        found = sum(_seen(phrase) in text for phrase in wanted)
        hits, misses = hits + found, misses + len(wanted) - found
        alarms += sum(_seen(phrase) in text for phrase in unwanted)
    precision, recall = hits / max(hits + alarms, 1), hits / max(hits + misses, 1)
    return 2 * precision * recall / max(precision + recall, 1e-9)


def shares(pages: pl.DataFrame, texts: list[str]) -> tuple[float, float]:
    """(share of `with` phrases kept, share of `without` phrases dropped)."""
    kept = sum(_seen(p) in t for t, wanted in zip(texts, pages["with"], strict=True) for p in wanted)
    left = sum(_seen(p) in t for t, unwanted in zip(texts, pages["without"], strict=True) for p in unwanted)
    return kept / max(pages["with"].list.len().sum(), 1), 1 - left / max(pages["without"].list.len().sum(), 1)
