"""Rule sets of the user's own, from YAML files, next to the published ones.

    # forum.yaml: the set is called `forum`
    doc: What we want of forum pages
    languages: [en]                                  # optional: that its limits were chosen on
    rules:
      min_words: {signal: n_plain_words, at_least: 80, doc: Short posts say little}
      max_digits: {signal: digit_fraction, at_most: 0.2}
      words_per_line: {signal: n_words / n_lines, at_least: 3}
      allowed: {signal: language, one_of: [en, de]}

A signal may be an expression over signals of one document: a small part of SQL, which Polars computes. Nothing in such
a file is executed.
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
_FUNCTIONS = frozenset(  # that see one document and no other
    "abs ceil floor round sign sqrt ln log2 log10 exp pow least greatest coalesce nullif case when then else end and "
    "or not is null between in".split()
)
_MOST_CHARACTERS = 300  # of an expression: a long one exhausts the parser's stack
_PROBE = (7.0, 2.0, 11.0)  # values of signals, by which an expression is tried


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
    if os.path.exists(path) and not os.path.isfile(path):
        raise UserError(f"rule set {path} is no file")
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the rule set {path}: {plainly(error)}") from error
    value, node = yaml_text.read(text, path)
    if not isinstance(value, dict) or "rules" not in value:
        raise UserError(f"{path} holds no rule set; it needs `rules:`, and docs/guides/filter.md shows one")
    try:
        own = _OwnSet.model_validate(value)
    except ValidationError as error:
        raise UserError(of_file(error, node, path, _OwnSet)) from error

    try:
        language.check(own.languages)
    except ValueError as error:
        raise UserError(f"{path} line {yaml_text.line(node, ['languages'])}: languages: {error}") from error

    for rule_name, one in own.rules.items():
        where = f"{path} line {yaml_text.line(node, ['rules', rule_name])}: rules.{rule_name}"
        if not _NAME.fullmatch(rule_name):
            raise UserError(f"{where}: a rule's name has small letters, digits and _, a letter first")
        _check_signal(one, where)
    return RuleSet(name, valid(own.doc), tuple(one.rule(n) for n, one in own.rules.items()), own.languages, path)


def _check_signal(one: _OwnRule, where: str) -> None:
    """Raises `UserError` for what is neither a signal nor an expression over signals of one document."""
    every = signals()
    if one.signal in every:
        is_text = every[one.signal].type == "string"
        if is_text != (one.one_of is not None):
            takes = "one_of" if is_text else "at_least or at_most"
            raise UserError(f"{where}: {one.signal} is {'text' if is_text else 'a number'} and takes {takes}")
        return
    if re.fullmatch(r"\w+", one.signal):
        raise UserError(f"{where}: {unknown('signal', one.signal, every)}")

    names = _names_in(one.signal, where, every)
    if not names or one.one_of is not None or any(every[name].type == "string" for name in names):
        raise UserError(f"{where}: {_short(one.signal)} must compute a number from signals that are numbers")
    _try(one.signal, names, where)


def _names_in(text: str, where: str, every: Mapping[str, Any]) -> list[str]:
    """The signals of an expression, which may have numbers, signs, comparisons and some functions besides.

    A list of what is allowed, since Polars' SQL has aggregates, windows and casts, by which a document's decision would
    depend on others, or end the process.
    """
    if len(text) > _MOST_CHARACTERS:
        raise UserError(f"{where}: the expression has {len(text):,} characters; at most {_MOST_CHARACTERS} are read")
    found, place = set(), 0
    while text[place:].strip():
        token = _TOKEN.match(text, place)
        if token is None:
            raise UserError(
                f"{where}: {_short(text)} has {text[place:].strip()[0]!r}, which no expression may have; "
                "allowed: signals, numbers, + - * / % ( ) , comparisons and functions"
            )
        place, name = token.end(), token["name"]
        if name is None or name.lower() in _FUNCTIONS:
            continue
        if name not in every:
            raise UserError(f"{where}: {unknown('signal or function', name, [*every, *_FUNCTIONS])}")
        found.add(name)
    return sorted(found)


def _try(text: str, names: list[str], where: str) -> None:
    """Computes an expression once, so that one that cannot be is told before a corpus is read."""
    frame = pl.DataFrame({name: [value + i for value in _PROBE] for i, name in enumerate(names)})
    try:
        height = frame.select(pl.sql_expr(text).cast(pl.Float64)).height
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # Polars' panics are no Exceptions
        raise UserError(f"{where}: {_short(text)} cannot be computed: {_first(error)}") from error
    if height != len(_PROBE):
        raise UserError(f"{where}: {_short(text)} must compute a number from signals that are numbers")


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:80]}…")


def _first(error: BaseException) -> str:
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
