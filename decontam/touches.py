"""Writes the rows of `contamination`: the items that documents touch, each with the longest n-gram that they share."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

from corpus.schema import CONTAMINATION
from corpus.text.buffers import string_array
from corpus.text.cutting import characters_before
from decontam.coverage import MOST_PLACES
from decontam.index import N_MIN, Index, letters_of
from decontam.policies import Judged, View

_LEVELS = np.array([13, 11, 10, 8, 6], np.int64)  # lengths of the n-grams by which policies touch units
_LEAST_WORDS, _LEAST_SHARE = 8, 0.25  # a touch with fewer words in a row and a smaller share is chance


def item_names(index: Index) -> tuple[pa.Array, pa.Array]:
    """Returns (benchmark, id) of every item, as two columns."""
    return pa.array([name for name, _ in index.items]), pa.array([id_ for _, id_ in index.items])


def touches(
    batch: pa.RecordBatch, view: View, index: Index, names: tuple[pa.Array, pa.Array], judged: Sequence[Judged]
) -> pa.RecordBatch:
    """Returns one row per document and item that some policy lists together.

    If the document touches several units of the item, the row describes the one with the greatest share. `names` are
    the columns of `item_names`.
    """
    document = np.concatenate([j.document for j in judged]).astype(np.int64)
    unit = np.concatenate([j.unit for j in judged]).astype(np.int64)
    share = np.concatenate([j.share for j in judged])

    # Keep one row per document and item: its unit with the greatest share.
    item = view.index.unit_item[unit].astype(np.int64)
    order = np.lexsort((unit, -share, item, document))
    document, unit, share, item = document[order], unit[order], share[order], item[order]
    first = np.r_[True, (document[1:] != document[:-1]) | (item[1:] != item[:-1])] if len(order) else np.zeros(0, bool)
    document, unit, share, item = document[first], unit[first], share[first], item[first]

    # Find the longest shared n-gram of each touch, and drop touches that are chance.
    match, n = np.full(len(unit), -1, np.int64), np.zeros(len(unit), np.int64)
    _longest(view.index, view.matches, document, unit, _LEVELS, match, n)
    least = np.where(view.index.unspaced[unit], letters_of(_LEAST_WORDS), _LEAST_WORDS)
    matters = (match >= 0) & ((n >= least) | (share >= _LEAST_SHARE))
    document, share, item, match, n = document[matters], share[matters], item[matters], match[matters], n[matters]

    # Where the n-gram is in the text: bytes, and characters counted from the document's start.
    word = view.matches.word[match]
    start, end = view.words.start[word], view.words.end[word + n - 1]
    characters = characters_before(view.offsets, view.data)
    base = characters[view.offsets[document] - view.offsets[0]]
    gram = (n - N_MIN) * index.n_words + view.matches.rows[match, n - N_MIN]

    columns = [
        batch["id"].take(pa.array(document)).cast(pa.string()),
        batch["source"].take(pa.array(document)).cast(pa.string()),
        pc.take(names[0], pa.array(item)),
        pc.take(names[1], pa.array(item)),
        _slices(view, start, end).cast(pa.string()),
        pa.array(n),
        pa.array(view.documents[gram].astype(np.int64)),
        pa.array(characters[start - view.offsets[0]] - base),
        pa.array(characters[end - view.offsets[0]] - base),
        pa.array(share),
    ]
    return pa.record_batch(columns, schema=CONTAMINATION.schema)


def _slices(view: View, start: npt.NDArray[np.int64], end: npt.NDArray[np.int64]) -> pa.Array:
    """Returns the texts data[start[i]:end[i]] of the batch."""
    offsets = np.concatenate([[0], np.cumsum(end - start)]).astype(np.int64)
    data = np.empty(offsets[-1], np.uint8)
    _copy(view.data, start, end, offsets, data)
    return string_array(offsets, data)


@njit(cache=True, nogil=True)
def _copy(source, start, end, offsets, data):
    for i in range(start.size):
        data[offsets[i] : offsets[i + 1]] = source[start[i] : end[i]]


@njit(cache=True, nogil=True)
def _longest(index, matches, document, unit, levels, match, n):
    """Fills `match` and `n` with each touch's longest match with its unit, and the words of that match.

    Touches t are sorted by document. For each document, one pass over its matches m. A match counts at all places of
    its n-gram in the benchmarks: `place` leads from a unit there to the document's touch of that unit, or has -1. The
    places are read for the longest n-gram of the match and for the lengths of `levels`, by which policies touch.
    """
    place = np.full(index.unit_item.size, -1, np.int64)

    first = 0
    while first < document.size:
        end = first
        while end < document.size and document[end] == document[first]:
            place[unit[end]] = end
            end += 1

        for m in range(matches.offsets[document[first]], matches.offsets[document[first] + 1]):
            longest = np.int64(matches.n[m])
            # The longest n-gram first (level -1), then the shorter ones of `levels`.
            for level in range(-1, levels.size):
                words = longest if level < 0 else levels[level]
                if words > longest or (level >= 0 and words == longest):
                    continue

                # Each place of the n-gram in the benchmarks.
                start = row = np.int64(matches.rows[m, words - N_MIN])
                while (
                    row < index.suffixes.size and row - start < MOST_PLACES
                    and (row == start or index.shared[row] >= words)
                ):  # fmt: skip
                    t = place[index.unit[index.suffixes[row]]]
                    if t >= 0 and words > n[t]:
                        match[t], n[t] = m, words
                    row += 1

        # Clear only the entries of this document.
        for t in range(first, end):
            place[unit[t]] = -1
        first = end
