"""Rule sets that decide on languages that they were not made for: said once a run, so that none is lost in silence."""

import polars as pl

from corpus.lake import Lake
from filters import unspaced
from filters.decide import Settings

_SURE = 0.65  # probability of a language that counts
_LEAST_SHARE = 0.01  # of the documents, that is worth a line: the detector errs for some
_MOST_NAMED = 6


def warning(lake: Lake, settings: Settings) -> str | None:
    """A line on documents in languages for which no limits were chosen, or None."""
    made_for: dict[tuple[str, ...], list[str]] = {}
    for name in settings.rule_sets:
        if codes := settings.languages(name):
            made_for.setdefault(codes, []).append(name)
    if not made_for:
        return None

    known = pl.col("language_probability") >= _SURE
    counts = lake.scan("signals").filter(known).group_by("language").agg(n=pl.len()).collect(engine="streaming")
    asked = {override.language for override in settings.overrides if override.language}
    settled = asked | unspaced.limits().keys() | {"und"}
    lines = []
    for codes, names in made_for.items():
        others = counts.filter(~pl.col("language").is_in([*codes, *settled]))
        others = others.sort("n", "language", descending=[True, False])
        if int(others["n"].sum()) > _LEAST_SHARE * int(counts["n"].sum()):
            lines.append(_line(names, codes, others, int(counts["n"].sum())))
    return "\n".join(lines) or None


def _line(names: list[str], codes: tuple[str, ...], others: pl.DataFrame, total: int) -> str:
    n = int(others["n"].sum())
    named = ", ".join(f"{language} {count:,}" for language, count in others.head(_MOST_NAMED).rows())
    more = ", ..." if len(others) > _MOST_NAMED else ""
    return (
        f"warning: the limits of {', '.join(names)} were chosen on {', '.join(codes)}; {n:,} of the {total:,} documents"
        f" whose language is sure are in others ({named}{more}); set limits for them by `overrides` with a language in "
        "a recipe"
    )
