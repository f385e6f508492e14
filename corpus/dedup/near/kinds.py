"""The closed lists of options for near-duplicates: the unit of a shingle, and how pairs are checked."""

from typing import Literal

Unit = Literal["words", "characters"]
Verify = Literal["shingles", "signatures", "none"]
