"""Small raw corpora on disk, and recipes over them."""

import gzip
import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from corpus.lake import Lake
from tests.corpus.sources.warcs import gzipped, responses

PROSE = (
    "The committee met again in the spring to talk about the state of the roads. It was agreed that the north road "
    "should be mended first, because the carts of the millers had worn it down to the stones beneath. A vote was "
    "taken and recorded with care. Nobody spoke against it, and the clerk wrote that down as well. Then the members "
    "went home through the rain, each by the way that suited them best, and thought about what had been said."
)


def raw(root: Path, n: int = 30) -> Path:
    """A WARC, an HTML tree, a JSONL.gz and a Parquet file, with duplicates and bad records among them."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "site.warc.gz").write_bytes(gzipped(*responses(n)))
    (root / "html").mkdir(exist_ok=True)
    for i in range(n):
        (root / "html" / f"{i:03}.html").write_text(f"<html><body><p>Page {i}. {PROSE}</p></body></html>")
    lines = [json.dumps({"text": f"Number {i % 20}. {PROSE}"}) for i in range(n)] + ["no json", '{"other": 1}']
    (root / "lines.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))
    pq.write_table(
        pa.table({"body": [f"Number {i}. {PROSE}" for i in range(n)]}), root / "rows.parquet", row_group_size=7
    )
    return root


EVERY_STAGE = """
dedup:
  minhash: {threshold: 0.97}
  semantic: {threshold: 0.995}
  paragraphs: {min_words: 5, min_words_left: 5}
  substrings: {words: 30, min_words_left: 5}
decontaminate: {benchmarks: [humaneval], policy: gpt3}
"""
_KEYS = {
    "rejects": ["source", "uri", "position"], "decisions": ["id", "stage"], "duplicates": ["id", "cluster"],
    "cuts": ["id", "stage", "start"], "contamination": ["id", "benchmark", "item"], "verdicts": ["id", "policy"],
    "touched": ["benchmark", "item"], "passages": ["passage", "order", "start"],
    "repeats": ["document", "start", "end", "copies"],
}  # fmt: skip


def contents(lake: Lake) -> dict[str, pl.DataFrame]:
    """Every table, its rows in one order."""
    frames = {name: lake.scan(name).collect() for name in lake.tables()}
    return {name: frame.sort(_KEYS.get(name, frame.columns[:2])) for name, frame in frames.items()}


def recipe(root: Path, lake: Path, extra: str = "") -> Path:
    """A recipe over all four."""
    path = root / "recipe.yaml"
    path.write_text(f"""
lake: {lake}
sources:
  - {{name: site, path: {root}/site.warc.gz}}
  - {{name: pages, path: {root}/html}}
  - {{name: lines, path: {root}/lines.jsonl.gz}}
  - {{name: rows, path: {root}/rows.parquet, text_column: body}}
filter: {{rules: [gopher_quality], limits: {{gopher_quality.min_words: 40}}}}
{extra}
""")
    return path
