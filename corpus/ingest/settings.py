"""The recipe's section `sources`: one entry per source of raw files."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, field_validator, model_validator

from corpus.errors import unknown
from corpus.extract import DEFAULT, EXTRACTORS
from corpus.limits import KINDS, MAX_RECORD_BYTES, TIMEOUT_SECONDS
from corpus.settings import NAME, Flag, PathIfExists, Settings, joined
from corpus.sizes import parse_bytes

if TYPE_CHECKING:
    from corpus.ingest.steps import SourceSettings

CLEANING_STEPS = ("c4_lines",)


@dataclass(frozen=True, slots=True)
class SourcePath:
    """Marks paths of raw files. For kind `python`, they are parts of this Python, not paths."""

    def placed(self, value: str, folder: str, section: Mapping[str, Any]) -> str:
        """Returns the path, joined to the folder if it is relative."""
        return value if section.get("kind") == "python" else joined(value, folder)


def absolute(paths: Iterable[str], kind: str | None) -> list[str]:
    """Returns the paths, absolute and without repeats; URLs and parts of this Python installation stay unchanged."""
    if kind == "python":
        return list(dict.fromkeys(paths))
    is_plain = {path: "://" not in path and bool(path.strip()) for path in paths}
    full = (os.path.abspath(os.path.expanduser(path)) if plain else path for path, plain in is_plain.items())
    return list(dict.fromkeys(full))


class Source(Settings):
    """One source of raw files."""

    name: Annotated[
        str,
        Field(pattern=NAME, description="Name of the source: letters, digits, '_', '.' or '-'; at most 64"),
        Flag("--source", "NAME"),
    ]
    path: Annotated[
        tuple[str, ...],
        Field(
            min_length=1,
            description="File, folder, pattern or URL, or a list of them; for kind python, parts of this Python",
        ),
        SourcePath(),
        Flag("PATH"),
    ]
    kind: Annotated[
        str | None,
        Field(description=f"One of {', '.join(KINDS)}; guessed from the file names by default"),
        Flag("--kind"),
    ] = None
    license: Annotated[
        str | None,
        Field(description="License to record for documents that state none; an SPDX name"),
        Flag("--license"),
    ] = None
    extractor: Annotated[
        str, Field(description=f"How HTML becomes text: {', '.join(EXTRACTORS)}"), Flag("--extractor")
    ] = DEFAULT
    honor_rights: Annotated[
        bool,
        Field(description="Reject pages that opt out of training by robots, noai or tdm-reservation signals"),
        Flag("--honor-rights"),
    ] = False
    clean: Annotated[
        tuple[str, ...],
        Field(description=f"Steps that change texts before they are stored: {', '.join(CLEANING_STEPS)}"),
        Flag("--clean"),
    ] = ()
    max_record_bytes: Annotated[
        int,
        Field(
            gt=0, le=1 << 30, description="Bytes of one raw record or text, above 0, at most 1GiB; larger is rejected"
        ),
    ] = MAX_RECORD_BYTES
    timeout_seconds: Annotated[
        float, Field(gt=0, le=3600, description="Seconds that the extraction of one page may take, in (0, 3600]")
    ] = TIMEOUT_SECONDS
    text_column: Annotated[
        str, Field(min_length=1, description="JSONL, Parquet: column with the text"), Flag("--text-column")
    ] = "text"
    uri_column: Annotated[
        str | None,
        Field(description="JSONL, Parquet: column with the address; file#position by default"),
        Flag("--uri-column"),
    ] = None
    license_column: Annotated[str | None, Field(description="JSONL, Parquet: column with each record's license")] = None
    metadata_columns: Annotated[
        tuple[str, ...],
        Field(description="JSONL, Parquet: columns to keep as metadata, as strings"),
        Flag("--metadata"),
    ] = ()

    tokenizer: Annotated[
        str | None,
        Field(description="Tokens: folder of the tokenizer that turns them into text again"),
        PathIfExists(),
        Flag("--tokenizer", "FOLDER"),
    ] = None

    @field_validator("path", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        several = (value,) if isinstance(value, (str, os.PathLike)) else value
        if not isinstance(several, (list, tuple)):
            return several
        return tuple(os.fspath(one) if isinstance(one, os.PathLike) else one for one in several)

    @field_validator("max_record_bytes", mode="before")
    @classmethod
    def _size(cls, value: Any) -> int:
        return parse_bytes(value)

    @field_validator("kind")
    @classmethod
    def _known_kind(cls, value: str | None) -> str | None:
        if value is not None and value not in KINDS:
            raise ValueError(str(unknown("kind", value, KINDS)))
        return value

    @field_validator("extractor")
    @classmethod
    def _known_extractor(cls, value: str) -> str:
        if value not in EXTRACTORS:
            raise ValueError(str(unknown("extractor", value, EXTRACTORS)))
        return value

    @field_validator("clean")
    @classmethod
    def _known_steps(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in CLEANING_STEPS:
                raise ValueError(str(unknown("cleaning step", name, CLEANING_STEPS)))
        return value

    @model_validator(mode="after")
    def _has_a_tokenizer(self) -> "Source":
        if self.kind == "tokens" and self.tokenizer is None:
            raise ValueError("kind tokens needs the tokenizer that made them: tokenizer names its folder")
        if self.kind != "tokens" and self.tokenizer is not None:
            raise ValueError("tokenizer is for kind tokens only; give kind: tokens, or leave tokenizer out")
        return self

    def options(self, kind: str) -> "SourceSettings":
        """Returns the settings of the ingest step for a known kind."""
        from corpus.ingest.steps import SourceSettings

        return SourceSettings(kind=kind, **self.model_dump(exclude={"path", "kind"}))
