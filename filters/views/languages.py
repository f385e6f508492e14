"""Finds languages on which rule sets decide although their limits were not chosen on them.

So no language is dropped without a warning.
"""

from dataclasses import dataclass

import polars as pl

from corpus.lake import Lake
from filters import unspaced
from filters.decide import Settings

_SURE = 0.65  # least probability of a language that counts
_LEAST_SHARE = 0.01  # of the documents, above which there is a warning: the detector errs for some


@dataclass(frozen=True, slots=True)
class OtherLanguages:
    """Documents in languages for which some rule sets were not made."""

    rule_sets: tuple[str, ...]
    made_for: tuple[str, ...]  # ISO 639 codes
    languages: tuple[tuple[str, int], ...]  # (language, documents), the most frequent first
    documents: int  # in these languages
    total: int  # documents whose language is sure


def other_languages(lake: Lake, settings: Settings) -> list[OtherLanguages]:
    """Returns the languages of a lake for which no limits were chosen; none if they have few documents."""
    made_for: dict[tuple[str, ...], list[str]] = {}
    for name in settings.rule_sets:
        if codes := settings.languages(name):
            made_for.setdefault(codes, []).append(name)
    if not made_for:
        return []

    known = pl.col("language_probability") >= _SURE
    counts = lake.scan("signals").filter(known).group_by("language").agg(n=pl.len()).collect(engine="streaming")
    total = int(counts["n"].sum())
    overridden = {override.language for override in settings.overrides if override.language}
    settled = overridden | unspaced.limits().keys() | {"und"}

    results = []
    for codes, names in made_for.items():
        others = counts.filter(~pl.col("language").is_in([*codes, *settled]))
        others = others.sort("n", "language", descending=[True, False])
        n_others = int(others["n"].sum())
        if n_others > _LEAST_SHARE * total:
            results.append(OtherLanguages(tuple(names), codes, tuple(others.rows()), n_others, total))
    return results
