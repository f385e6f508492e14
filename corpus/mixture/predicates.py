"""SQL predicates over documents: which columns they may name, and which of them a predicate reads."""

import re
from functools import lru_cache
from typing import Any

import polars as pl

from corpus.errors import UserError, unknown

DOCUMENT: dict[str, Any] = {
    "id": pl.String, "source": pl.String, "uri": pl.String, "license": pl.String, "text": pl.String,
    "domain": pl.String, "tokens": pl.Int64,
}  # fmt: skip
_AGGREGATES = re.compile(r"\.(max|min|sum|mean|median|count|len|std|var|first|last|n_unique|over|quantile|rank)\(")


@lru_cache(maxsize=64)
def predicate(text: str) -> pl.Expr:
    """Returns a predicate as an expression; raises `UserError` for one that is not SQL."""
    try:
        return pl.sql_expr(text)
    except (pl.exceptions.PolarsError, ValueError) as error:
        raise UserError(f"predicate {text!r} is not SQL: {str(error).splitlines()[0]}") from error


def columns(expressions: list[pl.Expr]) -> set[str]:
    """Returns the names that some expressions read."""
    return {name for expression in expressions for name in expression.meta.root_names()}


def check(text: str, signals: dict[str, Any]) -> None:
    """Raises `UserError` if a predicate names a column that does not exist, or is neither true nor false."""
    known = DOCUMENT | {name: kind for name, kind in signals.items() if name not in DOCUMENT}
    expression = predicate(text)
    for name in sorted(columns([expression])):
        if name not in known:
            raise UserError(f"predicate {text!r}: {unknown('column', name, known)}")
    try:
        kind = pl.DataFrame(schema=known).select(_=expression).schema["_"]
    except pl.exceptions.PolarsError as error:
        raise UserError(f"predicate {text!r}: {str(error).splitlines()[0]}") from error
    if _AGGREGATES.search(str(expression)):
        raise UserError(
            f"predicate {text!r} compares a document with others (min, max, count, ...); it sees one at a time"
        )
    if kind != pl.Boolean:
        raise UserError(f"predicate {text!r} is neither true nor false: its value is of type {kind}")


def domain(uri: pl.Expr) -> pl.Expr:
    """Returns the host of a URL, in lower case and without a leading www.; '' for what is no URL."""
    host = uri.str.extract(r"^[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#:]+)").str.to_lowercase()
    return host.str.strip_prefix("www.").fill_null("")
