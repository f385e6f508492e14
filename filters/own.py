"""Rule sets of the user's own, from YAML files, next to the published ones.

    # forum.yaml: the set is called `forum`
    doc: What we want of forum pages
    languages: [en]                                  # optional: that its limits were chosen on
    rules:
      min_words: {signal: n_plain_words, at_least: 80, doc: Short posts say little}
      max_digits: {signal: digit_fraction, at_most: 0.2}
      words_per_line: {signal: n_words / n_lines, at_least: 3}
      allowed: {signal: language, one_of: [en, de]}

A signal may be an expression of SQL over signals of one document, which Polars computes. Nothing in such a file is
executed: an expression reads columns and no more.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from corpus import yaml_text
from corpus.errors import UserError, unknown
from corpus.model_errors import of_file
from filters.rules import RULE_SETS, Rule, RuleSet
from filters.signals import signals

SUFFIXES = (".yaml", ".yml")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PROBE = ((7.0, 3.0), (2.0, 5.0), (11.0, 13.0))  # values of signals, by which an expression is tried


class _OwnRule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    signal: Annotated[str, Field(min_length=1)]
    at_least: Annotated[float | None, Field(allow_inf_nan=False)] = None
    at_most: Annotated[float | None, Field(allow_inf_nan=False)] = None
    one_of: Annotated[tuple[str, ...] | None, Field(min_length=1)] = None
    doc: str = ""

    @model_validator(mode="after")
    def _one_bound(self) -> "_OwnRule":
        given = [name for name in ("at_least", "at_most", "one_of") if getattr(self, name) is not None]
        if len(given) != 1:
            came = " and ".join(given) or "none of them"
            raise ValueError(f"takes one of at_least, at_most and one_of; it has {came}")
        return self

    def rule(self, name: str) -> Rule:
        """As the published sets have it."""
        if self.one_of is not None:
            return Rule(name, self.signal, "one_of", self.one_of, self.doc)
        if self.at_least is not None:
            return Rule(name, self.signal, "at_least", self.at_least, self.doc)
        return Rule(name, self.signal, "at_most", self.at_most, self.doc)


class _OwnSet(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    doc: str = ""
    languages: tuple[str, ...] = ()
    rules: Annotated[dict[str, _OwnRule], Field(min_length=1)]


def is_file(name: str) -> bool:
    """Whether a name among rule sets is that of a file."""
    return name.lower().endswith(SUFFIXES)


def set_name(path: str) -> str:
    """What the set in a file is called; raises `UserError` for a name that rules cannot have."""
    name = Path(path).stem
    if not _NAME.fullmatch(name):
        raise UserError(
            f"rule set {path}: a set is called as its file, and {name!r} is no name for it; "
            "write small letters, digits and _, a letter first"
        )
    if name in RULE_SETS:
        raise UserError(f"rule set {path}: there is a published set {name!r}; give the file another name")
    return name


def load(path: str) -> RuleSet:
    """The rule set in a file; raises `UserError` that names the file, the line and what is allowed."""
    name = set_name(path)
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the rule set {path}: {error}") from error
    value, node = yaml_text.read(text, path)
    if not isinstance(value, dict) or "rules" not in value:
        raise UserError(f"{path} holds no rule set; it needs `rules:`, and docs/guides/filter.md shows one")
    try:
        own = _OwnSet.model_validate(value)
    except ValidationError as error:
        raise UserError(of_file(error, node, path, _OwnSet)) from error

    for rule_name, one in own.rules.items():
        where = f"{path} line {yaml_text.line(node, ['rules', rule_name])}: rules.{rule_name}"
        if not _NAME.fullmatch(rule_name):
            raise UserError(f"{where}: a rule's name has small letters, digits and _, a letter first")
        _check_signal(one, where)
    return RuleSet(name, own.doc, tuple(one.rule(n) for n, one in own.rules.items()), own.languages, path)


def _check_signal(one: _OwnRule, where: str) -> None:
    """Raises `UserError` for what is neither a signal nor an expression over signals of one document."""
    known = signals()
    if one.signal in known:
        is_text = known[one.signal].type == "string"
        if is_text != (one.one_of is not None):
            takes = "one_of" if is_text else "at_least or at_most"
            raise UserError(f"{where}: {one.signal} is {'text' if is_text else 'a number'} and takes {takes}")
        return
    if re.fullmatch(r"\w+", one.signal):
        raise UserError(f"{where}: {unknown('signal', one.signal, known)}")

    try:
        expression = pl.sql_expr(one.signal)
        names = sorted(set(expression.meta.root_names()))
    except Exception as error:  # Polars has many, and panics in some
        raise UserError(f"{where}: {one.signal!r} is no expression: {_first(error)}") from error
    for name in names:
        if name not in known:
            raise UserError(f"{where}: {unknown('signal', name, known)}")
    if not names or one.one_of is not None or any(known[name].type == "string" for name in names):
        raise UserError(f"{where}: {one.signal!r} must compute a number from signals that are numbers")
    _try(one.signal, expression, names, where)


def _try(text: str, expression: pl.Expr, names: list[str], where: str) -> None:
    """Computes an expression for some documents together and one by one: it must give each its own number."""
    rows = [{name: values[i % 2] + i // 2 for i, name in enumerate(names)} for values in _PROBE]
    try:
        together = [pl.DataFrame(rows).select(value=expression)["value"].cast(pl.Float64).to_list()]
        alone = [pl.DataFrame([row]).select(value=expression)["value"].cast(pl.Float64).to_list() for row in rows]
    except Exception as error:
        raise UserError(f"{where}: {text!r} cannot be computed: {_first(error)}") from error
    if together[0] != [value for one in alone for value in one]:
        raise UserError(f"{where}: {text!r} looks at more than one document; a rule decides on each by itself")


def _first(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def as_config(sets: tuple[RuleSet, ...]) -> dict[str, Any]:
    """What a lineage keeps of own sets: enough to say what each rule means without its file."""
    return {
        own.name: {"doc": own.doc, "languages": list(own.languages), "rules": [asdict(rule) for rule in own.rules]}
        for own in sets
    }


def from_config(config: Mapping[str, Any]) -> dict[str, Rule]:
    """The rules of own sets in a lineage's settings, by full name."""
    own: Mapping[str, Any] = config.get("own") or {}
    return {
        f"{name}.{fields['name']}": Rule(**{**fields, "limit": _limit(fields["limit"])})
        for name, kept in own.items()
        for fields in kept["rules"]
    }


def _limit(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
