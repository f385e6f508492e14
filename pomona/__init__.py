"""Pomona in Python: the commands of the command line as functions.

The import is quick: each function imports the libraries that it needs when it is called.

    import pomona

    pomona.run("recipe.yaml")
    lake = pomona.open("./lake")
    pomona.kept(lake)                     # a Polars lazy frame
    pomona.explain(lake, "page.html")     # why a document is in the corpus or not
    pomona.report(lake)                   # a page, shown in a notebook

docs/guides/python.md shows them all.
"""

from typing import TYPE_CHECKING, Any

from pomona.api.ablations import ablate, ablations
from pomona.api.documents import contamination, duplicates, explain, kept, near_misses, overview, similar, sql
from pomona.api.judgements import judge, studies
from pomona.api.lakes import open, report
from pomona.api.recipes import Recipe, plan, run, status
from pomona.api.rules import compare_rules, sweep_rule
from pomona.api.scores import compare, leaderboard, score, scores
from pomona.api.stages import decontam, dedup, drop, export, filter, ingest, run_section, signals
from pomona.api.training import (
    distill,
    forget,
    forgotten,
    losses,
    mix,
    mixture,
    prune,
    runs,
    tokenize,
    trace,
    train,
    train_tokenizer,
)  # fmt: skip
from pomona.version import __version__

if TYPE_CHECKING:
    from corpus.errors import UserError
    from corpus.lake import Lake

__all__ = [
    "Lake", "Recipe", "UserError", "__version__", "ablate", "ablations", "compare", "compare_rules", "contamination",
    "decontam", "dedup", "distill", "drop", "duplicates", "explain", "export", "filter", "forget", "forgotten",
    "ingest", "judge", "kept", "leaderboard", "losses", "mix", "mixture", "near_misses", "open", "overview", "plan",
    "prune", "report", "run", "run_section", "runs", "score", "scores", "signals", "similar", "sql", "status",
    "studies", "sweep_rule", "tokenize", "trace", "train", "train_tokenizer",
]  # fmt: skip

_HEAVY = {"Lake": "corpus.lake", "UserError": "corpus.errors"}


def __getattr__(name: str) -> Any:
    """Imports a class when it is first used, because its module takes long to import."""
    from importlib import import_module

    if name in _HEAVY:
        return getattr(import_module(_HEAVY[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
