import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.errors import UserError
from corpus.text.cleaning import clean
from tests.corpus.text.reference import is_digit
from tests.corpus.text.strategies import texts

POLICY = ("terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies")


def ascii_lower(text: str) -> str:
    return "".join(c.lower() if c.isascii() else c for c in text)


def without_citations(line: str) -> str:
    while line.endswith("]"):
        start = line.rfind("[")
        inside = line[start + 1 : -1]
        if start < 0 or not (all(map(is_digit, inside)) or ascii_lower(inside) in ("edit", "citation needed")):
            break
        line = line[:start]
    return line


def c4(text: str) -> str:
    kept = []
    for raw in text.split("\n"):
        line = raw.strip()
        words, low = line.split(), ascii_lower(line)
        if any(len(word) > 1000 for word in words):
            continue
        line = without_citations(line)
        if not line.endswith((".", "?", "!", '"', "'")) or line.endswith("...") or len(words) < 3:
            continue
        if "javascript" in low or any(phrase in low for phrase in POLICY):
            continue
        kept.append(line)
    return "\n".join(kept)


@settings(max_examples=300, deadline=None)
@given(st.lists(texts, max_size=3))
def test_c4_lines_agree_with_plain_python(documents: list[str]) -> None:
    assert clean(pa.array(documents, pa.large_string()), ("c4_lines",)).to_pylist() == [c4(t) for t in documents]


def test_no_steps_change_nothing_and_unknown_ones_are_named() -> None:
    array = pa.array(["a"], pa.large_string())
    assert clean(array, ()).equals(array)
    with pytest.raises(UserError, match=r"unknown cleaning step 'c4_line'; did you mean 'c4_lines'"):
        clean(array, ("c4_line",))
