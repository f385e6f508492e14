"""The user's own rule sets, from YAML files, in addition to the published ones.

    # forum.yaml: the set is called `forum`
    doc: What we want of forum pages
    languages: [en]                                  # optional: on which its limits were chosen
    rules:
      min_words: {signal: n_plain_words, at_least: 80, doc: Short posts say little}
      max_digits: {signal: digit_fraction, at_most: 0.2}
      words_per_line: {signal: n_words / n_lines, at_least: 3}
      allowed: {signal: language, one_of: [en, de]}

A signal may be an expression over signals of one document, in a small part of SQL, which Polars computes. Nothing in
such a file is executed as code.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from corpus import yaml_text
from corpus.errors import UserError, plainly, unknown
from corpus.model_errors import of_file
from corpus.text.strings import valid
from filters.rules import RULE_SETS, Rule, RuleSet
from filters.signals import language, signals

SUFFIXES = (".yaml", ".yml")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TOKEN = re.compile(r"\s*(?:(?P<name>[A-Za-z_]\w*)|\d+(?:\.\d+)?|<=|>=|<>|!=|/(?!/)|[-+*%(),<>=])")
_FUNCTIONS = frozenset(  # functions that read only one document
    "abs ceil floor round sign sqrt ln log2 log10 exp pow least greatest coalesce nullif case when then else end and "
    "or not is null between in".split()
)
_MOST_CHARACTERS = 300  # of an expression: a long one exhausts the parser's stack
_PROBE = (7.0, 2.0, 11.0)  # values of signals with which an expression is tried


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
            listed = " and ".join(given) or "none of them"
            raise ValueError(f"takes one of at_least, at_most and one_of; it has {listed}")
        return self

    def rule(self, name: str) -> Rule:
        """Returns the rule in the form of the published sets."""
        if self.one_of is not None:
            return Rule(name, self.signal, "one_of", self.one_of, valid(self.doc))
        if self.at_least is not None:
            return Rule(name, self.signal, "at_least", self.at_least, valid(self.doc))
        return Rule(name, self.signal, "at_most", self.at_most, valid(self.doc))


class _OwnSet(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    doc: str = ""
    languages: tuple[str, ...] = ()
    rules: Annotated[dict[str, _OwnRule], Field(min_length=1)]


def is_file(name: str) -> bool:
    """Returns whether a name of a rule set is the path of a file."""
    return name.lower().endswith(SUFFIXES)


def set_name(path: str) -> str:
    """Returns the name of the rule set in a file. Raises `UserError` for a name that a rule set cannot have."""
    name = Path(path).stem
    if not _NAME.fullmatch(name):
        raise UserError(
            f"rule set {path}: the file's name is the name of the set, and {name!r} is not allowed; "
            "use lowercase letters, digits and _, and begin with a letter"
        )
    if name in RULE_SETS:
        raise UserError(f"rule set {path}: {name!r} is the name of a published set; give the file another name")
    return name


def load(path: str) -> RuleSet:
    """Returns the rule set in a file. Raises a `UserError` that names the file, the line and the allowed values."""
    name = set_name(path)
    if os.path.exists(path) and not os.path.isfile(path):
        raise UserError(f"rule set {path} is not a file")
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the rule set {path}: {plainly(error)}") from error
    value, node = yaml_text.read(text, path)
    if not isinstance(value, dict) or "rules" not in value:
        raise UserError(f"rule set {path} has no `rules:`; docs/guides/filter.md shows an example")
    try:
        own = _OwnSet.model_validate(value)
    except ValidationError as error:
        raise UserError(of_file(error, node, path, _OwnSet)) from error

    try:
        language.check(own.languages)
    except ValueError as error:
        raise UserError(f"{path} line {yaml_text.line(node, ['languages'])}: languages: {error}") from error

    for rule_name, rule in own.rules.items():
        where = f"{path} line {yaml_text.line(node, ['rules', rule_name])}: rules.{rule_name}"
        if not _NAME.fullmatch(rule_name):
            raise UserError(f"{where}: a rule's name has lowercase letters, digits and _, and begins with a letter")
        _check_signal(rule, where)
    return RuleSet(name, valid(own.doc), tuple(rule.rule(n) for n, rule in own.rules.items()), own.languages, path)


def _check_signal(rule: _OwnRule, where: str) -> None:
    """Raises `UserError` if a rule's signal is neither a signal nor an expression over signals of one document."""
    every = signals()
    if rule.signal in every:
        is_text = every[rule.signal].type == "string"
        if is_text != (rule.one_of is not None):
            takes = "one_of" if is_text else "at_least or at_most"
            raise UserError(f"{where}: {rule.signal} is {'text' if is_text else 'a number'} and takes {takes}")
        return
    if re.fullmatch(r"\w+", rule.signal):
        raise UserError(f"{where}: {unknown('signal', rule.signal, every)}")

    names = _names_in(rule.signal, where, every)
    if not names or rule.one_of is not None or any(every[name].type == "string" for name in names):
        raise UserError(f"{where}: {_short(rule.signal)} must compute a number from signals that are numbers")
    _try(rule.signal, names, where)


def _names_in(text: str, where: str, every: Mapping[str, Any]) -> list[str]:
    """Returns the signals of an expression, which may also have numbers, signs, comparisons and some functions.

    Only a list of elements is allowed, because Polars' SQL has aggregates, windows and casts. With these, a document's
    decision would depend on other documents, or the process would end.
    """
    if len(text) > _MOST_CHARACTERS:
        raise UserError(f"{where}: the expression has {len(text):,} characters; at most {_MOST_CHARACTERS} are read")
    names, place = set(), 0
    while text[place:].strip():
        token = _TOKEN.match(text, place)
        if token is None:
            raise UserError(
                f"{where}: {_short(text)} has {text[place:].strip()[0]!r}, which is not allowed in an expression; "
                "allowed: signals, numbers, + - * / % ( ) , comparisons and functions"
            )
        place, name = token.end(), token["name"]
        if name is None or name.lower() in _FUNCTIONS:
            continue
        if name not in every:
            raise UserError(f"{where}: {unknown('signal or function', name, [*every, *_FUNCTIONS])}")
        names.add(name)
    return sorted(names)


def _try(text: str, names: list[str], where: str) -> None:
    """Computes an expression once, so that an error is reported before a corpus is read."""
    frame = pl.DataFrame({name: [value + i for value in _PROBE] for i, name in enumerate(names)})
    try:
        height = frame.select(pl.sql_expr(text).cast(pl.Float64)).height
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # Polars' panics are not an Exception
        raise UserError(f"{where}: {_short(text)} cannot be computed: {_first(error)}") from error
    if height != len(_PROBE):
        raise UserError(f"{where}: {_short(text)} must compute a number from signals that are numbers")


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:80]}…")


def _first(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def as_config(sets: tuple[RuleSet, ...]) -> dict[str, Any]:
    """Returns own sets as a lineage keeps them: with enough to say what each rule means without its file."""
    return {
        own.name: {"doc": own.doc, "languages": list(own.languages), "rules": [asdict(rule) for rule in own.rules]}
        for own in sets
    }


def from_config(config: Mapping[str, Any]) -> dict[str, Rule]:
    """Returns the rules of own sets in a lineage's settings, by full name."""
    own: Mapping[str, Any] = config.get("own") or {}
    return {
        f"{name}.{fields['name']}": Rule(**{**fields, "limit": _limit(fields["limit"])})
        for name, kept in own.items()
        for fields in kept["rules"]
    }


def _limit(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
