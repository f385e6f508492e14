"""Signals and rules to decisions. No text is read: a changed threshold re-decides a corpus in seconds."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from corpus.errors import UserError
from filters import unspaced
from filters.rules import RULE_SETS, Limit, Rule, rule, rule_set, rules

STAGE = "filter"


@dataclass(frozen=True, slots=True)
class Override:
    """Limits, and rule sets, that hold for some documents only: those of a source, of a language, or of both."""

    source: str | None = None
    language: str | None = None
    limits: Mapping[str, Limit] = field(default_factory=dict)
    rules: tuple[str, ...] | None = None

    @property
    def applies(self) -> pl.Expr:
        """True for the documents it holds for."""
        applies = pl.lit(True)
        if self.source is not None:
            applies &= pl.col("source") == self.source
        if self.language is not None:
            applies &= pl.col("language") == self.language
        return applies


@dataclass(frozen=True, slots=True)
class Settings:
    """Which rule sets decide, and with which limits; later overrides win."""

    rule_sets: tuple[str, ...]
    limits: Mapping[str, Limit] = field(default_factory=dict)
    overrides: tuple[Override, ...] = ()

    def __post_init__(self) -> None:
        chosen = set(self.rule_sets).union(*(override.rules or () for override in self.overrides))
        for name in chosen:
            rule_set(name)
        for limits in (self.limits, *(override.limits for override in self.overrides)):
            for name, limit in limits.items():
                _check_limit(name, limit)
                if name.split(".")[0] not in chosen:
                    raise UserError(f"a limit is set for {name!r}, but its rule set is not among {sorted(chosen)}")

    @property
    def rules(self) -> dict[str, Rule]:
        """The rules that can decide for some document, by full name, in the order of their sets."""
        chosen = set(self.rule_sets).union(*(override.rules or () for override in self.overrides))
        return {name: rule for name, rule in rules().items() if name.split(".")[0] in chosen}

    @property
    def signals(self) -> list[str]:
        """The columns that the rules and overrides read."""
        read = {rule.signal for rule in self.rules.values()}
        by_language = any(override.language for override in self.overrides) or bool(self.language_limits)
        return sorted(read | {"language"} if by_language else read)

    @property
    def language_limits(self) -> dict[str, dict[str, Limit]]:
        """For each language the defaults of these rules that differ there, where no limit was asked for."""
        wanted = self.rules.keys() - self.limits.keys()
        found = {
            language: {n: own[n] for n in sorted(own.keys() & wanted)} for language, own in unspaced.limits().items()
        }
        return {language: own for language, own in found.items() if own}

    def limit(self, name: str) -> Limit:
        """The limit of a rule where no override applies; None where its set is off."""
        if name.split(".")[0] not in self.rule_sets:
            return None
        return self.limits.get(name, rule(name).limit)


def parse(spec: str) -> Settings:
    """Settings from `gopher_quality,c4,gopher_quality.min_words=30`: rule sets, and limits to change.

    `off` as a limit turns a rule off. Raises `UserError` for a name that is no rule set or rule, or a bad number.
    """
    sets: list[str] = []
    limits: dict[str, Limit] = {}
    for part in filter(None, (part.strip() for part in spec.split(","))):
        name, equals, value = part.partition("=")
        if equals:
            limits[name] = _parse_limit(name, value)
        elif name not in sets:
            rule_set(name)
            sets.append(name)
    if not sets:
        raise UserError(f"no rule set in {spec!r}; name at least one of {', '.join(RULE_SETS)}")
    return Settings(tuple(sets), limits)


def _parse_limit(name: str, value: str) -> Limit:
    if value == "off":
        return None
    if rule(name).bound == "one_of":
        return tuple(value.split("+"))
    try:
        return float(value)
    except ValueError:
        raise UserError(f"{name} takes a number or off, got {value!r}") from None


def _check_limit(name: str, limit: Limit) -> None:
    wants_names = rule(name).bound == "one_of"
    if limit is not None and wants_names != isinstance(limit, tuple):
        raise UserError(f"{name} takes {'a list of names' if wants_names else 'a number'}, got {limit!r}")
    if isinstance(limit, (int, float)) and not 0 <= limit < math.inf:
        raise UserError(f"{name} takes a number of 0 or more, or off; got {limit!r}")


def decide(signals: pl.DataFrame, settings: Settings, stage: str = STAGE) -> pl.DataFrame:
    """One row a document, in the order of `signals`: the columns of the `decisions` table.

    `signals` needs id, source and `settings.signals`; a missing one raises `UserError`. Where the documents stand
    (row_group, row) is passed on.
    """
    missing = [name for name in settings.signals if name not in signals.columns]
    if missing:
        raise UserError(f"rules read signals that the table lacks: {', '.join(missing)}; run `pomona signals` first")
    rows = signals.with_row_index("_row")
    breaks = pl.concat([_breaks(rows, name, rule, settings) for name, rule in settings.rules.items()])
    reasons = breaks.group_by("_row", maintain_order=True).agg(
        pl.col("rule").alias("reasons"), pl.struct("rule", "value", "limit").alias("measured")
    )
    return rows.join(reasons, on="_row", how="left", maintain_order="left").select(
        "id",
        "source",
        pl.lit(stage).alias("stage"),
        pl.col("reasons").is_null().alias("kept"),
        pl.col("reasons").fill_null(pl.lit([], pl.List(pl.String))),
        pl.col("measured").fill_null(pl.lit([], _MEASURED)),
        *(name for name in ("row_group", "row") if name in signals.columns),
    )


_MEASURED = pl.List(pl.Struct({"rule": pl.String, "value": pl.Float64, "limit": pl.Float64}))


def _breaks(rows: pl.DataFrame, name: str, rule: Rule, settings: Settings) -> pl.DataFrame:
    """_row, rule, value, limit of the documents that break one rule."""
    if rule.bound == "one_of":
        outside, value, limit = _outside_list(name, rule, settings), pl.lit(None), pl.lit(None)
    else:
        limit = _limit(name, settings)
        outside, value = rule.breaks(limit), rule.value
    return rows.filter(outside).select(
        "_row",
        pl.lit(name).alias("rule"),
        value.cast(pl.Float64).alias("value"),
        limit.cast(pl.Float64).alias("limit"),
    )


def _limit(name: str, settings: Settings) -> pl.Expr:
    """The numeric limit of each document: the last override that applies, else the settings' own."""
    is_on = name.split(".")[0] in settings.rule_sets
    limit = _own_limit(name, settings) if is_on else pl.lit(None, pl.Float64)
    for override in settings.overrides:
        changed = _override_limit(name, override, settings)
        if changed is not _UNCHANGED:
            new = _own_limit(name, settings) if changed is _OWN else pl.lit(changed, pl.Float64)
            limit = pl.when(override.applies).then(new).otherwise(limit)
    return limit


def _own_limit(name: str, settings: Settings) -> pl.Expr:
    """What was asked for, else the rule's own limit, which some languages have another one of."""
    if name in settings.limits:
        return pl.lit(settings.limits[name], pl.Float64)
    limit = pl.lit(rule(name).limit, pl.Float64)
    languages: dict[Limit, list[str]] = {}
    for language, own in settings.language_limits.items():
        if name in own:
            languages.setdefault(own[name], []).append(language)
    for other, named in languages.items():
        limit = pl.when(pl.col("language").is_in(named)).then(pl.lit(other, pl.Float64)).otherwise(limit)
    return limit


def _outside_list(name: str, rule: Rule, settings: Settings) -> pl.Expr:
    outside = _not_in(rule, settings.limit(name))
    for override in settings.overrides:
        changed = _override_limit(name, override, settings)
        if changed is not _UNCHANGED:
            allowed = settings.limits.get(name, rule.limit) if changed is _OWN else changed
            outside = pl.when(override.applies).then(_not_in(rule, allowed)).otherwise(outside)
    return outside


def _not_in(rule: Rule, allowed: object) -> pl.Expr:
    if not isinstance(allowed, tuple):
        return pl.lit(False)
    return (~rule.value.is_in(list(allowed))).fill_null(False)


_UNCHANGED, _OWN = object(), object()


def _override_limit(name: str, override: Override, settings: Settings) -> object:
    """What an override makes of a rule's limit: a limit, None for off, `_OWN` for the rule's own, or `_UNCHANGED`."""
    if name in override.limits:
        return override.limits[name]
    if override.rules is None:
        return _UNCHANGED
    return _OWN if name.split(".")[0] in override.rules else None
