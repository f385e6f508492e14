"""Twelve categories of what a careful assistant declines.

Source: AFM, arXiv 2407.21075 (paper section 8), has 12 primary categories, of which a few are known by name: hate and
slurs, discrimination and exclusion, illegal activities, adult sexual material, graphic violence. These are the first
five here; the other seven are ours.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from corpus.errors import unknown

_FILE = Path(__file__).parent / "taxonomy.tsv"


@dataclass(frozen=True, slots=True)
class Category:
    """A category of the taxonomy."""

    name: str
    title: str
    about: str  # what belongs to it


@cache
def categories() -> dict[str, Category]:
    """Returns all categories by name, in order."""
    every = [Category(*row) for row in rows(_FILE)]
    return {one.name: one for one in every}


def category(name: str, *, where: str = "") -> Category:
    """Returns a category; raises `UserError` for a name that is none. `where`: in which file and line it stands."""
    if name not in categories():
        raise unknown(f"category{where and f' in {where}'}", name, list(categories()), is_sorted=True)
    return categories()[name]


def rows(path: Path) -> list[list[str]]:
    """Returns the fields of a file's lines, without comments."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]
