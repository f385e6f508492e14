"""Measures the vocabulary of a document: distinct words, their entropy, stop words, words with a letter."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numba import njit

from corpus.text.segment import Segments
from corpus.text.words import HAS_ALPHA, hash_chars
from filters.signals import Batch, Signal

_GOPHER = "Gopher, Rae et al. 2021, arXiv:2112.11446, A.1.1"
STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")

SIGNALS = (
    Signal("n_stop_words", pa.int64(), f"How many of these words are in the text: {', '.join(STOP_WORDS)}", _GOPHER),
    Signal("alpha_word_fraction", pa.float64(), "Share of words with a letter, in [0, 1]; 0 without words", _GOPHER),
    Signal("n_distinct_words", pa.int64(), "Different words, case kept"),
    Signal("distinct_word_fraction", pa.float64(), "Different words over words, in [0, 1]; 0 without words"),
    Signal("word_entropy", pa.float64(), "Entropy of the word frequencies, in bits per word; 0 without words"),
)


@lru_cache(maxsize=1)
def _stop_hashes() -> npt.NDArray[np.uint64]:
    points = [np.array([ord(char) for char in word], np.int32) for word in STOP_WORDS]
    return np.array([hash_chars(word, 0, len(word)) for word in points], np.uint64)


@njit(cache=True, nogil=True)
def _measure(s: Segments, stops: npt.NDArray[np.uint64], out: npt.NDArray[np.float64]) -> None:
    """Fills out (5, D). `stops` are the hashes of the stop words.

    For each document: count its words in an open hash table, whose arrays are `keys` (word hashes) and `counts`. Then
    look the stop words up in it. Then compute the entropy from the counts, and empty the slots that were used; `used`
    lists them.
    """
    size = 1024
    keys, counts = np.zeros(size, np.uint64), np.zeros(size, np.int32)
    used = np.empty(size, np.int32)

    for d in range(s.n_bytes.size):
        # The table stays at least half empty.
        first, last = s.word_offsets[d], s.word_offsets[d + 1]
        n_words = last - first
        if 2 * n_words > size:
            while 2 * n_words > size:
                size *= 2
            keys, counts, used = np.zeros(size, np.uint64), np.zeros(size, np.int32), np.empty(size, np.int32)

        distinct, alpha, mask = 0, 0, np.uint64(size - 1)
        for w in range(first, last):
            alpha += s.word_flags[w] & HAS_ALPHA != 0
            key = s.word_hash[w]
            slot = np.int64(key & mask)
            # Search from the key's slot for the key or a free slot.
            while counts[slot] and keys[slot] != key:
                slot = (slot + 1) & (size - 1)
            if counts[slot] == 0:
                keys[slot] = key
                used[distinct] = slot
                distinct += 1
            counts[slot] += 1

        stop_words = 0
        for stop in stops:
            slot = np.int64(stop & mask)
            # The same search.
            while counts[slot] and keys[slot] != stop:
                slot = (slot + 1) & (size - 1)
            stop_words += counts[slot] > 0

        # The entropy of counts c over n words is log2(n) - sum(c * log2(c)) / n.
        weighted = 0.0
        for k in range(distinct):
            count = counts[used[k]]
            if count > 1:
                weighted += count * np.log2(count)
            counts[used[k]] = 0

        out[0, d], out[1, d], out[2, d] = stop_words, alpha / max(n_words, 1), distinct
        out[3, d] = distinct / max(n_words, 1)
        out[4, d] = max(np.log2(n_words) - weighted / n_words, 0.0) if n_words else 0.0


def measure(batch: Batch) -> list[npt.NDArray[np.float64]]:
    """Returns one float64 (D,) per signal."""
    out = np.empty((len(SIGNALS), len(batch.offsets) - 1))
    _measure(batch.segments, _stop_hashes(), out)
    return list(out)
