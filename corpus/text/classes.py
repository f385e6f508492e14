"""The kinds of characters: one byte of flags for each of Unicode's 1,114,112 code points.

The flags and the simple lower-case map are stored as data, in runs of equal values. `python -m corpus.text.classes`
writes them from this Python's `unicodedata`. So every machine and Python version reads the same table.

Source: Unicode 14.0 (Python 3.11), General_Category and simple case mapping; Sentence_Terminal as the `regex`
library has it.
"""

from functools import lru_cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

ALPHA, DIGIT, SPACE, PUNCT, SYMBOL, UPPER, LOWER, TERMINAL = (1 << bit for bit in range(8))
N_CODE_POINTS = 0x110000
_FILE = "data/classes.npz"


@lru_cache(maxsize=1)
def flags() -> npt.NDArray[np.uint8]:
    """Returns uint8 (0x110000,): ALPHA | DIGIT | SPACE | PUNCT | SYMBOL | UPPER | LOWER | TERMINAL per code point.

    ALPHA is categories L*, DIGIT is Nd, SPACE is `str.isspace`, PUNCT is P*, SYMBOL is S* and C*.
    """
    with np.load(str(files("corpus.text") / _FILE), allow_pickle=False) as table:
        return np.repeat(table["flags"], table["flags_run"])


@lru_cache(maxsize=1)
def lower() -> npt.NDArray[np.int32]:
    """Returns int32 (0x110000,): each code point's lower-case one, or itself if lower case takes several."""
    with np.load(str(files("corpus.text") / _FILE), allow_pickle=False) as table:
        shift = np.repeat(table["shift"], table["shift_run"])
    return np.arange(N_CODE_POINTS, dtype=np.int32) + shift


def _generate() -> dict[str, npt.NDArray[np.int32]]:
    import unicodedata

    import regex

    terminal = regex.compile(r"\p{Sentence_Terminal}")
    kinds, shifts = np.zeros(N_CODE_POINTS, np.int32), np.zeros(N_CODE_POINTS, np.int32)

    for point in range(N_CODE_POINTS):
        char = chr(point)
        category = unicodedata.category(char)
        kinds[point] = (
            ALPHA * (category[0] == "L")
            | DIGIT * (category == "Nd")
            | SPACE * char.isspace()
            | PUNCT * (category[0] == "P")
            | SYMBOL * (category[0] in "SC" and not char.isspace())
            | UPPER * (category in ("Lu", "Lt"))
            | LOWER * (category == "Ll")
            | TERMINAL * bool(terminal.match(char))
        )

        lowered = char.lower()
        shifts[point] = ord(lowered) - point if len(lowered) == 1 else 0

    flags_, flags_run = run_lengths(kinds)
    shift, shift_run = run_lengths(shifts)
    return {"flags": flags_.astype(np.uint8), "flags_run": flags_run, "shift": shift, "shift_run": shift_run}


def run_lengths(values: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """(values, lengths) of runs of equal values."""
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    return values[starts], np.diff(np.r_[starts, len(values)]).astype(np.int32)


if __name__ == "__main__":
    from pathlib import Path

    np.savez_compressed(Path(__file__).parent / _FILE, allow_pickle=False, **_generate())
