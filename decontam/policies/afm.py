"""AFM: drops a document with any 4- to 13-gram of a benchmark, unless the n-gram is in common usage.

An n-gram is in at least as many documents as any longer n-gram that begins with it. So the longest match at each word
decides. The paper's threshold of 1,000 belongs to a crawl of trillions of tokens; by default it is scaled.
"""

import numpy as np
import numpy.typing as npt
from numba import njit

from decontam.index import N_MIN
from decontam.policies import Judged, View, no_cuts

DOC = "any shared 4- to 13-gram that is not in common usage"
SOURCE = "Apple 2024, AFM, section on decontamination (4- to 13-grams, common-usage threshold 1000)"
LIMIT = 1.0
UNIT = "words that begin such an n-gram"
_MOST_UNITS = 16  # places of one n-gram whose units are listed as touched


def judge(view: View) -> Judged:
    """Drops a document with at least one n-gram below the common-usage threshold."""
    value = np.zeros(len(view.offsets) - 1)
    n_touches = _count(view.index, view.matches, view.documents, view.common, value)

    document, unit = np.empty(n_touches, np.int32), np.empty(n_touches, np.int32)
    share = np.empty(n_touches)
    n = _touch(view.index, view.matches, view.documents, view.common, document, unit, share)
    rows = _first_of_each(document[:n], unit[:n])
    return Judged(value, value >= LIMIT, document[rows], unit[rows], share[rows], no_cuts())


@njit(cache=True, nogil=True)
def _rare(index, matches, documents, common, m):
    """Whether the longest n-gram of match m is not common usage."""
    gram = (matches.n[m] - N_MIN) * index.suffixes.size + matches.rows[m, matches.n[m] - N_MIN]
    return documents[gram] < common


@njit(cache=True, nogil=True)
def _count(index, matches, documents, common, value):
    """Counts each document's rare matches in `value`, and returns an upper bound of the number of touches."""
    n_touches = 0
    for m in range(matches.n.size):
        if _rare(index, matches, documents, common, m):
            value[matches.document[m]] += 1
            n_touches += _MOST_UNITS
    return n_touches


@njit(cache=True, nogil=True)
def _touch(index, matches, documents, common, document, unit, share):
    """Fills document, unit and share (T,) with the units at the first places of each rare match, and returns T."""
    t = 0
    for m in range(matches.n.size):
        if not _rare(index, matches, documents, common, m):
            continue
        n = matches.n[m]
        start = row = matches.rows[m, n - N_MIN]
        while row < index.suffixes.size and row - start < _MOST_UNITS and (row == start or index.shared[row] >= n):
            u = index.unit[index.suffixes[row]]
            document[t], unit[t] = matches.document[m], u
            share[t] = n / (index.unit_offsets[u + 1] - index.unit_offsets[u])
            t += 1
            row += 1
    return t


def _first_of_each(document: npt.NDArray[np.int32], unit: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Returns the first row of each pair of a document and a unit."""
    pairs = document.astype(np.int64) << 32 | unit
    return np.unique(pairs, return_index=True)[1]
