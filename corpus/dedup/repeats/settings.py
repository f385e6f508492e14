"""The recipe's sections `dedup.paragraphs` and `dedup.substrings`: which repeated passages are cut."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from corpus.settings import Flag, Settings

if TYPE_CHECKING:
    from corpus.dedup.repeats.passages import Passages

MinWordsLeft = Annotated[
    int, Field(ge=0, description="Minimum words of a document after a cut; a document with fewer is dropped")
]
OnlySources = Annotated[
    tuple[str, ...] | None,
    Field(min_length=1, description="Sources to search and cut, best without code; all by default"),
    Flag("--cut-sources", "A,B,...", turns_on=False),
]


class Repeats(Settings):
    """Settings that both kinds of passages share."""

    min_words_left: MinWordsLeft = 50
    only: OnlySources = None

    def passages(self) -> "Passages":
        """Returns the definition of the passages that are compared."""
        raise NotImplementedError

    def source_names(self) -> Iterator[tuple[str, str]]:
        """The sources that are cut."""
        for name in self.only or ():
            yield "only", name


class Paragraphs(Repeats):
    """Settings for cutting paragraphs or lines that several documents hold out of all these documents except one."""

    unit: Annotated[
        Literal["paragraph", "line"],
        Field(description="Unit of comparison: text between blank lines, or between line ends"),
        Flag("--paragraphs", "UNIT"),
    ] = "paragraph"
    min_words: Annotated[
        int, Field(ge=1, le=10_000, description="Minimum words of a passage; shorter passages are ignored")
    ] = 10

    def passages(self) -> "Passages":
        """Returns the definition of the passages that are compared."""
        from corpus.dedup.repeats.passages import Passages

        return Passages(self.unit, self.min_words, self.only)


class Substrings(Repeats):
    """Settings for cutting all copies, except the first, of runs of words that the corpus holds more than once."""

    words: Annotated[
        int,
        Field(ge=8, le=10_000, description="Minimum words of a run that is cut; 8 or more"),
        Flag("--substrings", "WORDS"),
    ] = 50

    def passages(self) -> "Passages":
        """Returns the definition of the passages that are compared."""
        from corpus.dedup.repeats.passages import Passages

        return Passages("span", self.words, self.only)
