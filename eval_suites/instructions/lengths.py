"""How many words, sentences and paragraphs a response has (IFEval's group `length_constraints`)."""

import re

from eval_suites.instructions import sentences
from eval_suites.instructions.comparing import holds

_PARAGRAPH_MARK = "***"
_ENDS_WORD = frozenset(".,?!'\"")  # what a paragraph's first word is cut at


def has_words(response: str, *, num_words: int, relation: str) -> bool:
    """Returns whether a response has enough words, or few enough. A word is a run of letters, digits and underscores,
    so "don't" counts as two."""
    return holds(sum(1 for _ in re.finditer(r"\w+", response)), relation, num_words)


def has_sentences(response: str, *, num_sentences: int, relation: str) -> bool:
    """Returns whether a response has enough sentences, or few enough."""
    return holds(len(sentences.split(response)), relation, num_sentences)


def has_paragraphs(response: str, *, num_paragraphs: int) -> bool:
    """Returns whether a response has exactly some paragraphs between marks of three asterisks.

    A mark may open and close the response. A blank paragraph in the middle is a mistake, whatever the number.
    """
    pieces = [piece.strip() for piece in response.split(_PARAGRAPH_MARK)]
    return all(pieces[1:-1]) and sum(map(bool, pieces)) == num_paragraphs


def opens_paragraph(response: str, *, num_paragraphs: int, nth_paragraph: int, first_word: str) -> bool:
    """Returns whether a response has exactly some paragraphs between blank lines, one of which opens with a word.

    As in the published verifier, blank pieces are not counted, but they do shift the paragraph that is looked at: after
    two blank lines too many, "paragraph 2" is another one.
    """
    pieces = [piece.strip() for piece in response.split("\n\n")]
    if sum(map(bool, pieces)) != num_paragraphs or nth_paragraph > num_paragraphs:
        return False
    return _first_word(pieces[nth_paragraph - 1]) == first_word.lower()


def _first_word(paragraph: str) -> str:
    """Returns the first word in lower case, without quotes before it, and up to the first punctuation in it."""
    words = paragraph.split(maxsplit=1)
    word = words[0].lstrip("'").lstrip('"') if words else ""
    end = next((i for i, character in enumerate(word) if character in _ENDS_WORD), len(word))
    return "".join(character.lower() for character in word[:end])
