"""What a person asks of a study: which variant is better on what, how sure that is, and which metrics could tell."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import polars as pl

from corpus.errors import UserError, unknown
from corpus.lake import Lake
from eval_suites.order import oldest_first
from eval_suites.statistics import paired, seeds, signal
from eval_suites.statistics.intervals import LEVEL, Floats
from pomona.ablation import sizes
from pomona.ablation.search import is_searched_on
from pomona.ablation.settings import ACCURACY, BITS_PER_BYTE, SEARCHED
from pomona.ablation.sizes import Comparison, LawView, Metric, Persistence
from pomona.ablation.surface_views import SearchView, search
from pomona.ablation.tables import ABLATION_ITEMS, ABLATION_VALUES, ABLATIONS, TABLES

_ALPHA = 1 - LEVEL
_FEWEST = 2  # items of a metric, or clusters
_SAME_COST = 0.02  # of the baseline's, within which a variant costs the same
_SHORT = 8  # digits of an id that name a study


@dataclass(frozen=True, slots=True)
class Value:
    """What a metric came to, for a variant and a size."""

    variant: str
    model: str
    metric: str
    mean: float
    by_seed: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class VariantView:
    """A variant with the verdict of all metrics that can decide, at the largest size."""

    variant: str
    changes: dict[str, Any]  # its mixture, runs and recipe
    same_as: str
    verdict: str  # baseline, better, worse, mixed or undecided
    better_on: tuple[str, ...]
    worse_on: tuple[str, ...]
    cost: float  # FLOPs at the largest size, as a multiple of the baseline's; without runs that all variants share

    @property
    def costs_the_same(self) -> bool:
        """Returns whether it costs what the baseline costs, up to whole steps."""
        return abs(self.cost - 1) <= _SAME_COST


@dataclass(frozen=True, slots=True)
class Worth:
    """What a group is worth to the baseline, by one metric: what is lost without it."""

    group: str
    metric: str
    share: float  # of the baseline's tokens
    loss: float  # of the metric without the group; below 0: the group does harm
    low: float
    high: float
    per_share: float  # the loss for each share of the tokens that the group takes


@dataclass(frozen=True, slots=True)
class AblationView:
    """A study."""

    study: str
    name: str
    baseline: str
    models: tuple[str, ...]
    seeds: tuple[int, ...]
    tokens: tuple[int, ...]
    runs: int
    seconds: float
    branch: str
    variants: list[VariantView]
    comparisons: list[Comparison]
    metrics: list[Metric]
    values: list[Value]
    worth: list[Worth]
    search: SearchView | None
    persistence: list[Persistence]
    laws: list[LawView]
    left_out: tuple[str, ...]  # metrics with too few items to say anything
    definition: dict[str, Any]


def studies(lake: Lake) -> list[AblationView]:
    """Returns all studies that can be read, the oldest first. What is wrong with another one goes to standard error."""
    several = []
    for row in _rows(lake):
        try:
            several.append(_read(lake, row))
        except UserError as error:
            print(f"study {row['name']} cannot be read: {error}", file=sys.stderr)
    return several


def study(lake: Lake, wanted: str) -> AblationView:
    """Returns a study, by its name (the newest one), its id, or the first digits of it."""
    rows = _rows(lake)
    of_name = [row for row in rows if row["name"] == wanted]
    of_id = [row for row in rows if len(wanted) >= _SHORT and row["study"].startswith(wanted)]
    if of_name or of_id:
        return _read(lake, (of_name or of_id)[-1])
    if not rows:
        raise UserError(f"lake {lake.url} has no study yet; make one: pomona ablate STUDY.yaml")
    raise unknown("study", wanted, sorted({row["name"] for row in rows}))


def _rows(lake: Lake) -> list[dict[str, Any]]:
    """Returns the rows of all studies that the lake has whole, the oldest first."""
    if not lake.exists(ABLATIONS.name):
        return []
    kept = set.intersection(*(set(lake.lineages(table.name)) for table in TABLES if lake.exists(table.name)))
    rows = {row["study"]: row for row in lake.scan(ABLATIONS.name).collect().to_dicts()}
    return [rows[one] for one in oldest_first(lake, ABLATIONS.name, "study") if one in rows and _slot(one) in kept]


def _slot(study: str) -> str:
    return f"ablate-{study}"


def _read(lake: Lake, row: dict[str, Any]) -> AblationView:
    slot = _slot(row["study"])
    values, items = (lake.scan(table.name, slot=slot).collect() for table in (ABLATION_VALUES, ABLATION_ITEMS))
    return view(row, values, items)


def view(row: dict[str, Any], values: pl.DataFrame, items: pl.DataFrame) -> AblationView:
    """Returns a study from its row, and the rows of its values and items."""
    definition, listed = json.loads(row["definition"]), json.loads(row["variants"])
    names, baseline = [one["name"] for one in listed], row["baseline"]
    models, seeds_ = tuple(definition["model"]), tuple(definition["seeds"])

    every = sorted(set(values.filter(pl.col("variant").is_in(names))["metric"]))
    tables = _tables(items, names, models, seeds_)
    # A metric of a single item, or cluster, decides nothing.
    metrics = [one for one in every if all(_is_enough(one, tables[model, one], names) for model in models)]

    told = {(model, metric): of_metric(values, metric, model, names, seeds_) for model in models for metric in metrics}
    comparisons = [
        one
        for model in models
        for one in compared(model, baseline, [n for n in names if n != baseline], metrics, tables, values, told)
    ]
    comparisons = sizes.with_chances(comparisons, told)
    costs = _costs(values.filter(pl.col("model") == models[-1]), baseline)

    return AblationView(
        row["study"], row["name"], baseline, models, seeds_, tuple(definition["tokens"]), row["runs"], row["seconds"],
        row["branch"],
        [
            _variant(one, baseline, [c for c in comparisons if c.model == models[-1]], costs[one["name"]])
            for one in listed
        ],
        comparisons, list(told.values()), _values(values, names, models, metrics, seeds_),
        _worth(listed, [one for one in comparisons if one.model == models[-1]]),
        search(row, values, listed[0]["mixture"].get("weights") or {}, models[0], _found(listed)),
        sizes.persistence(comparisons, told), sizes.laws(values, names, metrics),
        tuple(one for one in every if one not in metrics), definition,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """A metric of all runs of a size, item by item: what each variant and seed came to."""

    values: dict[str, Floats]  # (S, N) by variant
    weights: Floats | None  # (N,) of a ratio
    clusters: Any  # (N,) numbers; None for independent items
    ids: tuple[str, ...]  # (N,) of the items

    def unseen(self, metric: str) -> "Table":
        """Returns the items that a search has not looked at: half of the held-out documents, and all of tasks."""
        if not metric.startswith((f"{BITS_PER_BYTE}:", f"{ACCURACY}:")):
            return self
        is_left = ~np.array([is_searched_on(one) for one in self.ids])
        return Table(
            {name: one[:, is_left] for name, one in self.values.items()},
            None if self.weights is None else self.weights[is_left],
            None if self.clusters is None else self.clusters[is_left],
            tuple(one for one, stays in zip(self.ids, is_left, strict=True) if stays),
        )

    @property
    def n_pieces(self) -> int:
        """Returns the number of items, or of clusters."""
        return len(self.ids) if self.clusters is None else len(np.unique(self.clusters))


def _is_enough(metric: str, table: Table, names: Sequence[str]) -> bool:
    """Returns whether a metric has enough items for all comparisons."""
    return (table.unseen(metric) if SEARCHED in names else table).n_pieces >= _FEWEST


def _tables(
    items: pl.DataFrame, names: Sequence[str], models: Sequence[str], seeds_: Sequence[int]
) -> dict[tuple[str, str], Table]:  # fmt: skip
    """Returns a table for each size and metric. Items that a run lacks are an error: runs are compared on the same."""
    made = {}
    places = {(name, seed): i for i, (name, seed) in enumerate((n, s) for n in names for s in seeds_)}
    for (model, metric), part in items.group_by("model", "metric", maintain_order=True):
        part = part.sort("id")
        of_item = part.unique("id", keep="first", maintain_order=True)
        numbers = part["id"].rank("dense").cast(pl.Int64).to_numpy() - 1
        runs = np.array([places[pair] for pair in part.select("variant", "seed").iter_rows()])
        n = of_item.height
        table = np.full((len(places), n), np.nan)
        table[runs, numbers] = part["value"].to_numpy()

        if np.isnan(table).any():
            raise UserError(
                f"{metric}: {int(np.isnan(table).sum())} values are missing; not all runs had the same items"
            )

        weights = of_item["weight"].to_numpy()
        clusters = None
        if of_item["cluster"].n_unique() > 1 or (n and of_item["cluster"][0]):
            clusters = of_item["cluster"].rank("dense").cast(pl.Int64).to_numpy()
        by_variant = {name: table[i * len(seeds_) : (i + 1) * len(seeds_)] for i, name in enumerate(names)}
        ids = tuple(of_item["id"])
        made[str(model), str(metric)] = Table(by_variant, None if (weights == 1).all() else weights, clusters, ids)
    return made


def compared(
    model: str, baseline: str, others: Sequence[str], metrics: Sequence[str], tables: dict[tuple[str, str], Table],
    values: pl.DataFrame, told: dict[tuple[str, str], Metric],
) -> list[Comparison]:  # fmt: skip
    """Compares variants with the baseline by all metrics; p is adjusted over all of these."""
    higher = dict(values.select("metric", "higher_is_better").unique().iter_rows())
    by_metric = {metric: _against(metric, tables[model, metric], baseline, others) for metric in metrics}
    found = [(name, metric, by_metric[metric][name]) for name in others for metric in metrics]
    adjusted = paired.holm([got.p for _, _, got in found])
    level = 1 - _ALPHA / max(len(found), 1)

    made = []
    for (name, metric, got), p in zip(found, adjusted, strict=True):
        is_sure = p < _ALPHA
        verdict = "undecided"
        if is_sure:
            verdict = "better" if (got.value > 0) == higher[metric] else "worse"
        made.append(
            Comparison(
                name, baseline, model, metric, got.value, got.low, got.high, got.standard_error, got.p, p, verdict,
                None if is_sure else seeds.seeds_to_settle(got, level), told[model, metric].can_decide, higher[metric],
                got.spread.n_seeds, got.spread.n_items, got.by_seed, None,
            )
        )  # fmt: skip
    return made


def _against(metric: str, table: Table, baseline: str, others: Sequence[str]) -> dict[str, seeds.Difference]:
    """Compares variants with the baseline over all items; what a search has found, over those that it did not see."""
    plain = [name for name in others if name != SEARCHED]
    several = [table.values[name] for name in plain]
    found = seeds.differences(table.values[baseline], several, table.weights, table.clusters)
    got = dict(zip(plain, found, strict=True))
    if SEARCHED in others:
        left = table.unseen(metric)
        got[SEARCHED] = seeds.difference(left.values[baseline], left.values[SEARCHED], left.weights, left.clusters)
    return got


def of_metric(values: pl.DataFrame, metric: str, model: str, names: Sequence[str], seeds_: Sequence[int]) -> Metric:
    """Returns signal and noise of a metric at one size: the range of the variants' means against the spread of runs
    over seeds, and over their last checkpoints."""
    of = values.filter((pl.col("metric") == metric) & (pl.col("model") == model))
    table = np.array([_of_seeds(of, name, seeds_) for name in names])
    means = table.mean(1)
    seed_noise = float(np.sqrt(table.var(1, ddof=1).mean()))
    checkpoint_noise = _over_checkpoints(of)
    noise = max(seed_noise, checkpoint_noise or 0.0)
    spread = signal.Signal(float(means.max() - means.min()), noise)
    return Metric(metric, model, spread.signal, seed_noise, checkpoint_noise, spread.ratio,
                  spread.ratio >= signal.CAN_DECIDE)  # fmt: skip


def _over_checkpoints(of: pl.DataFrame) -> float | None:
    """Returns the spread of a run over its last three checkpoints, its trend taken off; of all runs together."""
    last = of.filter(pl.col("before_end") < 3).sort("before_end").group_by("variant", "seed").agg("value")
    triples = [row for row in last["value"].to_list() if len(row) == 3]
    if not triples:
        return None
    second = np.array([a - 2 * b + c for a, b, c in triples])  # of independent noise, six times its variance
    return float(np.sqrt((second**2).mean() / 6))


def _of_seeds(of: pl.DataFrame, name: str, seeds_: Sequence[int]) -> list[float]:
    ends = of.filter((pl.col("variant") == name) & (pl.col("before_end") == 0))
    by_seed = dict(ends.select("seed", "value").iter_rows())
    return [by_seed[seed] for seed in seeds_]


def _values(
    values: pl.DataFrame, names: Sequence[str], models: Sequence[str], metrics: Sequence[str], seeds_: Sequence[int]
) -> list[Value]:  # fmt: skip
    made = []
    for model, metric in product(models, metrics):
        of = values.filter((pl.col("metric") == metric) & (pl.col("model") == model))
        for name in names:
            by_seed = _of_seeds(of, name, seeds_)
            made.append(Value(name, model, metric, sum(by_seed) / len(by_seed), tuple(by_seed)))
    return made


def _variant(one: dict[str, Any], baseline: str, comparisons: list[Comparison], cost: float) -> VariantView:
    changes = {key: one[key] for key in ("mixture", "before", "train", "recipe") if one.get(key)}
    own = [c for c in comparisons if c.variant == one["name"] and c.can_decide]
    better = tuple(c.metric for c in own if c.verdict == "better")
    worse = tuple(c.metric for c in own if c.verdict == "worse")
    verdict = "mixed" if better and worse else "better" if better else "worse" if worse else "undecided"
    return VariantView(
        one["name"], changes, one["same_as"], "baseline" if one["name"] == baseline else verdict, better, worse, cost
    )


def _found(listed: list[dict[str, Any]]) -> dict[str, float] | None:
    """Returns the weights that a search found and trained; None without any."""
    return next((one["mixture"]["weights"] for one in listed if one["name"] == SEARCHED), None)


def _costs(of: pl.DataFrame, baseline: str) -> dict[str, float]:
    """Returns the cost of each variant, as a multiple of the baseline's."""
    means = dict(of.group_by("variant").agg(pl.col("flops").mean()).iter_rows())
    return {name: flops / max(means[baseline], 1.0) for name, flops in means.items()}


def together(metrics: Sequence[str], every: Sequence[str]) -> list[str]:
    """Returns names of metrics, those of all groups as one: `bits_per_byte (all 4)`."""
    kinds: dict[str, list[str]] = {}
    for name in metrics:
        kinds.setdefault(name.partition(":")[0], []).append(name)
    made: list[str] = []
    for kind, names in kinds.items():
        n = sum(name.partition(":")[0] == kind for name in every)
        made += [f"{kind} (all {n})"] if len(names) == n > 1 else names
    return made


def _worth(listed: list[dict[str, Any]], comparisons: list[Comparison]) -> list[Worth]:
    """Returns what each group is worth that a variant leaves out."""
    weights = listed[0]["mixture"].get("weights") or {}
    total = sum(weights.values()) or 1.0
    left_out = {one["name"]: one["without"] for one in listed if one.get("without")}
    made = []
    for one in comparisons:
        group = left_out.get(one.variant)
        if group is None or not weights.get(group):
            continue
        sign = -1.0 if one.higher_is_better else 1.0
        low, high = sorted((sign * one.low, sign * one.high))
        share = weights[group] / total
        made.append(Worth(group, one.metric, share, sign * one.difference, low, high, sign * one.difference / share))
    return made
