"""Documents that leak benchmark items in known ways, and documents that only look as if they did."""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path
from urllib.parse import quote, quote_plus

import polars as pl
import pyarrow as pa

from corpus.errors import UserError
from decontam.benchmarks import Benchmark, Item, load

DATA = Path(__file__).resolve().parents[2] / "shared/data/benchmarks"
_FILES = ("gsm8k=gsm8k_test_first660.parquet", "mmlu=mmlu_50_subjects.parquet", "ifeval=ifeval_first270.jsonl",
          "mt_bench=mt_bench_questions.jsonl")  # fmt: skip
_NEGATIVES = Path(__file__).with_name("data") / "hard_negatives.txt"
_MOST_ITEMS = 800  # planted of one benchmark
_DISGUISED_ITEMS = 100  # of one benchmark
_MARGIN, _LONG = 600, 5000  # characters of other text to each side
_LICENSES = 200
_TEXT_SUFFIXES = ("", ".txt", ".md", ".rst")

Leak = Callable[[str, random.Random, Sequence[str]], str]


def benchmarks() -> list[Benchmark]:
    """GSM8K, MMLU, IFEval and MT-bench from files, HumanEval from its package."""
    return [load(spec) for spec in specs()]


def specs() -> list[str]:
    """The same as `pomona decontam --benchmark` takes them."""
    found = []
    for spec in _FILES:
        name, _, file = spec.partition("=")
        if not (DATA / file).exists():
            raise UserError(f"no benchmark {file} in {DATA}")
        found.append(f"{name}={DATA / file}")
    return [*found, "humaneval"]


def _replaced(share: float) -> Leak:
    def change(text: str, draw: random.Random, words: Sequence[str]) -> str:
        return " ".join(draw.choice(words) if draw.random() < share else word for word in text.split(" "))

    return change


KINDS: dict[str, Leak] = {
    "verbatim": lambda text, draw, words: text,
    "other case": lambda text, draw, words: text.upper(),
    "other marks": lambda text, draw, words: re.sub(r"[^\w\s]", lambda _: draw.choice("!?;:-/*~"), text).replace(
        " ", " -- "
    ),
    "no marks": lambda text, draw, words: re.sub(r"[^\w\s]", "", text),
    "in a long text": lambda text, draw, words: text,
    "1 word in 20 replaced": _replaced(0.05),
    "1 word in 10 replaced": _replaced(0.1),
    "1 word in 4 replaced": _replaced(0.25),
}


def _of_words(change: Callable[[str], str], share: float = 0.3) -> Leak:
    def disguise(text: str, draw: random.Random, words: Sequence[str]) -> str:
        return re.sub("[A-Za-z]+", lambda word: change(word[0]) if draw.random() < share else word[0], text)

    return disguise


_CYRILLIC = str.maketrans("aceopxyijsABCEHKMOPTXS", "асеорхуіјѕАВСЕНКМОРТХЅ")
_GREEK = str.maketrans("oavipxyuABEZHIKMNOPTYX", "οανιρχγυΑΒΕΖΗΙΚΜΝΟΡΤΥΧ")
DISGUISES: dict[str, Leak] = {
    "&nbsp; for blanks": lambda text, draw, words: text.replace(" ", "&nbsp;"),
    "&amp;nbsp; for blanks": lambda text, draw, words: text.replace(" ", "&amp;nbsp;"),
    "e as &#101;": lambda text, draw, words: text.replace("e", "&#101;"),
    "e as &#x65;": lambda text, draw, words: text.replace("e", "&#x65;"),
    "%20 for blanks": lambda text, draw, words: text.replace(" ", "%20"),
    "quoted for a URL": lambda text, draw, words: quote(text),
    "quoted for a form": lambda text, draw, words: quote_plus(text),
    "+ for blanks": lambda text, draw, words: text.replace(" ", "+"),
    "<b> around 3 words in 10": _of_words(lambda word: f"<b>{word}</b>"),
    "<a href> around 3 words in 10": _of_words(lambda word: f'<a href="https://e.org/{word}">{word}</a>'),
    "<b> around 3 initials in 10": _of_words(lambda word: f"<b>{word[0]}</b>{word[1:]}"),
    "<br> for blanks": lambda text, draw, words: text.replace(" ", "<br>"),
    "\\textbf around 3 words in 10": _of_words(lambda word: f"\\textbf{{{word}}}"),
    "[b] around 3 words in 10": _of_words(lambda word: f"[b]{word}[/b]"),
    "Markdown links on 3 words in 10": _of_words(lambda word: f"[{word}](https://e.org/a)"),
    "Cyrillic look-alikes": lambda text, draw, words: text.translate(_CYRILLIC),
    "Greek look-alikes": lambda text, draw, words: text.translate(_GREEK),
    "U+200B for blanks": lambda text, draw, words: text.replace(" ", "\u200b"),
    "U+200B for half of the blanks": lambda text, draw, words: re.sub(
        " ", lambda blank: "\u200b" if draw.random() < 0.5 else blank[0], text
    ),
    "U+200B inside 3 words in 10": _of_words("\u200b".join),
    "full width": lambda text, draw, words: re.sub("[!-~]", lambda char: chr(ord(char[0]) + 0xFEE0), text),
}


def disguised(protected: Sequence[Benchmark], pages: pa.Array, seed: int = 0) -> dict[str, list[str]]:
    """For each disguise, one document an item: some hundred items inside other text."""
    return planted(protected, pages, seed, DISGUISES, _DISGUISED_ITEMS)


def planted(
    protected: Sequence[Benchmark],
    pages: pa.Array,
    seed: int = 0,
    kinds: Mapping[str, Leak] = KINDS,
    most_items: int = _MOST_ITEMS,
) -> dict[str, list[str]]:
    """For each kind, one document an item: the item's texts, changed, inside other text."""
    draw = random.Random(seed)
    items = [item for benchmark in protected for item in _some(benchmark.items, draw, most_items)]
    others = [page for page in pages.to_pylist() if len(page) > 2 * _LONG]
    words = others[0].split()
    documents: dict[str, list[str]] = {}
    for kind, change in kinds.items():
        margin = _LONG if kind == "in a long text" else _MARGIN
        documents[kind] = []
        for item in items:
            page = draw.choice(others)
            at = draw.randrange(len(page) - 2 * margin + 1)
            text = change(" ".join(filter(None, (item.question, item.choices, item.answer))), draw, words)
            before, after = page[at : at + margin], page[at + margin : at + 2 * margin]
            documents[kind].append(f"{before}\n{text}\n{after}")
    return documents


def _some(items: Sequence[Item], draw: random.Random, most: int) -> list[Item]:
    """Items of eight words or more: shorter ones say too little for any policy but afm."""
    long = [i for i in items if len(f"{i.question} {i.choices} {i.answer}".split()) >= 8]
    return draw.sample(long, min(most, len(long)))


def hard_negatives(pages: pa.Array, seed: int = 0) -> dict[str, list[str]]:
    """For each kind, documents without a leak: alone, and inside other text."""
    documents: dict[str, list[str]] = {}
    for block in _NEGATIVES.read_text(encoding="utf-8").split("\n\n"):
        lines = [line for line in block.splitlines() if not line.startswith("# ")]
        if lines and lines[0].startswith("= "):
            kind = lines.pop(0).removeprefix("= ")
        if lines:
            documents.setdefault(kind, []).append("\n".join(lines))
    documents["license"] = licenses()
    documents["other exam"] = other_exam()
    draw = random.Random(seed)
    others = [page for page in pages.to_pylist() if len(page) > 2 * _MARGIN]
    for kind, texts in documents.items():
        if kind == "other exam":
            continue
        inside = [f"{page[:_MARGIN]}\n{text}\n{page[-_MARGIN:]}" for text in texts for page in draw.sample(others, 1)]
        documents[kind] = [*texts, *inside]
    return documents


def other_exam() -> list[str]:
    """GSM8K's training questions with their answers: of the same kind as those protected, and others."""
    rows = pl.read_parquet(DATA / "gsm8k_train.parquet")
    return [f"{question} {answer}" for question, answer in rows.select("question", "answer").iter_rows()]


def python_texts() -> list[str]:
    """What this Python holds: its library, its documentation, its packages' READMEs."""
    from corpus.sources.python import find

    files = [file for part in ("docs", "readmes", "library") for file in find(part)]
    documents = []
    for file in files:
        with file.open() as stream:
            documents.append(stream.read().decode("utf-8", "replace"))
    return documents


def licenses() -> list[str]:
    """License texts of the packages installed, each once."""
    texts: dict[str, None] = {}
    for distribution in sorted(distributions(), key=lambda d: d.metadata["Name"] or ""):
        for file in distribution.files or ():
            path = Path(str(file.locate()))
            named = re.search(r"licen[cs]e|copying", path.name, re.IGNORECASE) and path.suffix in _TEXT_SUFFIXES
            if named and path.is_file() and 500 < path.stat().st_size < 100_000:
                texts[path.read_text(encoding="utf-8", errors="replace")] = None
    return list(texts)[:_LICENSES]
