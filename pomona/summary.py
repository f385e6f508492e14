"""Summarizes the result of a run in a few lines: how much is kept, and the reasons for the drops."""

import os
import shlex
from collections.abc import Mapping, Sequence

import polars as pl

from corpus.errors import counted
from corpus.lake import Lake
from pomona import kept_documents, output, standing
from pomona.runner import Outcome
from pomona.stages import decided

_MOST_REASONS = 5


def items(outcome: Outcome) -> str:
    """Says how many work items ran, and how many were reused: `3 run, 118 reused`."""
    reused = outcome.items - outcome.items_run
    counts = [f"{outcome.items_run:,} run"] * bool(outcome.items_run) + [f"{reused:,} reused"] * bool(reused)
    return ", ".join(counts)


def table(outcomes: Sequence[Outcome]) -> str:
    """Formats one line per stage: what ran, rows and seconds."""
    rows = [(o.stage, o.state, items(o), rows_text(o.rows), round(o.seconds, 2)) for o in outcomes]
    return output.table(rows, ("stage", "", "work items", "rows", "seconds"))


def rows_text(rows: Mapping[str, int]) -> str:
    """Formats the rows of each table: `12 documents, 1 rejects`."""
    return ", ".join(f"{n:,} {name}" for name, n in rows.items())


def reasons(lake: Lake, slot: str, most: int = _MOST_REASONS) -> list[tuple[str, int, int]]:
    """Returns (reason, documents, documents that only this reason drops) of a stage, the most frequent first."""
    dropped = lake.scan("decisions", slot=slot).filter(~pl.col("kept")).select("reasons")
    each = dropped.with_columns(alone=pl.col("reasons").list.len() == 1).explode("reasons")
    counts = each.group_by("reasons").agg(n=pl.len(), alone=pl.col("alone").sum())
    ordered = counts.sort("n", "reasons", descending=[True, False]).head(most)
    return [(str(reason), int(n), int(alone)) for reason, n, alone in ordered.collect(engine="streaming").rows()]


def main_reasons(counts: list[tuple[str, int, int]]) -> str:
    """Formats the main `reasons` of a stage as lines; '' if it dropped nothing."""
    lines = [f"  {reason}: {counted(n, 'document')}, {alone:,} only for this reason" for reason, n, alone in counts]
    return "\n".join(["main reasons:", *lines]) if lines else ""


def closing(lake: Lake) -> str:
    """Says how many documents and words are kept, and what to run next."""
    with lake.snapshot():
        return _closing(lake)


def _closing(lake: Lake) -> str:
    n = sum(part.n_rows for part in lake.parts("documents"))
    if standing.out_of_date(lake):
        return f"{n:,} documents; some stages are out of date, see `pomona status RECIPE`"
    ids = kept_documents.ids(lake)
    kept = ids.select(pl.len()).collect(engine="streaming").item()
    words = lake.scan("signals").select("id", "n_words").join(ids, on="id", how="semi")
    n_words = words.select(pl.col("n_words").sum()).collect(engine="streaming").item() or 0
    size = f"{n_words / 1e6:.1f} M words" if n_words >= 1e5 else f"{n_words:,} words"
    option = _option(lake)
    if not kept and n:
        slots = decided(lake)
        dropping = max(slots, key=lambda slot: sum(count for _, count, _ in reasons(lake, slot)))
        return f"none of {counted(n, 'document')} is kept; {main_reasons(reasons(lake, dropping))}"
    studies = f", pomona ablations{option}" if lake.exists("ablations") else ""
    return (
        f"{kept:,} of {n:,} documents kept, {size}; "
        f"next: pomona report{option}{studies}, pomona export --out FOLDER{option}"
    )


def _option(lake: Lake) -> str:
    """Returns `--lake` as the next command needs it; '' if the command finds the lake without it."""
    default = os.environ.get("POMONA_LAKE") or "./lake"
    is_default = default == lake.url if "://" in lake.url else os.path.abspath(default) == lake.root
    return "" if is_default else f" --lake {shlex.quote(os.path.relpath(lake.root) if lake.is_local else lake.url)}"
