"""How two models differ, task by task, over the items that both were asked."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from corpus.errors import UserError
from corpus.lake import Lake
from eval_suites import shared_items
from eval_suites.statistics.paired import Difference, difference, holm
from eval_suites.views import SHORT, RunOfSuite, ScoreView, run, runs


@dataclass(frozen=True, slots=True)
class TaskDifference:
    """Model B against model A on a task."""

    task: str
    metric: str
    a: float
    b: float
    difference: float  # b - a
    low: float  # 95% interval
    high: float
    p: float  # of no difference, for this task alone
    adjusted_p: float  # over all tasks together (Holm)
    verdict: str  # better, worse or undecided, of B
    n: int
    method: str
    a_only: int  # items on which A is better
    b_only: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the items that both were asked."""

    a: str
    b: str
    suite: str
    tasks: list[TaskDifference]
    left_out: list[str]  # tasks that only one of them was scored on, or with other items, and why
    notes: list[str]  # what makes a difference of prompts rather than of models


@dataclass(frozen=True, slots=True)
class Changed:
    """An item on which two models differ."""

    task: str
    item: int
    prompt: str  # the end of it
    target: str
    answer_a: str
    answer_b: str
    a: float  # by the metric that counts
    b: float


def compare(lake: Lake, a: str, b: str) -> Comparison:
    """Compares two scores, by name, id or model, on the items that both have; raises `UserError` if there is none."""
    first, second = pair(lake, a, b)
    if first.score == second.score:
        raise UserError(f"{a} and {b} are the same score, {first.score[:SHORT]}; name two")
    return compare_runs(lake, first, second)


def pair(lake: Lake, a: str, b: str) -> tuple[RunOfSuite, RunOfSuite]:
    """Returns two scores. Of models that are named, those on the suite that both were scored on last."""
    first, second = run(lake, a), run(lake, b)
    if first.suite == second.suite or (a, b) != (first.model, second.model):
        return first, second
    of_a, of_b = ({one.suite: one for one in runs(lake) if one.model == name} for name in (a, b))
    suites = [suite for suite in of_a if suite in of_b]
    return (of_a[suites[-1]], of_b[suites[-1]]) if suites else (first, second)


def compare_runs(lake: Lake, first: RunOfSuite, second: RunOfSuite) -> Comparison:
    """Compares two scores on the items that both have; raises `UserError` if there is none."""
    left_out, pairs = [], []
    of_a, of_b = (shared_items.primary(one) for one in (first, second))

    for task in dict.fromkeys([*of_a, *of_b]):
        if task not in of_a or task not in of_b:
            left_out.append(f"{task}: only {first.name if task in of_a else second.name} was scored on it")
        elif any(one.manifest.get("settled", {}).get(task, {}).get("low") is not None for one in (first, second)):
            left_out.append(f"{task}: its scoring stopped when it was settled; see `pomona scores NAME`")
        elif other := _other_items(first, second, task):
            left_out.append(f"{task}: {other}")
        elif of_a[task].metric != of_b[task].metric:
            left_out.append(f"{task}: {of_a[task].metric} against {of_b[task].metric}")
        else:
            pairs.append(of_a[task])

    items = shared_items.shared(lake, first, second)
    left_out += [f"{one.task}: {one.metric} is no score of items" for one in pairs if one.task not in items]
    found = [(one, *_difference(items, one)) for one in pairs if one.task in items]

    if not found:
        reasons = f": {'; '.join(left_out[:2])}" if left_out else "; score them on the same suite"
        raise UserError(f"{first.name} and {second.name} have no task that can be compared{reasons}")

    adjusted = holm([gap.p for _, gap, _, _ in found])
    tasks = [
        TaskDifference(
            one.task, one.metric, value_a, value_b, gap.value, gap.low, gap.high, gap.p, p, _verdict(gap, p, one),
            gap.n, gap.method, gap.a_only, gap.b_only,
        )
        for (one, gap, value_a, value_b), p in zip(found, adjusted, strict=True)
    ]  # fmt: skip
    name_a, name_b = first.name, second.name
    if name_a == name_b:  # two scores of one name are told apart by their ids
        name_a, name_b = (f"{one.name} {one.score[:SHORT]}" for one in (first, second))
    return Comparison(name_a, name_b, first.suite, tasks, left_out, list(_notes(first, second, tasks)))


def _other_items(first: RunOfSuite, second: RunOfSuite, task: str) -> str:
    """Returns why the items of a task, or of a group's tasks, are not the same ones; '' if they are."""
    parts = [
        {name: one.manifest["tasks"].get(name, {}) for name, score in shared_items.leaves(one).items()
         if task in (name, score.group)}
        for one in (first, second)
    ]  # fmt: skip
    if parts[0].keys() != parts[1].keys():
        return f"the group has other tasks: {', '.join(sorted(parts[0].keys() ^ parts[1].keys())[:3])}"
    for name in parts[0]:
        of_group = "" if name == task else f" ({name})"
        sizes, hashes = ([part[name].get(key) for part in parts] for key in ("items", "items_hash"))
        if sizes[0] != sizes[1]:
            return f"{sizes[0] or 0:,} items against {sizes[1] or 0:,}{of_group}"
        if all(hashes) and hashes[0] != hashes[1]:
            return f"the items, or their right answers, are others{of_group}"
    return ""


def changed(lake: Lake, a: str, b: str, most: int) -> list[Changed]:
    """Returns up to `most` items of each task on which two scores differ, those with the largest difference first."""
    first, second = pair(lake, a, b)
    leaves = shared_items.leaves(first)
    rows = []
    for task, frame in shared_items.shared(lake, first, second).items():
        if task not in leaves:  # a group: its tasks are here, too
            continue
        gap = (pl.col("value1") / pl.col("weight1") - pl.col("value0") / pl.col("weight0")).alias("gap")
        rows.append(frame.with_columns(gap).filter(pl.col("gap") != 0).top_k(most, by=pl.col("gap").abs()))
    if not rows:
        return []
    ratios = [(pl.col(f"value{i}") / pl.col(f"weight{i}")).alias(f"value{i}") for i in (0, 1)]
    chosen = pl.concat(rows).select("task", "item", *ratios)
    wanted = chosen.lazy().select("task", "item")

    for i, one in enumerate((first, second)):
        answers = lake.scan("answers", slot=f"score-{one.score}").select(
            "task", "item", "prompt", "target", pl.col("answer").alias(f"answer{i}")
        )
        columns = ["task", "item", "prompt", "target", "answer0"] if i == 0 else ["task", "item", "answer1"]
        kept = answers.select(columns).join(wanted, on=["task", "item"], how="semi").collect()
        chosen = chosen.join(kept, on=["task", "item"], how="left", maintain_order="left")
    fields = ("task", "item", "prompt", "target", "answer0", "answer1", "value0", "value1")
    return [Changed(*row) for row in chosen.select(fields).iter_rows()]


def _notes(first: RunOfSuite, second: RunOfSuite, tasks: list[TaskDifference]) -> Iterator[str]:
    """Yields why a difference may be one of prompts: other examples, a chat template, other task versions."""
    for one in (first, second):
        if n := sum(one.manifest.get("refused", {}).values()):
            yield f"{n:,} texts of {one.name} were refused, and count as empty"
    settings = [one.manifest["settings"] for one in (first, second)]
    if settings[0].get("chat") != settings[1].get("chat"):
        chats, plain = (first, second) if settings[0].get("chat") else (second, first)
        yield f"{chats.name} was asked through its chat template, {plain.name} was not"
        return
    shots = [{one.task: one.shots for one in each.scores} for each in (first, second)]
    if more := [one.task for one in tasks if shots[0].get(one.task) != shots[1].get(one.task)]:
        yield f"the numbers of examples differ: {', '.join(more[:3])}"
    other = [
        one.task
        for one in tasks
        if one.task in first.manifest["tasks"]
        and one.task in second.manifest["tasks"]
        and first.manifest["tasks"][one.task]["prompt_hash"] != second.manifest["tasks"][one.task]["prompt_hash"]
    ]
    if other and not settings[0].get("chat"):
        named = ", ".join(other[:3]) + (f" and {len(other) - 3} more" if len(other) > 3 else "")
        yield f"the prompts of {named} differ, so a difference may be theirs (pomona score --diff says why)"


def _difference(items: dict[str, pl.DataFrame], one: ScoreView) -> tuple[Difference, float, float]:
    """Returns (the difference, the score of A, the score of B)."""
    rows = items[one.task]
    clusters = shared_items.clusters(rows)
    a, b = (rows[f"value{i}"].to_numpy() for i in (0, 1))
    if rows["is_ratio"][0]:
        # The ratio of sums, with residuals that have the same mean as its difference: the weights are the items' own.
        weights = [rows[f"weight{i}"].to_numpy() for i in (0, 1)]
        values = [part.sum() / weight.sum() for part, weight in zip((a, b), weights, strict=True)]
        residuals = [
            value + (part - value * weight) / weight.mean()
            for part, weight, value in zip((a, b), weights, values, strict=True)
        ]
        return difference(residuals[0], residuals[1], clusters), float(values[0]), float(values[1])
    return difference(a, b, clusters), float(a.mean()), float(b.mean())


def _verdict(gap: Difference, adjusted_p: float, one: ScoreView) -> str:
    if not adjusted_p < 0.05 or gap.value == 0:
        return "undecided"
    return "better" if (gap.value > 0) == one.higher_is_better else "worse"
