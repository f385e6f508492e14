"""Rule sets that decide on languages that their limits were not chosen on, so that no language is lost in silence."""

from dataclasses import dataclass

import polars as pl

from corpus.lake import Lake
from filters import unspaced
from filters.decide import Settings

_SURE = 0.65  # probability of a language that counts
_LEAST_SHARE = 0.01  # of the documents, that is worth a warning: the detector errs for some


@dataclass(frozen=True, slots=True)
class OtherLanguages:
    """Documents in languages for which some rule sets were not made."""

    rule_sets: tuple[str, ...]
    made_for: tuple[str, ...]  # ISO 639 codes
    languages: tuple[tuple[str, int], ...]  # (language, documents), the most frequent first
    documents: int  # in these languages
    total: int  # documents whose language is sure


def other_languages(lake: Lake, settings: Settings) -> list[OtherLanguages]:
    """The languages of a lake for which no limits were chosen; none if they are few documents."""
    made_for: dict[tuple[str, ...], list[str]] = {}
    for name in settings.rule_sets:
        if codes := settings.languages(name):
            made_for.setdefault(codes, []).append(name)
    if not made_for:
        return []

    known = pl.col("language_probability") >= _SURE
    counts = lake.scan("signals").filter(known).group_by("language").agg(n=pl.len()).collect(engine="streaming")
    total = int(counts["n"].sum())
    asked = {override.language for override in settings.overrides if override.language}
    settled = asked | unspaced.limits().keys() | {"und"}
    found = []
    for codes, names in made_for.items():
        others = counts.filter(~pl.col("language").is_in([*codes, *settled]))
        others = others.sort("n", "language", descending=[True, False])
        n_others = int(others["n"].sum())
        if n_others > _LEAST_SHARE * total:
            found.append(OtherLanguages(tuple(names), codes, tuple(others.rows()), n_others, total))
    return found
