"""The recipe's sections `dedup.paragraphs` and `dedup.substrings`: which repeated passages are cut."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from corpus.settings import Flag, Settings

if TYPE_CHECKING:
    from corpus.dedup.repeats.passages import Passages

MinWordsLeft = Annotated[
    int, Field(ge=0, description="Words that a document must have left after a cut; with fewer it is dropped")
]
OnlySources = Annotated[
    tuple[str, ...] | None,
    Field(min_length=1, description="Sources to look at and cut, best without code; all by default"),
    Flag("--cut-sources", "A,B,...", turns_on=False),
]


class Repeats(Settings):
    """What both kinds of passages share."""

    min_words_left: MinWordsLeft = 50
    only: OnlySources = None

    def passages(self) -> "Passages":
        """What is compared."""
        raise NotImplementedError

    def source_names(self) -> Iterator[tuple[str, str]]:
        """The sources that are cut."""
        for name in self.only or ():
            yield "only", name


class Paragraphs(Repeats):
    """Paragraphs or lines that several documents hold are cut out of all but one."""

    unit: Annotated[
        Literal["paragraph", "line"],
        Field(description="What is compared: text between blank lines, or between line ends"),
        Flag("--paragraphs", "UNIT"),
    ] = "paragraph"
    min_words: Annotated[int, Field(ge=1, le=10_000, description="Words of a passage; shorter ones are ignored")] = 10

    def passages(self) -> "Passages":
        """What is compared."""
        from corpus.dedup.repeats.passages import Passages

        return Passages(self.unit, self.min_words, self.only)


class Substrings(Repeats):
    """Runs of words that the corpus holds more than once are cut, except the first."""

    words: Annotated[
        int,
        Field(ge=8, le=10_000, description="Words of a run that is cut, at least; 8 or more"),
        Flag("--substrings", "WORDS"),
    ] = 50

    def passages(self) -> "Passages":
        """What is compared."""
        from corpus.dedup.repeats.passages import Passages

        return Passages("span", self.words, self.only)
