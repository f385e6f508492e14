"""Documents that leak benchmark items in known ways, and documents that only look as if they did."""

import random
import re
from collections.abc import Callable, Sequence
from importlib.metadata import distributions
from pathlib import Path

import polars as pl
import pyarrow as pa

from corpus.errors import UserError
from decontam.benchmarks import Benchmark, Item, load

DATA = Path(__file__).resolve().parents[2] / "shared/data/benchmarks"
_FILES = ("gsm8k=gsm8k_test_first660.parquet", "mmlu=mmlu_50_subjects.parquet", "ifeval=ifeval_first270.jsonl",
          "mt_bench=mt_bench_questions.jsonl")  # fmt: skip
_NEGATIVES = Path(__file__).with_name("data") / "hard_negatives.txt"
_MOST_ITEMS = 800  # planted of one benchmark
_MARGIN, _LONG = 600, 5000  # characters of other text to each side
_LICENSES = 200
_TEXT_SUFFIXES = ("", ".txt", ".md", ".rst")

Leak = Callable[[str, random.Random, Sequence[str]], str]


def benchmarks() -> list[Benchmark]:
    """GSM8K, MMLU, IFEval and MT-bench from files, HumanEval from its package."""
    found = []
    for spec in _FILES:
        name, _, file = spec.partition("=")
        if not (DATA / file).exists():
            raise UserError(f"no benchmark {file} in {DATA}")
        found.append(load(f"{name}={DATA / file}"))
    return [*found, load("humaneval")]


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


def planted(protected: Sequence[Benchmark], pages: pa.Array, seed: int = 0) -> dict[str, list[str]]:
    """For each kind, one document an item: the item's texts, changed, inside other text."""
    draw = random.Random(seed)
    items = [item for benchmark in protected for item in _some(benchmark.items, draw)]
    others = [page for page in pages.to_pylist() if len(page) > 2 * _LONG]
    words = others[0].split()
    found: dict[str, list[str]] = {}
    for kind, change in KINDS.items():
        margin = _LONG if kind == "in a long text" else _MARGIN
        found[kind] = []
        for item in items:
            page = draw.choice(others)
            at = draw.randrange(len(page) - 2 * margin + 1)
            text = change(" ".join(filter(None, (item.question, item.choices, item.answer))), draw, words)
            before, after = page[at : at + margin], page[at + margin : at + 2 * margin]
            found[kind].append(f"{before}\n{text}\n{after}")
    return found


def _some(items: Sequence[Item], draw: random.Random) -> list[Item]:
    """Items of eight words or more: shorter ones say too little for any policy but afm."""
    long = [i for i in items if len(f"{i.question} {i.choices} {i.answer}".split()) >= 8]
    return draw.sample(long, min(_MOST_ITEMS, len(long)))


def hard_negatives(pages: pa.Array, seed: int = 0) -> dict[str, list[str]]:
    """For each kind, documents without a leak: alone, and inside other text."""
    found: dict[str, list[str]] = {}
    for block in _NEGATIVES.read_text(encoding="utf-8").split("\n\n"):
        lines = [line for line in block.splitlines() if not line.startswith("# ")]
        if lines and lines[0].startswith("= "):
            kind = lines.pop(0).removeprefix("= ")
        if lines:
            found.setdefault(kind, []).append("\n".join(lines))
    found["license"] = licenses()
    found["other exam"] = other_exam()
    draw = random.Random(seed)
    others = [page for page in pages.to_pylist() if len(page) > 2 * _MARGIN]
    for kind, texts in found.items():
        if kind == "other exam":
            continue
        inside = [f"{page[:_MARGIN]}\n{text}\n{page[-_MARGIN:]}" for text in texts for page in draw.sample(others, 1)]
        found[kind] = [*texts, *inside]
    return found


def other_exam() -> list[str]:
    """GSM8K's training questions with their answers: of the same kind as those protected, and others."""
    rows = pl.read_parquet(DATA / "gsm8k_train.parquet")
    return [f"{question} {answer}" for question, answer in rows.select("question", "answer").iter_rows()]


def python_texts() -> list[str]:
    """What this Python holds: its library, its documentation, its packages' READMEs."""
    from corpus.sources.python import find

    files = [file for part in ("docs", "readmes", "library") for file in find(part)]
    found = []
    for file in files:
        with file.open() as stream:
            found.append(stream.read().decode("utf-8", "replace"))
    return found


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
