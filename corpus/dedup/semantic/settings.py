"""The recipe's section `dedup.semantic`: how documents that say the same are found."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, field_validator

from corpus.settings import Flag, PathIfExists, Settings

if TYPE_CHECKING:
    from corpus.dedup.semantic.embedding import Embedding


class Semantic(Settings):
    """Settings for finding documents that say the same: embeddings, clusters, cosine similarity."""

    renamed = {"documents_a_cluster": "documents_per_cluster"}  # noqa: RUF012 - a class variable, as the base says

    model: Annotated[
        str,
        Field(description="hashed (words and pairs of words), or the folder of a sentence-transformers model"),
        PathIfExists(),
        Flag("--semantic", "MODEL"),
    ] = "hashed"
    threshold: Annotated[
        float,
        Field(gt=0, le=1, description="Cosine similarity from which a document is dropped, in (0, 1]"),
        Flag("--semantic-threshold", turns_on=False),
    ] = 0.95
    documents_per_cluster: Annotated[
        int,
        Field(
            ge=1,
            description="Documents of a cluster on average; only documents of one cluster are compared",
        ),
    ] = 2000
    seed: Annotated[int, Field(ge=0, lt=2**32, description="Seed of the clustering")] = 0

    @field_validator("model")
    @classmethod
    def _exists(cls, value: str) -> str:
        from corpus.dedup.semantic.embedding import Embedding

        Embedding(value).check()
        return value

    def embedding(self) -> "Embedding":
        """Returns the method that makes the vectors."""
        from corpus.dedup.semantic.embedding import Embedding

        return Embedding(self.model)
