"""The recipe: one YAML file that describes every stage. Each field says its meaning, unit and bounds.

Every model is frozen and refuses unknown fields; an error names the line of the file, what came and what is allowed.
"""

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from corpus import yaml_text
from corpus.errors import UserError, plainly, unknown
from corpus.extract import DEFAULT, EXTRACTORS
from corpus.ingest import MAX_RECORD_BYTES, SourceSettings
from corpus.model_errors import of_file
from corpus.sandbox import TIMEOUT_SECONDS
from corpus.sources import KINDS
from decontam.policies import DEFAULT as DEFAULT_POLICY
from decontam.policies import POLICIES
from filters.decide import Override, Settings, with_files
from pomona.recipe_dedup import DedupRecipe, MinHashRecipe, ParagraphsRecipe, SemanticRecipe, SubstringsRecipe
from pomona.recipe_model import RecipeModel
from pomona.recipe_paths import placed

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}


def parse_bytes(value: object) -> int:
    """Bytes from `64MB`, `8GiB` or a number; raises ValueError for anything else."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]I?)?B?\s*", str(value).upper())
    if not match:
        raise ValueError(f"{value!r} is no size; write a number of bytes, or e.g. 64MB or 8GiB")
    return int(float(match[1]) * _UNITS[match[2] or ""])


def checked_languages(codes: tuple[str, ...]) -> tuple[str, ...]:
    """The codes, if the detector knows them all; raises ValueError for one that no document can have."""
    if codes:
        from filters.signals.language import check

        check(codes)
    return codes


LimitField = float | tuple[str, ...] | None
_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"


class SourceRecipe(RecipeModel):
    """One source of raw files."""

    name: Annotated[
        str, Field(pattern=_NAME, description="Name of the source; letters, digits, '_', '.', '-'; at most 64")
    ]
    path: Annotated[
        tuple[str, ...],
        Field(
            min_length=1, description="File, folder, pattern or URL, or a list of them; parts of `python` for that kind"
        ),
    ]
    kind: Annotated[
        str | None, Field(description=f"One of {', '.join(KINDS)}; guessed from file names when absent")
    ] = None
    license: Annotated[
        str | None, Field(description="License to record where a document states none; an SPDX name")
    ] = None
    extractor: Annotated[str, Field(description=f"HTML to text: one of {', '.join(EXTRACTORS)}")] = DEFAULT
    honor_rights: Annotated[
        bool, Field(description="Refuse pages whose robots, noai or tdm-reservation signals opt out")
    ] = False
    clean: Annotated[
        tuple[str, ...], Field(description="Steps that change texts on the way in: c4_lines; none by default")
    ] = ()
    max_record_bytes: Annotated[
        int,
        Field(
            gt=0, le=1 << 30, description="Bytes of one raw record or text, above 0, at most 1 GiB; larger is refused"
        ),
    ] = MAX_RECORD_BYTES
    timeout_seconds: Annotated[
        float, Field(gt=0, le=3600, description="Seconds that one page's extraction may take, in (0, 3600]")
    ] = TIMEOUT_SECONDS
    text_column: Annotated[str, Field(min_length=1, description="JSONL, Parquet: column that holds the text")] = "text"
    uri_column: Annotated[
        str | None, Field(description="JSONL, Parquet: column with the address; else file#position")
    ] = None
    license_column: Annotated[str | None, Field(description="JSONL, Parquet: column with each record's license")] = None
    metadata_columns: Annotated[
        tuple[str, ...], Field(description="JSONL, Parquet: columns to keep as metadata, as strings")
    ] = ()

    @field_validator("path", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("max_record_bytes", mode="before")
    @classmethod
    def _size(cls, value: Any) -> int:
        return parse_bytes(value)

    @field_validator("kind")
    @classmethod
    def _known_kind(cls, value: str | None) -> str | None:
        if value is not None and value not in KINDS:
            raise ValueError(f"unknown kind {value!r}; allowed: {', '.join(KINDS)}")
        return value

    @field_validator("extractor")
    @classmethod
    def _known_extractor(cls, value: str) -> str:
        if value not in EXTRACTORS:
            raise ValueError(f"unknown extractor {value!r}; allowed: {', '.join(EXTRACTORS)}")
        return value

    @field_validator("clean")
    @classmethod
    def _known_cleaner(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if set(value) - {"c4_lines"}:
            raise ValueError(f"unknown cleaning step in {list(value)}; allowed: c4_lines")
        return value

    def settings(self, kind: str) -> SourceSettings:
        """What the ingest step takes, once the kind is known."""
        fields = self.model_dump(exclude={"path", "kind"})
        return SourceSettings(kind=kind, **fields)


class OverrideRecipe(RecipeModel):
    """Rules and limits that hold for some documents only."""

    source: Annotated[str | None, Field(description="Holds for documents of this source")] = None
    language: Annotated[str | None, Field(description="Holds for documents in this language, an ISO 639 code")] = None
    rules: Annotated[
        tuple[str, ...] | None, Field(description="Rule sets for these documents, in place of the others")
    ] = None

    @field_validator("language")
    @classmethod
    def _known_language(cls, value: str | None) -> str | None:
        return value if value is None else checked_languages((value,))[0]

    limits: Annotated[
        dict[str, LimitField],
        Field(description="Limits for these documents: ruleset.rule: number, list, or null for off"),
    ] = {}  # noqa: RUF012 - pydantic copies it


class FilterRecipe(RecipeModel):
    """Which documents are good enough."""

    rules: Annotated[
        tuple[str, ...],
        Field(min_length=1, description="Rule sets that every document must pass: names, or YAML files of your own"),
    ] = ("gopher_quality", "gopher_repetition", "c4", "fineweb")
    languages: Annotated[
        tuple[str, ...], Field(description="ISO 639 codes of the languages that stay; every language when empty")
    ] = ()

    @field_validator("languages")
    @classmethod
    def _checked_languages(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return checked_languages(value)

    limits: Annotated[
        dict[str, LimitField], Field(description="Limits to change: ruleset.rule: number, list, or null for off")
    ] = {}  # noqa: RUF012 - pydantic copies it
    overrides: Annotated[
        tuple[OverrideRecipe, ...],
        Field(description="Other rules and limits for a source or a language; the last one wins"),
    ] = ()

    def settings(self) -> Settings:
        """What `filters.decide` takes; raises `UserError` for a rule or set that does not exist."""
        chosen, limits = list(self.rules), dict(self.limits)
        if self.languages:
            chosen = chosen if "language" in chosen else [*chosen, "language"]
            limits["language.allowed"] = tuple(self.languages)
        _, own = with_files([*chosen, *(name for o in self.overrides for name in o.rules or ())])
        overrides = [
            Override(o.source, o.language, o.limits, None if o.rules is None else with_files(o.rules)[0])
            for o in self.overrides
        ]
        return Settings(with_files(chosen)[0], limits, tuple(overrides), own)


class DecontaminateRecipe(RecipeModel):
    """Which benchmarks are protected, and what a document may share with them."""

    benchmarks: Annotated[
        tuple[str, ...],
        Field(
            min_length=1, description="humaneval, FILE or NAME=FILE (JSONL, JSON, Parquet), or lm-eval tasks by name"
        ),
    ]
    policy: Annotated[
        str, Field(description=f"One of {', '.join(POLICIES)}; see `pomona contamination --policies`")
    ] = DEFAULT_POLICY
    common_documents: Annotated[
        int | None,
        Field(ge=2, description="Documents from which an n-gram is common usage; AFM's 1,000 scaled to the corpus"),
    ] = None
    question_column: Annotated[str | None, Field(description="Files: column of the question; guessed by name")] = None
    answer_column: Annotated[str | None, Field(description="Files: column of the answer; guessed by name")] = None

    @field_validator("policy")
    @classmethod
    def _known_policy(cls, value: str) -> str:
        if value not in POLICIES:
            raise ValueError(str(unknown("policy", value, POLICIES)))
        return value


class Recipe(RecipeModel):
    """A whole run: where the lake is, what goes in, what stays."""

    lake: Annotated[str, Field(description="Folder or object-store URL of the lake")] = "./lake"
    sources: Annotated[tuple[SourceRecipe, ...], Field(min_length=1, description="Where raw files come from, in order")]
    filter: Annotated[FilterRecipe | None, Field(description="Rules that documents must pass; null for none")] = (
        FilterRecipe()
    )
    dedup: Annotated[DedupRecipe | None, Field(description="Removal of duplicates; null for none")] = DedupRecipe()
    decontaminate: Annotated[
        DecontaminateRecipe | None, Field(description="Removal of documents that hold benchmarks; null for none")
    ] = None

    @model_validator(mode="after")
    def _sources_are_there(self) -> "Recipe":
        """A source that is named anywhere is one of the recipe's."""
        names = [source.name for source in self.sources]
        asked = [(o.source, "filter.overrides") for o in (self.filter.overrides if self.filter else ()) if o.source]
        for field in ("paragraphs", "substrings"):
            part = getattr(self.dedup, field) if self.dedup else None
            asked += [(name, f"dedup.{field}.only") for name in (part.only or () if part else ())]
        for name, where in asked:
            if name not in names:
                raise ValueError(f"{where}: {unknown('source', name, names)}")
        return self

    @field_validator("sources")
    @classmethod
    def _names_differ(cls, value: tuple[SourceRecipe, ...]) -> tuple[SourceRecipe, ...]:
        names = [source.name for source in value]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two sources are called {', '.join(twice)}; names must differ")
        return value


NESTED: dict[str, type[BaseModel]] = {
    "sources": SourceRecipe,
    "filter": FilterRecipe,
    "overrides": OverrideRecipe,
    "dedup": DedupRecipe,
    "minhash": MinHashRecipe,
    "semantic": SemanticRecipe,
    "paragraphs": ParagraphsRecipe,
    "substrings": SubstringsRecipe,
    "decontaminate": DecontaminateRecipe,
}


def load(path: str | Path) -> Recipe:
    """The recipe in a file; raises `UserError` that names the line."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the recipe {path}: {plainly(error)}") from error
    return parse(text, str(path), Path(path).parent)


def parse(text: str, name: str = "recipe", folder: Path | None = None) -> Recipe:
    """The recipe in a text; raises `UserError` that names the line in `name`. Its paths are relative to the folder."""
    value, node = yaml_text.read(text, name)
    if not isinstance(value, dict):
        raise UserError(f"{name} holds no recipe; `pomona recipe` prints one with every field explained")
    if folder is not None:
        value = placed(value, folder)
    try:
        recipe = Recipe.model_validate(value)
        if recipe.filter:
            recipe.filter.settings()
    except ValidationError as error:
        raise UserError(of_file(error, node, name, Recipe)) from error
    except UserError as error:
        raise UserError(f"{name} line {yaml_text.line(node, ['filter'])}: filter: {error}") from error
    return recipe
