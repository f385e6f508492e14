"""Words in capitals, beside those of nltk's own tokenizer, which needs no data for a single sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_suites.instructions import capitals, sentences


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("NASA", 1),
        ("Nasa nASA", 0),
        ("I'm A fan", 2),
        ("DON'T", 2),
        ("DON’T", 2),
        ("IT'S. It's.", 2),
        ("CANNOT", 2),
        ("'TIS", 1),
        ("WELL-KNOWN AND/OR A_B", 3),
        ("U.S.A. X.Y", 2),
        ("A,B C:D 1,000 B,2", 5),
        ("\"QUOTED\" 'SINGLE' (OK) **BOLD**", 4),
        ("A--B C...D E—F", 6),
        ("50K $X #TAG C++", 4),
        ("ÉTÉ Я 漢字", 2),
        ("123 !!!", 0),
        ("", 0),
    ],
)
def test_words_are_cut_as_in_the_penn_treebank(text: str, count: int) -> None:
    assert capitals.count(text) == count


PIECES = ["DON'T", "IT'S", "I'M", "WE'LL", "They'VE", "CANNOT", "Gimme", "WANNA", "D'YE", "MORE'N", "A", "b", "U.S.", "X,Y", "X:1", "O'N", "''", "``",
          '"', "'", "’", "“", ".", "..", "...", "!", "?", ",", ":", ";", "--", "-", "—", "*", "(", ")", "[", "]", "<", ">", "&", "@", "%", "/", "_", "1", "É", "N'T", "'s", "'D"]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(["", " ", "\n"])), max_size=10))
def test_counts_are_those_of_nltk_on_the_same_sentences(pieces: list[tuple[str, str]]) -> None:
    destructive = pytest.importorskip("nltk.tokenize.destructive")
    text = "".join(piece + blank for piece, blank in pieces)
    tokenizer = destructive.NLTKWordTokenizer()
    tokens = [token for sentence in sentences.split(text) for token in tokenizer.tokenize(sentence)]
    assert capitals.count(text) == sum(token.isupper() for token in tokens), tokens
