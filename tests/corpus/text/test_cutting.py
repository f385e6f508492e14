from itertools import groupby

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.text.buffers import string_buffers
from corpus.text.cutting import Cuts, blanked, characters_before, without

_TEXTS = st.lists(st.text("aé漢😀\n \u00a0\u3000", max_size=12), min_size=1, max_size=5)


def cuts(ranges: list[tuple[int, int, int]]) -> Cuts:
    columns = np.array(sorted(ranges), np.int64).reshape(-1, 3).T
    return Cuts(*columns)


def joined(text: str, gone: list[bool]) -> str:
    """The pieces that stay, with a line end between two of which neither has white space there."""
    pieces = [
        "".join(c for c, _ in run) for cut, run in groupby(zip(text, gone, strict=True), lambda p: p[1]) if not cut
    ]
    result = ""
    for piece in pieces:
        glued = result and not result[-1].isspace() and not piece[0].isspace()
        result += "\n" + piece if glued else piece
    return result


@pytest.mark.parametrize(
    ("before", "cut", "after", "want"),
    [
        ("stewarded by", " a man and", "he", "stewarded by\nhe"),
        ("stewarded by ", "a man and", "he", "stewarded by he"),
        ("stewarded by", "a man and", "\u3000he", "stewarded by\u3000he"),
        ("", "a man", "he", "he"),
        ("by", "a man", "", "by"),
        ("by", "", "he", "byhe"),
        ("ü", "é", "漢", "ü\n漢"),
    ],
)
def test_a_cut_leaves_a_break_where_words_would_grow_together(before: str, cut: str, after: str, want: str) -> None:
    text = pa.array([f"{before}{cut}{after}"], pa.large_string())
    gone = cuts([(0, len(before), len(before) + len(cut))])
    assert without(text, gone).to_pylist() == [want]


@given(_TEXTS, st.data())
def test_cut_characters_go_or_become_line_ends(texts: list[str], data: st.DataObject) -> None:
    ranges = []
    for d, text in enumerate(texts):
        for _ in range(data.draw(st.integers(0, 3))):
            start = data.draw(st.integers(0, len(text)))
            ranges.append((d, start, data.draw(st.integers(start, len(text)))))
    gone = {(d, i) for d, a, b in ranges for i in range(a, b)}
    array = pa.array(["before", *texts], pa.large_string())[1:]  # a slice
    want = [joined(t, [(d, i) in gone for i in range(len(t))]) for d, t in enumerate(texts)]
    assert without(array, cuts(ranges)).to_pylist() == want
    want = ["".join("\n" if (d, i) in gone else c for i, c in enumerate(t)) for d, t in enumerate(texts)]
    assert blanked(array, cuts(ranges)).to_pylist() == want


@given(_TEXTS)
def test_characters_before_each_byte(texts: list[str]) -> None:
    offsets, data = string_buffers(pa.array(texts, pa.large_string()))
    found, whole = characters_before(offsets, data), "".join(texts)
    assert len(found) == len(whole.encode()) + 1
    at = 0
    for i, char in enumerate(whole):
        assert found[at] == i
        at += len(char.encode())
    assert found[at] == len(whole)
