"""The recipe's section `dedup.minhash`: how near-duplicates are found."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from corpus.dedup.near.kinds import Unit, Verify
from corpus.errors import UserError
from corpus.settings import Flag, Settings

if TYPE_CHECKING:
    from corpus.dedup.near.banding import Banding
    from corpus.dedup.near.minhash import Sketch


class MinHash(Settings):
    """Settings for finding near-duplicates: MinHash signatures are cut into bands, and candidate pairs are checked."""

    threshold: Annotated[
        float | None,
        Field(gt=0, le=1, description="Jaccard similarity from which documents are merged, in (0, 1]; 0.8 by default"),
        Flag("--threshold"),
    ] = None
    bands: Annotated[
        int | None,
        Field(ge=1, le=4096, description="Bands of a signature, given together with rows; chosen from the threshold"),
        Flag("--bands"),
    ] = None
    rows: Annotated[
        int | None, Field(ge=1, le=4096, description="Rows of a band, given together with bands"), Flag("--rows")
    ] = None
    hashes: Annotated[
        int, Field(ge=2, le=4096, description="Most entries of a signature, if bands and rows are chosen for you")
    ] = 112
    unit: Annotated[
        Unit,
        Field(description="Unit of a shingle: words or characters of the normal text"),
        Flag("--unit"),
    ] = "words"
    ngram: Annotated[int, Field(ge=1, le=100, description="Units of a shingle, 1 to 100"), Flag("--ngram")] = 5
    seed: Annotated[int, Field(ge=0, lt=2**32, description="Seed of the permutations, as datasketch draws them")] = 1
    verify: Annotated[
        Verify,
        Field(description="How candidate pairs are checked: shingles (exactly), signatures (estimated) or none"),
        Flag("--verify"),
    ] = "shingles"

    @model_validator(mode="after")
    def _makes_sense(self) -> "MinHash":
        self.banding()
        return self

    def banding(self) -> "Banding":
        """Returns bands, rows and threshold. Raises ValueError for values that do not make sense together."""
        from corpus.dedup.near.banding import banding

        try:
            return banding(self.threshold, self.bands, self.rows, n_hashes=self.hashes, verified=self.verify != "none")
        except UserError as error:
            raise ValueError(str(error)) from error

    def sketch(self) -> "Sketch":
        """Returns the options of a signature."""
        from corpus.dedup.near.minhash import Sketch

        return Sketch(self.unit, self.ngram, self.banding().n_hashes, self.seed)
