"""The closed lists of near-duplicates: what a shingle counts, and how pairs are checked."""

from typing import Literal

Unit = Literal["words", "characters"]
Verify = Literal["shingles", "signatures", "none"]
