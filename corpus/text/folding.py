"""The table from each code point to its normalized form. Deduplication and decontamination share it.

  letters and digits   become case-folded, in compatibility form, without diacritics: É, é and e are e; ﬁ is fi; ² is 2
  joiners              vanish: combining diacritics, Arabic and Hebrew points, soft hyphens, other format characters
  everything else      separates words: white space, punctuation, symbols

Diacritics are kept in scripts where they are separate letters (Devanagari's vowel signs, the marks of kana).

The table is stored as data. `python -m corpus.text.folding` writes it from this Python's `unicodedata`, so every
machine and Python version reads the same table. Source: Unicode 14.0 (Python 3.11), NFKC, case folding,
General_Category.
"""

import unicodedata
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from corpus.text.classes import N_CODE_POINTS

SEPARATOR, VANISHES, SEVERAL = 0, -1, -2  # SEVERAL - k means expansion k
_FILE = "data/folding.npz"
_RANGES = ((0x300, 0x36F), (0x591, 0x5C7), (0x64B, 0x65F), (0x670, 0x670), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF),
           (0x20D0, 0x20FF), (0xFE00, 0xFE0F), (0xFE20, 0xFE2F), (0xE0100, 0xE01EF))  # fmt: skip


class Folding(NamedTuple):
    """The table as arrays for kernels. K expansions have E code points in total."""

    point: npt.NDArray[np.int32]  # (0x110000,) a code point, or SEPARATOR, VANISHES, SEVERAL - k
    expansion: npt.NDArray[np.int32]  # (E,) the code points of all expansions, one expansion after another
    expansion_offsets: npt.NDArray[np.int32]  # (K + 1,) expansion k is expansion[offsets[k]:offsets[k + 1]]


@lru_cache(maxsize=1)
def folding() -> Folding:
    """Returns the table that the project ships."""
    with np.load(str(files("corpus.text") / _FILE), allow_pickle=False) as table:
        shift = np.repeat(table["shift"], table["shift_run"])
        special = np.repeat(table["special"], table["special_run"])
        points = np.where(special > 0, np.arange(N_CODE_POINTS, dtype=np.int32) + shift, special)
        return Folding(points.astype(np.int32), table["expansion"], table["expansion_offsets"])


def fold_character(char: str) -> str:
    """Returns the normalized form of one character, with each separator as a space: the definition in plain Python."""
    if 0xD800 <= ord(char) <= 0xDFFF:
        return " "
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())
    kept = "".join(c for c in decomposed if not _vanishes(c))
    composed = unicodedata.normalize("NFC", kept)
    return "".join(c if unicodedata.category(c)[0] in "LNM" else " " for c in composed)


def _vanishes(char: str) -> bool:
    point = ord(char)
    return unicodedata.category(char) == "Cf" or any(low <= point <= high for low, high in _RANGES)


def _generate() -> dict[str, npt.NDArray[np.int32]]:
    from corpus.text.classes import run_lengths

    shift, special = np.zeros(N_CODE_POINTS, np.int32), np.ones(N_CODE_POINTS, np.int32)
    expansions: list[str] = []

    # One entry per code point; a character with several code points gets an expansion.
    for point in range(N_CODE_POINTS):
        folded = fold_character(chr(point))
        if folded == "":
            special[point] = VANISHES
        elif folded.strip() == "":
            special[point] = SEPARATOR
        elif len(folded) == 1:
            shift[point] = ord(folded) - point
        else:
            special[point] = SEVERAL - len(expansions)
            expansions.append(folded)

    # Runs of equal values keep the file small.
    points = [ord(c) if c != " " else SEPARATOR for text in expansions for c in text]
    offsets = np.cumsum([0, *map(len, expansions)])
    shifts, shift_run = run_lengths(shift)
    specials, special_run = run_lengths(special)
    return {"shift": shifts, "shift_run": shift_run, "special": specials, "special_run": special_run,
            "expansion": np.array(points, np.int32), "expansion_offsets": offsets.astype(np.int32)}  # fmt: skip


if __name__ == "__main__":
    from pathlib import Path

    np.savez_compressed(Path(__file__).parent / _FILE, allow_pickle=False, **_generate())
