"""Rules of guardrails: words that must not be asked for, or must not be answered. A YAML file, with what differs by
feature.

Source: AFM, arXiv 2407.21075 (paper section 8): inputs and outputs of each feature are looked at around the model, with
overrides by feature, and a first, cheap layer is lists of patterns that block or replace.

    rules:
      - {name: bombs, category: weapons, where: prompt, action: refuse, phrases: [build a bomb]}
      - {name: phones, category: privacy, where: answer, action: replace, pattern: '\\b\\d{3}-\\d{4}\\b'}
    features:
      summaries: {without: [bombs], add: [...]}

Patterns are read by an engine that goes through a text once, whatever the pattern (Rust's `regex`, through polars). So
no rule can hang. What needs backtracking, lookaround and back references, is refused.
"""

from pathlib import Path
from typing import Annotated, Literal

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from corpus import yaml_text
from corpus.errors import UserError, plainly, unknown
from corpus.model_errors import of_file
from corpus.settings import NAME
from corpus.task import digest
from eval_suites.safety import refusals, taxonomy

VERSION = 1  # raise it when the same rules would do something else
REFUSAL = "I'm sorry, but I can't help with that."
_PATTERN, _PHRASES, _RULES = 1_000, 1_000, 1_000  # characters of a pattern, phrases of a rule, rules
_REASON = 160  # characters of what the engine says of a pattern
_STRICT = ConfigDict(frozen=True, extra="forbid")


class Rule(BaseModel):
    """What is looked for, where, and what happens then."""

    model_config = _STRICT

    name: Annotated[str, Field(pattern=NAME)]
    category: Annotated[str, Field(description="Category of the taxonomy")]
    where: Annotated[Literal["prompt", "answer"], Field(description="Before the model is asked, or after")]
    action: Annotated[
        Literal["refuse", "replace", "flag"],
        Field(description="Give the refusal in place of an answer, replace the matched words, or only count"),
    ]
    phrases: Annotated[tuple[str, ...], Field(max_length=_PHRASES, description="Words, in any case")] = ()
    pattern: Annotated[str, Field(max_length=_PATTERN, description="A regular expression; (?i) for any case")] = ""
    replacement: Annotated[str, Field(max_length=200)] = "[removed]"

    @field_validator("category")
    @classmethod
    def _is_known(cls, value: str) -> str:
        return taxonomy.category(value).name

    @model_validator(mode="after")
    def _makes_sense(self) -> "Rule":
        if not self.phrases and not self.pattern:
            raise ValueError(f"rule {self.name} needs phrases or a pattern")
        if any(not one.strip() for one in self.phrases):
            raise ValueError(f"rule {self.name} has an empty phrase")
        if self.action == "replace" and self.where == "prompt":
            raise ValueError(f"rule {self.name} cannot replace in a prompt; it can refuse or flag")
        try:
            matches_nothing = pl.Series([""]).str.contains(self.expression).item()
        except pl.exceptions.ComputeError as error:
            why = " ".join(str(error).split())[-_REASON:]
            raise ValueError(f"rule {self.name} has a pattern that cannot be used: {why}") from error
        if matches_nothing:
            raise ValueError(f"rule {self.name} has a pattern that matches an empty text, and so every text")
        return self

    @property
    def expression(self) -> str:
        """The phrases and the pattern as one pattern. A blank in a phrase is any blanks; phrases are whole words."""
        parts = [_of_phrase(one) for one in self.phrases] + ([f"(?:{self.pattern})"] if self.pattern else [])
        return "|".join(parts)


class Feature(BaseModel):
    """How the rules differ for a feature."""

    model_config = _STRICT

    # Not `off`, which YAML reads as false.
    without: Annotated[tuple[str, ...], Field(description="Rules that do not hold here")] = ()
    add: Annotated[tuple[Rule, ...], Field(max_length=_RULES, description="Rules that hold only here")] = ()
    refusal: Annotated[str, Field(description="What is answered here in place of an answer")] = ""


class Guardrails(BaseModel):
    """A file of rules."""

    model_config = _STRICT

    refusal: Annotated[str, Field(description="What is answered in place of an answer")] = REFUSAL
    rules: Annotated[tuple[Rule, ...], Field(max_length=_RULES)] = ()
    features: dict[str, Feature] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _fit_together(self) -> "Guardrails":
        names = [one.name for one in self.rules]
        _refuse_repeated(names, "the rules")
        for name, feature in self.features.items():
            for one in feature.without:
                if one not in names:
                    raise unknown(f"rule in without of feature {name}", one, names)
            left = [one for one in names if one not in feature.without]
            _refuse_repeated([*left, *(one.name for one in feature.add)], f"feature {name}")
        for text in (self.refusal, *(one.refusal for one in self.features.values() if one.refusal)):
            if refusals.read(text).kind != "refusal":
                raise ValueError(f"refusal {text[:60]!r} would be scored as an answer; write one like {REFUSAL!r}")
        return self


class Chosen(BaseModel):
    """The rules that hold for a feature."""

    model_config = _STRICT

    feature: str
    refusal: str
    rules: tuple[Rule, ...]

    @property
    def key(self) -> str:
        """Stands for all that they do."""
        return digest([VERSION, self.model_dump(mode="json")])


def load(name: str, feature: str | None = None) -> Chosen:
    """Returns the rules of a YAML file for a feature, or without one; raises `UserError` for a file that is no good."""
    path = Path(name).expanduser()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"guardrails {name}: {plainly(error)}") from error
    value, node = yaml_text.read(text, name)
    if not isinstance(value, dict):
        raise UserError(f"{name} does not hold guardrails: it needs rules")
    try:
        return choose(Guardrails.model_validate(value), feature)
    except ValidationError as error:
        raise UserError(of_file(error, node, name, Guardrails)) from error


def choose(guardrails: Guardrails, feature: str | None = None) -> Chosen:
    """Returns the rules that hold for a feature; without one, those that hold where nothing else is said."""
    if feature is None:
        return Chosen(feature="", refusal=guardrails.refusal, rules=guardrails.rules)
    if feature not in guardrails.features:
        raise unknown("feature", feature, guardrails.features)
    differs = guardrails.features[feature]
    rules = [one for one in guardrails.rules if one.name not in differs.without]
    return Chosen(feature=feature, refusal=differs.refusal or guardrails.refusal, rules=(*rules, *differs.add))


def _of_phrase(phrase: str) -> str:
    words = r"\s+".join(pl.escape_regex(one) for one in phrase.split())
    begins, ends = phrase.strip()[0], phrase.strip()[-1]
    return f"(?i:{_edge(begins)}{words}{_edge(ends)})"


def _edge(character: str) -> str:
    return r"\b" if character.isalnum() or character == "_" else ""


def _refuse_repeated(names: list[str], where: str) -> None:
    repeated = next((one for i, one in enumerate(names) if one in names[:i]), None)
    if repeated is not None:
        raise ValueError(
            f"{where} have {repeated!r} twice; leave the first one out with `without`, or give another name"
        )
