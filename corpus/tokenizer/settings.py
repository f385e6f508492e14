"""The recipe's section `tokenizer`: a vocabulary learned from the corpus, or one that exists."""

from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from corpus.settings import Flag, Path, Settings
from corpus.sizes import parse_bytes

SAMPLE_BYTES = 100_000_000


class Tokenizer(Settings):
    """The tokenizer that turns the kept documents into tokens."""

    vocab_size: Annotated[
        int | None,
        Field(
            ge=386, le=1 << 20,
            description="Number of ids, control tokens and bytes included; by default 49,152 as AFM's, or fewer if the "
            "sample has too little text",
        ),
        Flag("--vocab-size"),
    ] = None  # fmt: skip
    fewer: Annotated[
        bool, Field(description="Take fewer ids where the sample has too little text; without vocab_size always")
    ] = False
    mixture: Annotated[
        str | None,
        Field(description="Mixture to take the sample from, in its proportions; by default all kept documents"),
        Flag("--mixture", "NAME"),
    ] = None
    sample_bytes: Annotated[
        int,
        Field(gt=0, description="Bytes of text to learn from, e.g. 100MB"),
        Flag("--sample-bytes", "SIZE", as_text=True),
    ] = SAMPLE_BYTES
    path: Annotated[
        str | None,
        Field(description="Folder or tokenizer.json in Hugging Face's format to use, in place of learning one"),
        Path(),
        Flag("--path"),
    ] = None
    compare: Annotated[
        tuple[str, ...],
        Field(description="Folders or files of other tokenizers, to compare bytes per token with"),
        Path(),
        Flag("--compare", "PATH,..."),
    ] = ()

    @field_validator("sample_bytes", mode="before")
    @classmethod
    def _size(cls, value: Any) -> int:
        return parse_bytes(value)

    @field_validator("compare", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _makes_sense(self) -> "Tokenizer":
        if self.path and (self.vocab_size or self.mixture):
            raise ValueError("path names a tokenizer that exists; vocab_size and mixture are for learning one")
        return self

    def prepare(self) -> None:
        """Raises `UserError` for a tokenizer that cannot be read."""
        from corpus.tokenizer.loading import load

        for path in (*((self.path,) if self.path else ()), *self.compare):
            load(path)
