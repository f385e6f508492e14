"""The recipe's section `filter`: which documents are good enough."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, field_validator, model_validator

from corpus.settings import Flag, Settings, joined

if TYPE_CHECKING:
    from filters.decide import Settings as Decisive

DEFAULT_RULES = ("gopher_quality", "gopher_repetition", "c4", "fineweb")
_RULE_FILES = (".yaml", ".yml")
_LIMIT = re.compile(r"[a-z]\w*\.[a-z]\w*=(?!.*\.ya?ml$)")  # how a limit among rule sets begins

Limit = float | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class RuleSetPath:
    """Marks names of rule sets, which may be YAML files."""

    def placed(self, value: str, folder: str, section: Mapping[str, Any]) -> str:
        """Returns the path of a file, joined to the folder if it is relative; or the name."""
        return joined(value, folder) if value.lower().endswith(_RULE_FILES) else value


def _limit(text: str) -> Limit:
    """Parses a limit of a command line: a number, off, or a+b for a list."""
    if text == "off":
        return None
    try:
        return float(text)
    except ValueError:
        return tuple(text.split("+"))


def _known_languages(codes: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the codes. Raises ValueError for one that the language detector does not know."""
    if codes:
        from filters.signals.language import check

        check(codes)
    return codes


class OverrideSettings(Settings):
    """Rules and limits that apply to some documents only."""

    source: Annotated[str | None, Field(description="Applies to documents of this source")] = None
    language: Annotated[str | None, Field(description="Applies to documents in this language, an ISO 639 code")] = None
    rules: Annotated[
        tuple[str, ...] | None,
        Field(description="Rule sets for these documents, in place of the others"),
        RuleSetPath(),
    ] = None
    limits: Annotated[
        dict[str, Limit],
        Field(description="Limits for these documents: ruleset.rule: number, list, or null for off"),
    ] = {}  # noqa: RUF012 - pydantic copies it

    @field_validator("language")
    @classmethod
    def _known_language(cls, value: str | None) -> str | None:
        return value if value is None else _known_languages((value,))[0]


class FilterSettings(Settings):
    """Settings that decide which documents are good enough."""

    rules: Annotated[
        tuple[str, ...],
        Field(
            min_length=1,
            description="Rule sets that every document must pass: names, or YAML files of your own. Among them, "
            "ruleset.rule=number changes a limit, and ruleset.rule=off turns a rule off",
        ),
        RuleSetPath(),
        Flag("--rules", "A,B,..."),
    ] = DEFAULT_RULES
    languages: Annotated[
        tuple[str, ...], Field(description="ISO 639 codes of the languages that stay; every language if empty")
    ] = ()
    limits: Annotated[
        dict[str, Limit], Field(description="Limits to change: ruleset.rule: number, list, or null for off")
    ] = {}  # noqa: RUF012 - pydantic copies it
    overrides: Annotated[
        tuple[OverrideSettings, ...],
        Field(description="Other rules and limits for a source or a language; the last one wins"),
    ] = ()

    @model_validator(mode="before")
    @classmethod
    def _with_limits(cls, value: Any) -> Any:
        """Moves the limits among the rule sets, as a command line has them, to `limits`."""
        rules = value.get("rules") if isinstance(value, Mapping) else None
        if not isinstance(rules, list | tuple) or not all(isinstance(one, str) for one in rules):
            return value
        changed = [one.partition("=")[::2] for one in rules if _LIMIT.match(one)]
        if not changed or not isinstance(value.get("limits") or {}, Mapping):
            return value
        sets = [one for one in rules if not _LIMIT.match(one)]
        if not sets:
            raise ValueError(f"no rule set in {','.join(rules)!r}; name at least one, or a .yaml file")

        limits = dict(value.get("limits") or {})
        for name, limit in changed:
            if name in limits:
                raise ValueError(f"{name} has two limits; give one of them")
            limits[name] = _limit(limit.strip())
        return {**value, "rules": sets, "limits": limits}

    @field_validator("languages")
    @classmethod
    def _checked_languages(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _known_languages(value)

    def check(self) -> None:
        """Raises `UserError` for a rule or rule set that does not exist, or a limit that does not make sense."""
        self.decisive()

    def source_names(self) -> Iterator[tuple[str, str]]:
        """The sources of overrides."""
        for override in self.overrides:
            if override.source:
                yield "overrides", override.source

    def reason_names(self) -> Iterator[tuple[str, str]]:
        """The names of rule sets from files."""
        for name in (*self.rules, *(name for override in self.overrides for name in override.rules or ())):
            if name.lower().endswith(_RULE_FILES):
                yield "rules", PurePath(name).stem

    def decisive(self) -> "Decisive":
        """Returns the settings for `filters.decide`. Raises `UserError` for a rule or set that does not exist."""
        from filters.decide import Override, with_files
        from filters.decide import Settings as Decisive

        chosen, limits = list(self.rules), dict(self.limits)
        if self.languages:
            chosen = chosen if "language" in chosen else [*chosen, "language"]
            limits["language.allowed"] = tuple(self.languages)

        _, own = with_files([*chosen, *(name for override in self.overrides for name in override.rules or ())])
        overrides = tuple(
            Override(one.source, one.language, one.limits, None if one.rules is None else with_files(one.rules)[0])
            for one in self.overrides
        )
        return Decisive(with_files(chosen)[0], limits, overrides, own)
