"""The recipe's section `mixtures`: one entry per named mixture of the kept documents."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from corpus.settings import NAME, Flag, Path, Settings
from corpus.sizes import parse_count

By = Literal["source", "domain", "language"]

MOST_EPOCHS = 1000
_MOST_WEIGHT = 1e9
_ORDER = "order_of_groups"
_LATER = ("leave_out", "document_tokens")  # fields that earlier mixtures did not have: without them, they are the same


class Mixture(Settings):
    """A named mixture: groups of documents, with the share of its tokens that each group gets."""

    name: Annotated[
        str,
        Field(pattern=NAME, description="Name of the mixture: letters, digits, '_', '.' or '-'; at most 64"),
        Flag("--name", "NAME"),
    ]
    weights: Annotated[
        dict[str, float],
        Field(
            description="Share of the tokens that each group gets; they are scaled to add up to 1, and a group without "
            "a weight is left out. Without weights, each group has the share that it has in the corpus"
        ),
        Flag("--weights", "A=0.7,B=0.3", as_text=True),
    ] = Field(default_factory=dict)
    by: Annotated[
        By,
        Field(description="What a group is: documents of a source, of a domain (host of the URI), or in a language"),
        Flag("--by"),
    ] = "source"
    groups: Annotated[
        dict[str, str],
        Field(
            description="More groups, each by an SQL predicate over a document and its signals, e.g. code: "
            "\"source = 'web' and n_words > 500\"; a document is in the first one that is true"
        ),
    ] = Field(default_factory=dict)
    where: Annotated[
        str | None,
        Field(description="SQL predicate over a document and its signals; other documents are left out"),
        Flag("--where", "SQL"),
    ] = None
    tokens: Annotated[
        int | None,
        Field(gt=0, description="Tokens of the mixture with repeats, e.g. 2M; as many as its groups allow by default"),
        Flag("--tokens", "COUNT", as_text=True),
    ] = None
    temperature: Annotated[
        float | None,
        Field(
            gt=0, le=100,
            description="In place of weights: the share of a group with n tokens is as n^(1/temperature); 1 is as the "
            "corpus is, more favors small groups",
        ),
        Flag("--temperature"),
    ] = None  # fmt: skip
    max_epochs: Annotated[
        float,
        Field(gt=0, le=MOST_EPOCHS, description="How often the documents of a group may be repeated; 1 is no repeat"),
        Flag("--max-epochs"),
    ] = 1.0
    max_epochs_of: Annotated[
        dict[str, float],
        Field(description="The same for single groups, in place of max_epochs"),
        Flag("--max-epochs-of", "A=4,B=1", as_text=True),
    ] = Field(default_factory=dict)
    held_out: Annotated[
        float,
        Field(
            ge=0, le=0.5,
            description="Share of each group that is held out to measure the loss on, in [0, 0.5]; a document is held "
            "out by its hash, and copies of it with it",
        ),
        Flag("--held-out"),
    ] = 0.01  # fmt: skip
    document_tokens: Annotated[
        int | None,
        Field(
            ge=16,
            description="Of a longer document, only a piece of so many tokens is read, at a random place; so a small "
            "mixture has many documents",
        ),
    ] = None
    leave_out: Annotated[
        str | None,
        Field(
            description="Parquet file with a column `id`: documents that are left out, neither trained on nor held out"
        ),
        Path(),
    ] = None
    tolerance: Annotated[
        float,
        Field(
            ge=0, le=1000,
            description="A group with a weight may miss its share by this part of it, because documents are taken "
            "whole; without weights, the mixture may miss its tokens. A miss below a hundredth of the mixture is none",
        ),
        Flag("--tolerance"),
    ] = 0.1  # fmt: skip
    seed: Annotated[
        int, Field(ge=0, lt=2**32, description="Seed of the choice of documents and of their order"), Flag("--seed")
    ] = 0

    @field_validator("tokens", "document_tokens", mode="before")
    @classmethod
    def _count(cls, value: Any) -> Any:
        return value if value is None else parse_count(value)

    @field_validator("weights", "max_epochs_of", mode="before")
    @classmethod
    def _pairs(cls, value: Any) -> Any:
        return pairs(value) if isinstance(value, (str, list, tuple)) else value

    @field_validator("weights")
    @classmethod
    def _positive(cls, value: dict[str, float]) -> dict[str, float]:
        for group, weight in value.items():
            if not 0 <= weight <= _MOST_WEIGHT:
                raise ValueError(f"the weight of {group!r} is {weight}; weights are numbers from 0 on, at most 1e9")
        if value and not any(value.values()):
            raise ValueError("all weights are 0; at least one must be above 0")
        return value

    @field_validator("max_epochs_of")
    @classmethod
    def _caps(cls, value: dict[str, float]) -> dict[str, float]:
        for group, cap in value.items():
            if not 0 < cap <= MOST_EPOCHS:
                raise ValueError(f"max_epochs_of {group!r} is {cap}; it must be above 0 and at most {MOST_EPOCHS}")
        return value

    @model_validator(mode="after")
    def _makes_sense(self) -> "Mixture":
        if self.weights and self.temperature is not None:
            raise ValueError("weights and temperature both set the shares of groups; give one of them")
        for group in self.max_epochs_of:
            if self.weights and group not in self.weights:
                raise ValueError(f"max_epochs_of names {group!r}, which has no weight")
        return self

    def check(self) -> None:
        """Raises `UserError` for a predicate that is not SQL, or names what documents do not have."""
        from corpus.mixture.predicates import predicate

        for text in (*self.groups.values(), *((self.where,) if self.where else ())):
            predicate(text)

    def source_names(self) -> Iterator[tuple[str, str]]:
        """Yields the sources that have weights."""
        if self.by == "source":
            yield from (("weights", name) for name in self.weights if name not in self.groups)

    def cap(self, group: str) -> float:
        """Returns how often a group's documents may be repeated."""
        return self.max_epochs_of.get(group, self.max_epochs)

    def definition(self) -> dict[str, Any]:
        """Returns everything that decides which documents are in the mixture, as JSON values."""
        values = self.model_dump(mode="json", exclude={"name"})
        values = {name: value for name, value in values.items() if name not in _LATER or value is not None}
        # A document is in the first group that it fits, and a hash of a mapping does not know which one is first.
        return values | ({_ORDER: list(self.groups)} if len(self.groups) > 1 else {})

    @classmethod
    def defined(cls, name: str, definition: Mapping[str, Any]) -> "Mixture":
        """Returns the mixture of a definition."""
        values = {"name": name} | {field: value for field, value in definition.items() if field in cls.model_fields}
        if _ORDER in definition:
            values["groups"] = {group: values["groups"][group] for group in definition[_ORDER]}
        return cls.model_validate(values)


def pairs(value: Any) -> dict[str, Any]:
    """Returns the mapping that `A=0.7,B=0.3` stands for; raises ValueError for anything else."""
    parts = [part for one in ([value] if isinstance(value, str) else value) for part in str(one).split(",")]
    mapping: dict[str, Any] = {}
    for part in filter(None, (part.strip() for part in parts)):
        name, equals, number = part.rpartition("=")
        if not equals or not name.strip():
            raise ValueError(f"{part!r} is not NAME=NUMBER; separate several by commas: A=0.7,B=0.3")
        if name.strip() in mapping:
            raise ValueError(f"{name.strip()!r} is given twice")
        mapping[name.strip()] = number.strip()
    return mapping
