"""The recipe's part about copies: which are found, how, and which one stays."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from corpus.dedup.banding import Banding, banding
from corpus.dedup.clusters import Verify
from corpus.dedup.embedding import Embedding
from corpus.dedup.minhash import Sketch, Unit
from corpus.dedup.priority import Keep
from corpus.dedup.repeats import Passages
from corpus.errors import UserError, unknown
from pomona.recipe_model import RecipeModel


class MinHashRecipe(RecipeModel):
    """How near-duplicates are found: MinHash signatures, cut into bands, candidates checked."""

    threshold: Annotated[
        float | None,
        Field(gt=0, le=1, description="Jaccard similarity from which documents are merged, in (0, 1]; 0.8 by default"),
    ] = None
    bands: Annotated[
        int | None, Field(ge=1, le=4096, description="Bands of a signature; chosen from the threshold when absent")
    ] = None
    rows: Annotated[int | None, Field(ge=1, le=4096, description="Rows of a band; given together with bands")] = None
    hashes: Annotated[
        int, Field(ge=2, le=4096, description="Entries of a signature, at most, when bands and rows are chosen for you")
    ] = 112
    unit: Annotated[Unit, Field(description="What a shingle counts: words of the normal text, or its characters")] = (
        "words"
    )
    ngram: Annotated[int, Field(ge=1, le=100, description="Units of a shingle, 1 to 100")] = 5
    seed: Annotated[int, Field(ge=0, lt=2**32, description="Seed of the permutations, as datasketch draws them")] = 1
    verify: Annotated[
        Verify,
        Field(description="How candidates are checked: by their shingles, exactly; by their signatures; or not at all"),
    ] = "shingles"

    @model_validator(mode="after")
    def _makes_sense(self) -> "MinHashRecipe":
        self.banding()
        return self

    def banding(self) -> Banding:
        """Bands, rows and threshold; raises ValueError for what makes no sense."""
        try:
            return banding(self.threshold, self.bands, self.rows, n_hashes=self.hashes, verified=self.verify != "none")
        except UserError as error:
            raise ValueError(str(error)) from error

    def sketch(self) -> Sketch:
        """What a signature is made of."""
        return Sketch(self.unit, self.ngram, self.banding().n_hashes, self.seed)


MinWordsLeft = Annotated[
    int, Field(ge=0, description="Words that a document must have left after a cut, else it is dropped")
]
OnlySources = Annotated[
    tuple[str, ...] | None,
    Field(min_length=1, description="Sources that are looked at and cut, code better not among them; all when absent"),
]


class ParagraphsRecipe(RecipeModel):
    """How passages that stand in several documents are cut out of all but one."""

    unit: Annotated[
        Literal["paragraph", "line"], Field(description="What is compared: what blank lines, or line ends, set apart")
    ] = "paragraph"
    min_words: Annotated[
        int, Field(ge=1, le=10_000, description="Words of a passage, at least; shorter ones are not looked at")
    ] = 10
    min_words_left: MinWordsLeft = 50
    only: OnlySources = None

    def passages(self) -> Passages:
        """What is compared."""
        return Passages(self.unit, self.min_words, self.only)


class SubstringsRecipe(RecipeModel):
    """How runs of words that stand in the corpus more than once are cut, but for the first."""

    words: Annotated[int, Field(ge=8, le=10_000, description="Words of a run, at least, to be cut; 8 or more")] = 50
    min_words_left: MinWordsLeft = 50
    only: OnlySources = None

    def passages(self) -> Passages:
        """What is compared."""
        return Passages("span", self.words, self.only)


class SemanticRecipe(RecipeModel):
    """How documents that say the same are found: embeddings, clusters, cosine similarity."""

    model: Annotated[
        str, Field(description="hashed (words and pairs of words), or the path of a sentence-transformers model")
    ] = "hashed"
    threshold: Annotated[
        float, Field(gt=0, le=1, description="Cosine similarity from which a document goes, in (0, 1]")
    ] = 0.95
    documents_a_cluster: Annotated[
        int, Field(ge=1, description="Documents of a cluster on average; only those of one cluster are compared")
    ] = 2000
    seed: Annotated[int, Field(ge=0, lt=2**32, description="Seed of the clustering")] = 0

    @field_validator("model")
    @classmethod
    def _is_there(cls, value: str) -> str:
        Embedding(value).check()
        return value

    def embedding(self) -> Embedding:
        """What makes the vectors."""
        return Embedding(self.model)


class DedupRecipe(RecipeModel):
    """Which copies of a document stay."""

    exact: Annotated[
        bool, Field(description="Drop documents whose text differs from another's only in case and white space")
    ] = True
    minhash: Annotated[
        MinHashRecipe | None, Field(description="Drop documents whose shingles are mostly another's; null for no")
    ] = MinHashRecipe()
    semantic: Annotated[
        SemanticRecipe | None, Field(description="Drop documents that say what another says; null, the default, for no")
    ] = None
    paragraphs: Annotated[
        ParagraphsRecipe | None, Field(description="Cut paragraphs or lines that stand elsewhere; null for no")
    ] = None
    substrings: Annotated[
        SubstringsRecipe | None, Field(description="Cut runs of words that stand elsewhere; null for no")
    ] = None
    keep: Annotated[
        Keep,
        Field(
            description="Copy that stays: source_order (of the first source listed), longest, first by address, quality"
        ),
    ] = "source_order"
    quality: Annotated[
        str | None, Field(description="keep: quality: the signal, see `pomona signals`; the greatest value stays")
    ] = None

    @model_validator(mode="after")
    def _has_quality(self) -> "DedupRecipe":
        if (self.keep == "quality") != (self.quality is not None):
            raise ValueError("`keep` quality and a `quality` signal go together: give both, or neither")
        if self.quality is not None:
            from filters import signals

            known = {name: signal for name, signal in signals.signals().items() if signal.is_number}
            if self.quality not in known:
                raise ValueError(str(unknown("signal", self.quality, known)))
        return self
