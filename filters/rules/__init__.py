"""Published rule sets as named bounds on signals.

One module a rule set. Each has `RULES`, a docstring with its source, and `LANGUAGES` if its limits are for some. A new
rule set is one new file and its name in `RULE_SETS`. A rule breaks where its value is known and outside its limit; a
limit of None turns it off, 0 is a limit like any other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Literal

import polars as pl

from corpus.errors import UserError, unknown

RULE_SETS = ("gopher_quality", "gopher_repetition", "c4", "fineweb", "code", "language")
VERSION = 3  # raised when a decision would change for the same signals and limits

_CHANCE = 1e-12  # of a limit: nearer to it, what is computed counts as the limit itself
Bound = Literal["at_least", "at_most", "one_of"]
Limit = float | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Rule:
    """One bound on one signal: the document breaks it where the value lies outside."""

    name: str
    signal: str
    bound: Bound
    limit: Limit
    doc: str

    @property
    def is_expression(self) -> bool:
        """Whether the signal is an expression over signals."""
        return not self.signal.isidentifier()

    @property
    def is_share(self) -> bool:
        """Whether its signal is in [0, 1]."""
        return not self.is_expression and self.signal.endswith(("_fraction", "_probability"))

    @property
    def value(self) -> pl.Expr:
        """What is compared with the limit; unknown where it cannot be computed."""
        if not self.is_expression:
            return pl.col(self.signal)
        value = pl.sql_expr(self.signal).cast(pl.Float64)
        return pl.when(value.is_finite()).then(value)

    @property
    def signals(self) -> list[str]:
        """The columns that it reads."""
        return sorted(set(self.value.meta.root_names()))

    def breaks(self, limit: pl.Expr) -> pl.Expr:
        """True where the signal lies outside `limit`, a numeric expression; unknown values and limits break nothing."""
        if self.is_expression:
            # Polars divides one row in another way than many, so that the last bit is chance.
            slack = limit.abs() * _CHANCE
            limit = limit - slack if self.bound == "at_least" else limit + slack
        outside = self.value < limit if self.bound == "at_least" else self.value > limit
        return outside.fill_null(False)

    def describe(self) -> str:
        """The rule as a person reads it: `n_plain_words >= 50`."""
        if isinstance(self.limit, tuple):
            return f"{self.signal} in {{{', '.join(self.limit)}}}"
        sign = ">=" if self.bound == "at_least" else "<="
        return f"{self.signal} {sign} {self.limit:g}" if self.limit is not None else f"{self.signal}: off"


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules under one name: a published set, or one from a file of the user's (filters.own)."""

    name: str
    doc: str
    rules: tuple[Rule, ...]
    languages: tuple[str, ...] = ()  # ISO 639 codes of those that its limits were chosen on; () for any text
    path: str = ""

    def named(self) -> dict[str, Rule]:
        """The rules by their full names, `ruleset.rule`."""
        return {f"{self.name}.{rule.name}": rule for rule in self.rules}


def at_least(name: str, signal: str, limit: float | None, doc: str) -> Rule:
    """A lower bound: breaks where signal < limit."""
    return Rule(name, signal, "at_least", limit, doc)


def at_most(name: str, signal: str, limit: float | None, doc: str) -> Rule:
    """An upper bound: breaks where signal > limit."""
    return Rule(name, signal, "at_most", limit, doc)


@lru_cache(maxsize=1)
def rules() -> dict[str, Rule]:
    """Every rule by its full name, `ruleset.rule`, in the order of `RULE_SETS`."""
    return {f"{name}.{rule.name}": rule for name in RULE_SETS for rule in rule_set(name)}


def rule_set(name: str) -> tuple[Rule, ...]:
    """The rules of one set; raises `UserError` with the nearest name where there is none."""
    if name not in RULE_SETS:
        raise unknown("rule set", name, RULE_SETS)
    found: tuple[Rule, ...] = import_module(f"filters.rules.{name}").RULES
    return found


def languages(name: str) -> tuple[str, ...]:
    """ISO 639 codes of the languages that a set's limits were chosen on; () where they are for any text."""
    rule_set(name)
    found: tuple[str, ...] = getattr(import_module(f"filters.rules.{name}"), "LANGUAGES", ())
    return found


def rule(full_name: str) -> Rule:
    """The rule `ruleset.rule`; raises `UserError` with the nearest name where there is none."""
    return find(full_name, rules())


def find(full_name: str, known: Mapping[str, Rule]) -> Rule:
    """The rule of that name among those that are known; raises `UserError` with the nearest where there is none."""
    if "." not in full_name:
        raise UserError(f"rule {full_name!r} has no dot; write ruleset.rule, e.g. gopher_quality.min_words")
    if full_name not in known:
        raise unknown("rule", full_name, known)
    return known[full_name]
