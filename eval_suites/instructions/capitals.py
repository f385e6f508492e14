"""Counts words in capitals, where words are cut as IFEval cuts them: by nltk's variant of the Penn Treebank's rules.

Source: Marcus et al. 1993, Building a Large Annotated Corpus of English: The Penn Treebank, Computational Linguistics
19(2), in the form of `nltk.tokenize.word_tokenize`. Only cuts that change the count are made. "DON'T" is two words (DO
and N'T), and so is "IT'S"; "WELL-KNOWN" is one; the "I" of "I'm" counts.
"""

import re
from collections.abc import Iterator

from eval_suites.instructions import sentences

# What stands for itself, in two steps: in between, a quote before a blank is taken off its word.
_FIRST = re.compile(r"[«“‘„`;@#$%&‒–—―?!]|\.{2,}|[:,](?!\d)")
_SECOND = re.compile(r"[»”’\"*\[\](){}<>]|''|--")
_TWO_IN_ONE = re.compile(
    r"\b(can(?=not)|d(?='ye)|gim(?=me)|gon(?=na)|got(?=ta)|lem(?=me)|more(?='n)|wan(?=na\s))(not|'ye|[mnt][ae]|'n)\b",
    re.IGNORECASE,
)
_OPENING_QUOTES = re.compile(r"(?<=[ (\[{<])(?:\"|'')")
_OPENING_QUOTE = re.compile(r"(?<!\w)'(?=\w)(?!(?:[mtsdn]|re|ve|ll)\b)", re.IGNORECASE)
_CLITICS = (re.compile(r"(.*[^'])('[sSmMdD]?)"), re.compile(r"(.*[^'])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T)"))
_CLOSERS = "])}>\"'»”’ "  # what may follow the last period of a sentence


def count(text: str) -> int:
    """Returns how many words of a text have capital letters and no small ones."""
    return sum(word.isupper() for sentence in sentences.split(text) for word in _words(sentence))


def _words(sentence: str) -> list[str]:
    text = _OPENING_QUOTE.sub("' ", _OPENING_QUOTES.sub(" `` ", sentence))
    text = _final_period_apart(text)
    text = re.sub(r"(?<=[^'])' ", " ' ", _FIRST.sub(r" \g<0> ", text))
    text = _SECOND.sub(r" \g<0> ", text)
    parts = " ".join(part for word in text.split() for part in _without_clitics(word))
    return _TWO_IN_ONE.sub(r" \1 \2 ", f"{parts} ").split()


def _without_clitics(word: str) -> Iterator[str]:
    for clitic in _CLITICS:
        if match := clitic.fullmatch(word):
            word, tail = match.groups()
            yield tail
    yield word


def _final_period_apart(sentence: str) -> str:
    """Puts blanks around the period that ends a sentence: "DON'T." is cut like "DON'T", unlike in its middle."""
    body = sentence.rstrip()
    before = body.rstrip(_CLOSERS)
    if before.endswith(".") and not before.endswith("..") and len(before) > 1:
        return f"{before[:-1]} . {body[len(before) :]}"
    return sentence
