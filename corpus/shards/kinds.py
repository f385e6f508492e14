"""Names of packings and of what a document's end does. Light, because the command line shows them."""

from typing import Literal

Kind = Literal["concatenated", "best_fit"]
Boundaries = Literal["mask", "positions", "none"]
