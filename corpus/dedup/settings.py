"""The recipe's section `dedup`: settings that all kinds of deduplication share."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from corpus.family import Section
from corpus.settings import Flag, Settings

Keep = Literal["source_order", "longest", "first", "quality"]


class Copies(Settings):
    """Settings that decide which copy of a document stays."""

    keep: Annotated[
        Keep,
        Field(description="Copy that stays: source_order (first source listed), longest, first (by address), quality"),
        Flag("--keep"),
    ] = "source_order"
    quality: Annotated[
        str | None,
        Field(
            description="For keep: quality, the signal (see `pomona signals`); the copy with the greatest value stays"
        ),
        Flag("--quality", "SIGNAL"),
    ] = None

    @model_validator(mode="after")
    def _has_quality(self) -> "Copies":
        if (self.keep == "quality") != (self.quality is not None):
            raise ValueError("`keep` quality and a `quality` signal go together: give both, or neither")
        return self

    def signal_names(self) -> Iterator[tuple[str, str]]:
        """The signal that decides which copy stays."""
        if self.quality is not None:
            yield "quality", self.quality

    @property
    def signal(self) -> str | None:
        """The signal that decides which copy stays, if one does."""
        return self.quality if self.keep == "quality" else None

    def config(self, sources: tuple[str, ...]) -> dict[str, object]:
        """Returns the settings that decide which copy stays, as part of a stage's configuration."""
        return {
            "keep": self.keep,
            "quality": self.signal,
            "sources": list(sources) if self.keep != "first" else [],
        }


DEDUP = Section(name="dedup", doc="Removal of duplicates; null turns it off", settings=Copies)
