"""Makes decisions from signals and rules. No text is read, so a changed threshold re-decides a corpus in seconds."""

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl

from corpus.errors import UserError
from filters import own, unspaced
from filters.rules import RULE_SETS, Limit, Rule, RuleSet, find, languages, rule_set, rules

STAGE = "filter"


@dataclass(frozen=True, slots=True)
class Override:
    """Limits and rule sets that apply to some documents only: those of a source, of a language, or of both."""

    source: str | None = None
    language: str | None = None
    limits: Mapping[str, Limit] = field(default_factory=dict)
    rules: tuple[str, ...] | None = None

    @property
    def applies(self) -> pl.Expr:
        """An expression that is true for the documents to which the override applies."""
        applies = pl.lit(True)
        if self.source is not None:
            applies &= pl.col("source") == self.source
        if self.language is not None:
            applies &= pl.col("language") == self.language
        return applies


@dataclass(frozen=True, slots=True)
class Settings:
    """The rule sets that decide, with their limits. Later overrides win."""

    rule_sets: tuple[str, ...]
    limits: Mapping[str, Limit] = field(default_factory=dict)
    overrides: tuple[Override, ...] = ()
    own: tuple[RuleSet, ...] = ()  # rule sets from files; `rule_sets` and overrides name them

    def __post_init__(self) -> None:
        names = {one.name for one in self.own}
        for name in self._chosen - names:
            rule_set(name)
        for limits in (self.limits, *(override.limits for override in self.overrides)):
            for name, limit in limits.items():
                _check_limit(name, self.rule(name), limit)
                if name.split(".")[0] not in self._chosen:
                    own, chosen = name.split(".")[0], ", ".join(sorted(self._chosen))
                    raise UserError(f"{name} has a limit, but its rule set is not among {chosen}; add {own}")

    @property
    def _chosen(self) -> set[str]:
        return set(self.rule_sets).union(*(override.rules or () for override in self.overrides))

    @property
    def _known(self) -> dict[str, Rule]:
        """Every rule, published or own, by full name."""
        return rules() | {name: rule for one in self.own for name, rule in one.named().items()}

    def rule(self, full_name: str) -> Rule:
        """Returns the rule `ruleset.rule`. Raises `UserError` with the nearest name if it does not exist."""
        return find(full_name, self._known)

    @property
    def rules(self) -> dict[str, Rule]:
        """The rules that can decide for some document, by full name, in the order of their sets."""
        return {name: rule for name, rule in self._known.items() if name.split(".")[0] in self._chosen}

    def languages(self, name: str) -> tuple[str, ...]:
        """Returns the ISO 639 codes of the languages on which a set's limits were chosen.

        They are () if the limits are for any text.
        """
        from_file = {one.name: one.languages for one in self.own}
        return from_file[name] if name in from_file else languages(name)

    @property
    def signals(self) -> list[str]:
        """The columns that the rules and overrides read."""
        read = {signal for rule in self.rules.values() for signal in rule.signals}
        by_language = any(override.language for override in self.overrides) or bool(self.language_limits)
        return sorted(read | {"language"} if by_language else read)

    @property
    def language_limits(self) -> dict[str, dict[str, Limit]]:
        """For each language, the default limits that differ from the rules' own limits.

        A rule with a requested limit is not among them.
        """
        unrequested = self.rules.keys() - self.limits.keys()
        differing = {
            language: {n: limits[n] for n in sorted(limits.keys() & unrequested)}
            for language, limits in unspaced.limits().items()
        }
        return {language: limits for language, limits in differing.items() if limits}

    def limit(self, name: str) -> Limit:
        """Returns the limit of a rule if no override applies; None if its rule set is off."""
        if name.split(".")[0] not in self.rule_sets:
            return None
        return self.limits.get(name, self.rule(name).limit)


def with_files(names: Iterable[str]) -> tuple[tuple[str, ...], tuple[RuleSet, ...]]:
    """Returns (names of rule sets, rule sets from files) for names, some of which may be paths of YAML files."""
    sets: dict[str, RuleSet | None] = {}
    for given in names:
        if given not in RULE_SETS and os.path.isfile(f"{given}.yaml"):
            raise UserError(f"unknown rule set {given!r}; did you mean the file {given}.yaml?")
        loaded = own.load(given) if own.is_file(given) else None
        name = loaded.name if loaded else given
        before = sets.get(name)
        if loaded and before and before.path != loaded.path:
            raise UserError(f"two rule sets are called {name!r}: {before.path} and {loaded.path}; rename a file")
        sets[name] = loaded
    return tuple(sets), tuple(one for one in sets.values() if one)


def _check_limit(name: str, rule: Rule, limit: Limit) -> None:
    wants_names = rule.bound == "one_of"
    if limit is not None and wants_names != isinstance(limit, tuple):
        given = limit[0] if isinstance(limit, tuple) and len(limit) == 1 else limit
        raise UserError(f"{name} takes {'a list of names' if wants_names else 'a number'} or off, got {given!r}")
    if isinstance(limit, (int, float)) and rule.is_share and limit > 1:
        raise UserError(f"{name} takes a share, from 0 to 1, or off; got {limit!r}")
    least = -math.inf if rule.is_expression else 0  # an expression may be below 0; a signal is not
    if isinstance(limit, (int, float)) and not (least <= limit < math.inf and limit > -math.inf):
        raise UserError(f"{name} takes a number{'' if rule.is_expression else ' of 0 or more'}, or off; got {limit!r}")


def decide(signals: pl.DataFrame, settings: Settings, stage: str = STAGE) -> pl.DataFrame:
    """Returns one row per document, in the order of `signals`, with the columns of the `decisions` table.

    `signals` needs the columns id, source and `settings.signals`. Raises `UserError` if a signal is missing. The places
    of the documents (row_group, row) are passed on.
    """
    missing = [name for name in settings.signals if name not in signals.columns]
    if missing:
        raise UserError(f"rules read signals that the table lacks: {', '.join(missing)}; run `pomona signals` first")

    rows = signals.with_row_index("_row")
    if any(rule.is_expression for rule in settings.rules.values()):  # SQL may divide whole numbers differently
        numbers = [name for name in settings.signals if rows[name].dtype != pl.String]
        rows = rows.with_columns(pl.col(numbers).cast(pl.Float64))

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
    """Returns _row, rule, value, limit of the documents that break one rule."""
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
    """Returns the numeric limit of each document: that of the last override that applies, or else of the settings."""
    is_on = name.split(".")[0] in settings.rule_sets
    limit = _own_limit(name, settings) if is_on else pl.lit(None, pl.Float64)
    for override in settings.overrides:
        changed = _override_limit(name, override, settings)
        if changed is not _UNCHANGED:
            new = _own_limit(name, settings) if changed is _OWN else pl.lit(changed, pl.Float64)
            limit = pl.when(override.applies).then(new).otherwise(limit)
    return limit


def _own_limit(name: str, settings: Settings) -> pl.Expr:
    """Returns the requested limit, or else the rule's own limit, which differs for some languages."""
    if name in settings.limits:
        return pl.lit(settings.limits[name], pl.Float64)
    limit = pl.lit(settings.rule(name).limit, pl.Float64)
    by_limit: dict[Limit, list[str]] = {}
    for language, differing in settings.language_limits.items():
        if name in differing:
            by_limit.setdefault(differing[name], []).append(language)
    for other, named in by_limit.items():
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
    """Returns a rule's limit in an override: a limit, None for off, `_OWN` for the rule's own, or `_UNCHANGED`."""
    if name in override.limits:
        return override.limits[name]
    if override.rules is None:
        return _UNCHANGED
    return _OWN if name.split(".")[0] in override.rules else None
