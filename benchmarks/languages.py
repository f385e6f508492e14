"""Language detection on man pages in 13 languages, labelled by the Debian package that they come from.

On demand: `./dev bench languages --pages FOLDER`, where FOLDER/<language>/ holds an unpacked package each:

    for l in cs de es fr it ja nl pl pt-br ru tr zh; do apt-get download manpages-$l; dpkg -x manpages-${l}_*.deb $l; done
    apt-get download manpages; dpkg -x manpages_*.deb en

The peer is the same model on the first 1,000 characters, as datatrove and others give it the text.
"""

import gzip
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa

from benchmarks.claims import Claim, claim
from corpus.errors import UserError

_EACH = 100  # pages of a language
_MIN_CHARACTERS = 1500
_MENU = "Home About Contact Products Services News Blog Login Register Search Cart Help Terms Privacy Cookies Sitemap Careers "
_MARKS = re.compile(r"\\f[BIRP]|\\\(..|\\&|\\-|\\e|\\[a-z]")


def run(path: Path | None) -> Iterator[Claim]:
    """Share of pages whose language was found: as they are, after blanks, in capitals, after an English menu."""
    pages = _pages(path)
    made: dict[str, Callable[[str], str]] = {
        "whole": str,
        "after_blanks": lambda text: " \n" * 600 + text,
        "capitals": str.upper,
        "after_menu": lambda text: _MENU * 4 + text,
        "capitals_80": lambda text: text[len(text) // 2 :][:80].upper(),
    }
    for name, change in made.items():
        texts = [change(text) for _, text in pages]
        ours, peer = (
            sum(found == language for found, (language, _) in zip(side(texts), pages, strict=True)) / len(pages)
            for side in (_ours, _first_thousand)
        )
        note = f"{len(pages)} man pages of Debian in {len({language for language, _ in pages})} languages"
        yield claim(f"languages.{name}", ours, peer, "fastText, first 1,000 characters", "share", 1.0, note)


def _ours(texts: list[str]) -> list[str]:
    from filters.signals import measure

    found: list[str] = measure(pa.array(texts, pa.large_string()))["language"].to_pylist()
    return found


def _first_thousand(texts: list[str]) -> list[str]:
    from filters.signals.language import _model

    predict = _model().f.predict
    lines = [" ".join(text[:1000].replace("\x00", " ").split()) + "\n" for text in texts]
    return [
        answer[0][1].removeprefix("__label__") if (answer := predict(line, 1, 0.0, "strict")) else "" for line in lines
    ]


def _pages(folder: Path | None) -> list[tuple[str, str]]:
    """(language, text) of up to 100 pages a language, chosen by a fixed seed."""
    if folder is None or not folder.is_dir():
        raise UserError("languages needs man pages: --pages FOLDER; benchmarks/languages.py says how to get them")
    draw = random.Random(1)
    pages: list[tuple[str, str]] = []
    for language in sorted(path for path in folder.iterdir() if path.is_dir()):
        files = sorted(language.rglob("*.gz"))
        draw.shuffle(files)
        texts = (text for file in files if len(text := plain(gzip.decompress(file.read_bytes()))) >= _MIN_CHARACTERS)
        pages += [(language.name.partition("-")[0], text) for text, _ in zip(texts, range(_EACH), strict=False)]
    return pages


def plain(page: bytes) -> str:
    """The text of a man page without its macros."""
    lines = []
    for line in page.decode("utf-8", "replace").split("\n"):
        if line.startswith((".", "'")):
            heading = re.match(r"[.']S[HS]\s+(.*)", line)
            line = heading[1] if heading else ""
        lines.append(_MARKS.sub("", line).strip('"'))
    return "\n".join(line for line in lines if line.strip())
