"""Scripts without blanks: which Chinese leaks decontamination finds, and which innocent pages it drops.

On demand: `./dev bench unspaced --pages FOLDER`, where FOLDER holds two unpacked packages of Debian:

    apt-get download manpages-zh debian-handbook; for p in *.deb; do dpkg -x $p .; done

Items are questions of our own, and 200 sentences of man pages and of the handbook each; leaks hold one each between pieces
of the handbook. Innocent are all pages of the one where items are sentences of the other, and texts that quote how
questions begin, or state what one asks for.
"""

import gzip
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks.claims import Rows
from benchmarks.languages import plain
from corpus.errors import UserError

_DATA = Path(__file__).with_name("data")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_SENTENCES = 200  # of man pages, and of the handbook
_BOOKS = ("zh-CN", "zh-TW", "ja-JP")


def run(path: Path | None) -> Iterator[Rows]:
    """For each policy the share of leaks that it drops, of innocent pages, and of those made to mislead."""
    from decontam.benchmarks import Benchmark, Item
    from decontam.policies import policies

    draw = random.Random(1)
    books, pages = _texts(path)
    own = [json.loads(line) for line in (_DATA / "chinese_items.jsonl").read_text().splitlines()]
    questions = [(item["question"], " ".join(item.get("choices", ())), item["answer"]) for item in own]
    misleading = (_DATA / "chinese_negatives.txt").read_text().splitlines()
    found: dict[str, list[dict[str, npt.NDArray[np.bool_]]]] = {"leaks": [], "innocent": [], "made to mislead": []}

    for texts, others in ((pages, books), (books, pages)):
        items = [*questions, *((sentence, "", "") for sentence in _sentences(texts, draw))]
        protected = Benchmark("zh", tuple(Item(str(i), *item) for i, item in enumerate(items)))
        leaks = [_between("\n".join(filter(None, item)), draw.choice(others), draw) for item in items]
        made = [_between(line, draw.choice(others), draw) for line in misleading]
        for kind, documents in zip(found, (leaks, others, made), strict=True):
            found[kind].append(_dropped(protected, documents))

    shares = {
        kind: {name: float(np.concatenate([one[name] for one in both]).mean()) for name in policies()}
        for kind, both in found.items()
    }
    rows = [
        (name, *(f"{100 * share[name]:.1f}%" for share in shares.values())) for name in policies() if name != "report"
    ]
    n = {kind: sum(len(one["report"]) for one in both) for kind, both in found.items()}
    title = "Chinese: dropped by each policy, of " + ", ".join(f"{count} {kind}" for kind, count in n.items())
    yield Rows(title, ("policy", *found), rows)


def _dropped(protected: object, texts: list[str]) -> dict[str, npt.NDArray[np.bool_]]:
    from corpus.text.buffers import string_buffers
    from decontam import index as indexing
    from decontam.policies import LEAST_THRESHOLD, View, policies
    from decontam.scan import Scanner, item_counts
    from decontam.usage import Usage

    arrays = indexing.build([protected]).arrays  # type: ignore[list-item]
    scanner, items = Scanner(arrays), item_counts(arrays)
    usage = Usage(arrays, items)
    column = pa.array(texts, pa.large_string())
    words, matches = scanner(column)
    view = View(*string_buffers(column), words, matches, arrays, usage.documents, items, LEAST_THRESHOLD)
    return {name: policy.judge(view).dropped for name, policy in policies().items()}


def _texts(folder: Path | None) -> tuple[list[str], list[str]]:
    """(pages of the handbook, man pages)."""
    import lxml.html

    if folder is None or not folder.is_dir():
        raise UserError("unspaced needs two packages: --pages FOLDER; benchmarks/unspaced.py says how to get them")
    books = []
    for language in _BOOKS:
        for file in sorted(folder.glob(f"**/debian-handbook/html/{language}/*.html")):
            html = file.read_bytes().split(b"?>", 1)[-1]
            page = lxml.html.document_fromstring(html, parser=lxml.html.HTMLParser(encoding="utf-8"))
            texts = [
                " ".join(e.text_content().split())
                for e in page.iter("p", "div")
                if e.tag == "p" or e.get("class") == "para"
            ]
            books.append("\n\n".join(text for text in texts if len(text) > 40))
    pages = [plain(gzip.decompress(file.read_bytes())) for file in sorted(folder.glob("**/man/zh_*/**/*.gz"))]
    books, pages = [t for t in books if len(t) > 800], [t for t in pages if len(t) > 800]
    if len(books) < 100 or len(pages) < 600:
        raise UserError(
            f"{folder} has {len(books)} pages of the handbook and {len(pages)} man pages, too few to measure"
        )
    return books, pages


def _sentences(pages: list[str], draw: random.Random) -> list[str]:
    found = {s.strip() for page in pages for s in re.split(r"[。！？\n]", page) if 14 <= len(_HAN.findall(s)) <= 60}
    return draw.sample(sorted(found), _SENTENCES)


def _between(text: str, page: str, draw: random.Random) -> str:
    at = draw.randrange(max(len(page) - 600, 1))
    return f"{page[at : at + 300]}\n{text}\n{page[at + 300 : at + 600]}"
