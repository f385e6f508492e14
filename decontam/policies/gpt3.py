"""GPT-3: cuts 13-grams out with 200 characters on each side, and drops a document that falls into more than ten pieces.

A 13-gram that more than ten documents hold without the item is common usage and is not cut. Pieces of fewer than 200
characters are cut out, too.
"""

import numpy as np
from numba import njit

from decontam.index import N_MIN
from decontam.policies import Judged, View

DOC = "cuts shared 13-grams with 200 characters on each side; drops documents of more than ten pieces, or of none (0)"
SOURCE = "Brown et al. 2020, GPT-3, appendix C"
LIMIT = 11.0
UNIT = "pieces"
NGRAM = 13
MARGIN = 200  # characters
SHORTEST_PIECE = 200  # characters
MOST_DOCUMENTS = 10  # an n-gram that more documents hold without its item is common usage


def judge(view: View) -> Judged:
    """Cuts documents, and drops a document of which more than ten pieces or no piece would be left."""
    n_documents = len(view.offsets) - 1
    n_matches = len(view.matches.n)
    value = np.ones(n_documents)
    left = np.ones(n_documents, np.bool_)
    cuts = np.empty((2 * n_matches + 2 * n_documents, 3), np.int64)
    document, unit = np.empty(n_matches, np.int32), np.empty(n_matches, np.int32)
    share = np.empty(n_matches)

    sizes = _cut(view.offsets, view.data, view.words, view.matches, view.index, view.documents, value, left, cuts,
                 document, unit, share)  # fmt: skip
    n_cuts, n_touches = sizes
    dropped = (value >= LIMIT) | ~left
    return Judged(value, dropped, document[:n_touches], unit[:n_touches], share[:n_touches], cuts[:n_cuts])


@njit(cache=True, nogil=True)
def _cut(offsets, data, words, matches, index, documents, value, left, cuts, document, unit, share):
    """Fills value and left (D,), cuts (C, 3), and document, unit and share (T,); returns (C, T).

    One pass over each document's matches and, next to it, over its bytes: `byte` and `character` are the same place,
    and advance only as far as a match needs. The current cut, characters `start` to `end`, grows as long as the margin
    of the next match reaches it. At the document's end, `_join` joins cuts with too short a piece between them.
    """
    n_words, k = index.suffixes.size, NGRAM - N_MIN
    c = t = 0
    for d in range(offsets.size - 1):
        first_cut, byte, character = c, offsets[d], 0
        start = end = -1  # characters of the cut that grows
        for m in range(matches.offsets[d], matches.offsets[d + 1]):
            if matches.n[m] < NGRAM or documents[k * n_words + matches.rows[m, k]] > MOST_DOCUMENTS:
                continue
            document[t], unit[t] = d, index.unit[index.suffixes[matches.rows[m, k]]]
            share[t] = NGRAM / (index.unit_offsets[unit[t] + 1] - index.unit_offsets[unit[t]])
            t += 1

            # The match in characters, with its margins.
            while byte < words.start[matches.word[m]]:
                character += (data[byte] & 0xC0) != 0x80
                byte += 1
            low, high = character, character
            # `byte` stays at the match's start, because the next match may overlap this one.
            for b in range(byte, words.end[matches.word[m] + NGRAM - 1]):
                high += (data[b] & 0xC0) != 0x80
            low, high = max(low - MARGIN, 0), high + MARGIN

            # Extend the current cut, or write it and begin the next.
            if start >= 0 and low <= end:
                end = high
                continue
            if start >= 0:
                cuts[c, 0], cuts[c, 1], cuts[c, 2] = d, start, end
                c += 1
            start, end = low, high

        # Write the last cut, which must not reach over the document's end.
        if start < 0:
            continue
        length = character
        for b in range(byte, offsets[d + 1]):
            length += (data[b] & 0xC0) != 0x80
        cuts[c, 0], cuts[c, 1], cuts[c, 2] = d, start, min(end, length)
        c += 1
        c, value[d] = _join(cuts, first_cut, c, length)
        left[d] = value[d] > 0
    return c, t


@njit(cache=True, nogil=True)
def _join(cuts, first, end, length):
    """Joins cuts first to end of one document whose distance is less than a piece, in place.

    Returns (end of the joined cuts, number of pieces that are left). `length` is the document's number of characters.
    """
    last, pieces = first, 0
    if cuts[first, 1] < SHORTEST_PIECE:
        cuts[first, 1] = 0
    else:
        pieces += 1

    for c in range(first + 1, end):
        if cuts[c, 1] - cuts[last, 2] < SHORTEST_PIECE:
            cuts[last, 2] = cuts[c, 2]
        else:
            last += 1
            cuts[last] = cuts[c]
            pieces += 1

    if length - cuts[last, 2] < SHORTEST_PIECE:
        cuts[last, 2] = length
    else:
        pieces += 1
    return last + 1, pieces
