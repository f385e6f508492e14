"""Real web pages for the benchmarks: a Parquet file with `html` and, for scoring, the phrases `with` and `without`."""

from functools import lru_cache
from pathlib import Path

import polars as pl
import pyarrow as pa

from corpus.errors import UserError

READABILITY = Path(__file__).resolve().parents[2] / "shared/data/web_pages/readability_pages.parquet"
DEFAULT = Path(__file__).resolve().parents[2] / "shared/data/web_pages/trafilatura_eval_pages.parquet"


def load(path: Path | None) -> pl.DataFrame:
    """The pages; raises `UserError` where there are none."""
    chosen = path or DEFAULT
    if not chosen.exists():
        raise UserError(
            f"no pages at {chosen}; give a Parquet file with the columns html (bytes), with and without (lists of "
            "phrases to keep and to drop), as trafilatura's evaluation has them: --pages FILE"
        )
    return pl.read_parquet(chosen)


@lru_cache(maxsize=1)
def _texts(path: Path | None) -> pa.Array:
    from resiliparse.extract.html2text import extract_plain_text

    from corpus.text.decoding import decode

    decoded = (decode(page, None, html=True) for page in load(path)["html"])
    texts = [extract_plain_text(d.text, main_content=True) for d in decoded if d]
    return pa.array([text for text in texts if text.strip()], pa.large_string())


def texts(path: Path | None) -> pa.Array:
    """Text of every page by resiliparse, the same for both sides: large_string (D,)."""
    return _texts(path)
