"""Cuts a text into sentences as IFEval does: by Punkt's algorithm for English, without its file of statistics.

Source: Kiss and Strunk 2006, Unsupervised Multilingual Sentence Boundary Detection, Computational Linguistics 32(4),
doi:10.1162/coli.2006.32.4.485, as nltk runs it. A period, question or exclamation mark may end a sentence; what stands
before it (an abbreviation, an initial, a number, an ellipsis) and the word after it decide. Punkt learned from a
newspaper which words are abbreviations, and which begin sentences. Here, both are short lists, and a word that the text
itself has in small letters is no name. So a few cuts after abbreviations, initials and ellipses differ.

A list's "1." is a sentence of its own, and so are asterisks after a period: this is what published scores count.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import groupby, pairwise

# Titles, months, days, states, companies, ..., as Punkt knows them: "etc.", "e.g." and "Rev." are none for it.
_ABBREVIATIONS = frozenset(
    """mr mrs ms dr st jr sr prof gen col lt maj adm messrs rep reps sen
    jan feb aug sep sept oct nov dec tues wed fri
    ala ariz calif colo conn fla ga ill kan ky mich minn nev okla ore pa tenn va vt wash wis
    inc co cos corp ltd bros ave ft vs yr mg
    a.d a.m p.m d.c j.j j.k j.p j.r l.a m.b.a m.j n.c n.d n.h n.j n.m n.y ph.d r.i s.a s.c
    u.k u.n u.s u.s.a u.s.s.r w.va c d e f g h k l m n p r s t v w""".split()
)
# Words that begin a sentence after an abbreviation or an ellipsis, if they have a capital.
_STARTERS = frozenset(
    """the this these it he they i her your which but so yet nor if when while although though since however therefore
    instead nevertheless nonetheless indeed meanwhile moreover thus in despite under according among there here some
    many most both such either neither even still very yes please thanks always sometimes tomorrow yesterday finally
    someone nothing anything imagine consider remember think try ask wait okay sorry right else were does
    into""".split()
)
# More words that are no names: they begin a sentence after an initial only.
_ORDINARY = frozenset(
    """a an and or for then where who what why how that those she we you his their our my its not no is are was do did
    have has had can could will would should may might must of to on at by from with about over after before as than now
    just also well all any each every more only one two three let perhaps because until once again never often today
    first second third next last another other everyone something""".split()
)
# Words that go on after a number, in the headings that Punkt learned from.
_AFTER_NUMBER = frozenset("business credit dividend financing international leisure letters review who".split())
_SMALL = re.compile(r"\b[a-z]{2,}\b")
_INDENT = 8  # most characters before a letter of a list: blanks and marks of Markdown
_BREAK = r"""[)";}\]*:@'({\[‘’“”«»?!]"""  # a character that ends a word before it
_RUN = r"-- | \.\."
# A mark that may end a sentence, with what follows: a character that ends a word, or blanks and the next token.
_MARK = re.compile(rf"[.?!] (?= (?P<after> {_BREAK} | \s+ (?P<next>\S+) ) )", re.VERBOSE)
_CHUNK = re.compile(r"[^ \t\n\r\v\f]+")
# A token is dashes, dots, or a word, which ends before a blank, a break, dashes or dots, or a comma that any of these
# follows; or it is a character that cannot begin a word.
_TOKEN = re.compile(
    rf"""-{{2,}} | \.{{2,}}
    | [^\s("`{{\[:;&#*@)}}\]\-,] (?: (?! {_BREAK} | {_RUN} | ,(?: $ | \s | {_BREAK} | {_RUN} ) ) \S )*
    | \S""",
    re.VERBOSE,
)
_INITIAL = re.compile(r"[^\W\d]")
_NUMBER = re.compile(r"-?[.,]?\d[\d,.-]*\.?")
_CLOSERS = re.compile(r"""["')\]}‘’“”«»]+(?:\s+|(?=--)|$)""", re.MULTILINE)
_NOT_A_START = frozenset(";:,.!?")


def split(text: str) -> list[str]:
    """Returns the sentences of a text, without the white space between them. Quotes and brackets that close a sentence
    belong to it. The time is linear in the length of the text."""
    spans = list(_spans(text))
    cut: list[str] = []
    moved = 0  # characters at the beginning of a span that the sentence before it has
    for i, (start, end) in enumerate(spans):
        following = spans[i + 1][0] if i + 1 < len(spans) else len(text)
        closers = _CLOSERS.match(text, following, spans[i + 1][1]) if i + 1 < len(spans) else None
        if closers:
            cut.append(text[start + moved : following + len(closers[0].rstrip())])
        elif start + moved < end:
            cut.append(text[start + moved : end])
        moved = len(closers[0]) if closers else 0
    return cut


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Yields (start, end) of what lies between marks that end a sentence."""
    small = frozenset(_SMALL.findall(text))
    start = 0
    for chunk, mark in _marks(text):
        tokens = _TOKEN.findall(text, chunk, mark.end("after"))
        opens_line = _opens_line(text, chunk)
        if any(_ends(one, other, opens_line, small) for one, other in pairwise(tokens)):
            yield start, mark.end()
            start = mark.start("next") if mark["next"] else mark.end()
    yield start, len(text.rstrip())


def _marks(text: str) -> Iterator[tuple[int, re.Match[str]]]:
    """Yields the marks that may end a sentence, each with the start of its chunk (what stands between blanks).

    The last mark of a chunk decides for all, so "What?!" is not cut in the middle. A mark that begins a chunk is not
    the end of anything and is looked at for itself, as nltk does.
    """
    starts = [chunk.start() for chunk in _CHUNK.finditer(text)]
    for number, group in groupby(_MARK.finditer(text), lambda mark: bisect_right(starts, mark.start())):
        marks = list(group)
        chunk = starts[number - 1]
        if len(marks) > 1 and marks[0].start() == chunk:
            yield chunk, marks[0]
        yield chunk, marks[-1]


def _opens_line(text: str, chunk: int) -> bool:
    before = text[max(chunk - _INDENT, 0) : chunk]
    return (chunk <= _INDENT or "\n" in before) and not before.rpartition("\n")[2].strip(" \t*#>-")


def _ends(token: str, following: str, opens_line: bool, small: frozenset[str]) -> bool:
    """Returns whether a sentence ends between two tokens. `small` has the words that the text has in small letters."""
    if token in (".", "?", "!"):
        return True
    if not token.endswith("."):
        return False

    stem, word = token[:-1].lower(), following.lower().rstrip(".")
    is_abbreviation = stem in _ABBREVIATIONS or stem.rpartition("-")[2] in _ABBREVIATIONS
    may_start = following not in _NOT_A_START and not following[0].islower()
    if _INITIAL.fullmatch(stem):
        is_name = following[0].isupper() and not opens_line and word not in _STARTERS | _ORDINARY
        return not is_abbreviation and may_start and not is_name
    if _NUMBER.fullmatch(token):
        return may_start and word not in _AFTER_NUMBER
    if is_abbreviation or not stem.strip("."):  # the latter is an ellipsis
        return following[0].isupper() and (word in _STARTERS or (word in small and word not in _ORDINARY))
    return True
