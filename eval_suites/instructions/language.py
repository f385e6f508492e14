"""The language of a response (IFEval's group `language`).

The published verifier asks langdetect, which draws at random and may answer differently when asked again. Here the
detector is the one that filters documents (fastText, `filters.signals.language`). Like the published verifier, a
response without anything to detect (no letters, or only addresses) counts as one in the language that is asked for.
"""

import re

import pyarrow as pa

from corpus.text.buffers import string_buffers
from corpus.text.segment import Segmenter
from filters.signals import Batch
from filters.signals import language as detector

# Addresses say nothing about the language of a text. Lengths are bounded, so that no text takes quadratic time.
_ADDRESS = re.compile(r"https?://\S+|(?<![\w.-])[\w.-]{1,64}@[\w.-]{1,255}")


def is_in(response: str, *, language: str) -> bool:
    """Returns whether a response is in a language, given by its ISO 639-1 code."""
    return detected(response) in (language, None)


def detected(text: str) -> str | None:
    """Returns the ISO 639 code of a text's language; None if there is nothing to detect it from."""
    words = _ADDRESS.sub(" ", text).encode(errors="replace").decode()
    array = pa.array([words], pa.large_string())
    offsets, data = string_buffers(array)
    code = str(detector.measure(Batch(array, offsets, data, Segmenter()(offsets, data)))[0][0])
    return None if code == detector.UNKNOWN else code
