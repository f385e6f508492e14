"""Published rule sets as named bounds on signals.

There is one module per rule set. Each has `RULES`, a docstring with its source, and `LANGUAGES` if its limits are for
some languages only. A new rule set is one new file and its name in `RULE_SETS`. A document breaks a rule if the value
is known and outside the limit. A limit of None turns the rule off; 0 is a limit like any other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Literal

import polars as pl

from corpus.errors import UserError, unknown

RULE_SETS = ("gopher_quality", "gopher_repetition", "c4", "fineweb", "code", "language")
VERSION = 3  # raise it when a decision changes for the same signals and limits

_CHANCE = 1e-12  # share of a limit: a computed value that is nearer to the limit counts as the limit itself
Bound = Literal["at_least", "at_most", "one_of"]
Limit = float | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Rule:
    """One bound on one signal. A document breaks it if the value is outside."""

    name: str
    signal: str  # a column of `signals`, or an expression over such columns
    bound: Bound
    limit: Limit  # a number, the allowed values of "one_of", or None: off
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
        """The value that is compared with the limit; null, which means unknown, if it cannot be computed."""
        if not self.is_expression:
            return pl.col(self.signal)
        value = pl.sql_expr(self.signal).cast(pl.Float64)
        return pl.when(value.is_finite()).then(value)

    @property
    def signals(self) -> list[str]:
        """The columns that it reads."""
        return sorted(set(self.value.meta.root_names()))

    def breaks(self, limit: pl.Expr) -> pl.Expr:
        """Returns an expression that is true if the signal is outside `limit`, a numeric expression.

        It is false if the value or the limit is unknown.
        """
        if self.is_expression:
            # Polars divides one row differently from many rows, so the last bit of a result is chance.
            slack = limit.abs() * _CHANCE
            limit = limit - slack if self.bound == "at_least" else limit + slack

        outside = self.value < limit if self.bound == "at_least" else self.value > limit
        return outside.fill_null(False)

    def describe(self) -> str:
        """Returns the rule as a person reads it: `n_plain_words >= 50`."""
        if isinstance(self.limit, tuple):
            return f"{self.signal} in {{{', '.join(self.limit)}}}"
        sign = ">=" if self.bound == "at_least" else "<="
        return f"{self.signal} {sign} {self.limit:g}" if self.limit is not None else f"{self.signal}: off"


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules under one name: a published set, or a set from a user's file (filters.own)."""

    name: str
    doc: str
    rules: tuple[Rule, ...]
    languages: tuple[str, ...] = ()  # ISO 639 codes of the languages that its limits were chosen on; () for any text
    path: str = ""  # the user's file

    def named(self) -> dict[str, Rule]:
        """Returns the rules by their full names, `ruleset.rule`."""
        return {f"{self.name}.{rule.name}": rule for rule in self.rules}


def at_least(name: str, signal: str, limit: float | None, doc: str) -> Rule:
    """Returns a lower bound. A document breaks it if signal < limit."""
    return Rule(name, signal, "at_least", limit, doc)


def at_most(name: str, signal: str, limit: float | None, doc: str) -> Rule:
    """Returns an upper bound. A document breaks it if signal > limit."""
    return Rule(name, signal, "at_most", limit, doc)


@lru_cache(maxsize=1)
def rules() -> dict[str, Rule]:
    """Returns every rule by its full name, `ruleset.rule`, in the order of `RULE_SETS`."""
    return {f"{name}.{rule.name}": rule for name in RULE_SETS for rule in rule_set(name)}


def rule_set(name: str) -> tuple[Rule, ...]:
    """Returns the rules of one set. Raises `UserError` with the nearest name if the set does not exist."""
    if name not in RULE_SETS:
        raise unknown("rule set", name, RULE_SETS)
    found: tuple[Rule, ...] = import_module(f"filters.rules.{name}").RULES
    return found


def languages(name: str) -> tuple[str, ...]:
    """Returns the ISO 639 codes of the languages that a set's limits were chosen on; () if they are for any text."""
    rule_set(name)
    found: tuple[str, ...] = getattr(import_module(f"filters.rules.{name}"), "LANGUAGES", ())
    return found


def rule(full_name: str) -> Rule:
    """Returns the rule `ruleset.rule`. Raises `UserError` with the nearest name if it does not exist."""
    return find(full_name, rules())


def find(full_name: str, known: Mapping[str, Rule]) -> Rule:
    """Returns the rule `full_name` of `known`. Raises `UserError` with the nearest name if it does not exist."""
    if "." not in full_name:
        near = [name for name in known if name.partition(".")[2] == full_name]
        hint = f"did you mean {near[0]!r}?" if near else "for example gopher_quality.min_words"
        raise UserError(f"rule {full_name!r} has no dot; write ruleset.rule; {hint}")
    if full_name not in known:
        raise unknown("rule", full_name, known)
    return known[full_name]
