"""Scores a model as a stage of the lake.

Scorer      a model and a suite           → the artifact: what each item scored, answers, the manifest
ScoreStep   the artifact                  → rows of `score_runs`, `scores`, `item_scores` and `answers`

A killed run goes on from the answers in the table `responses` (eval_suites.store).
"""

import json
import platform
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import polars as pl
import pyarrow as pa

from corpus import artifacts, durable, imports, lease
from corpus.errors import UserError
from corpus.lake import Lake
from corpus.task import All, WorkItem, digest
from eval_suites import contamination, membership, settling, shared_items, task_index
from eval_suites.models import opening
from eval_suites.progress import showing
from eval_suites.settings import Score
from eval_suites.statistics import intervals
from eval_suites.suites import Suite
from eval_suites.tables import ANSWERS, ITEM_SCORES, SCORE_RUNS, SCORES
from eval_suites.versions import installed

if TYPE_CHECKING:
    from eval_suites import engine
    from eval_suites.asking import Asker
    from eval_suites.engine import TaskResult
    from eval_suites.harness import Harness

KIND = "score"  # of artifacts
MANIFEST = "manifest.json"
_ITEMS, _ANSWERS, _TASKS = "items.parquet", "answers.parquet", "tasks.json"
_PROMPT = 4000  # characters of a prompt that are kept: its end
_REASONS = 10  # for which texts were refused, that a manifest lists
_PACKAGES = ("pomona", "lm_eval", "transformers", "tokenizers", "torch", "datasets", "numpy")


@dataclass(frozen=True, slots=True)
class Scorer:
    """Scores a model, unless the lake has the result."""

    lake: Lake
    artifact: artifacts.Artifact
    settings: Score
    suite: Suite
    model: str  # folder or file

    def __call__(self) -> None:
        """Asks what was not answered yet, and writes down what came out."""
        # A score of another name may ask the same: the second one waits, and finds the answers of the first.
        with lease.hold(self.lake, f"{KIND}-{self.artifact.key}", purpose=f"score {self.settings.name}"):
            artifacts.ensure(self.lake, self.artifact, self._score)

    def _score(self, folder: Path) -> None:
        settings = self.settings
        opening.check(self.model, settings.endpoint)
        task_index.quiet()  # before any library that shows progress is imported
        with imports.quickly():
            from eval_suites import engine
            from eval_suites.asking import Asker
            from eval_suites.harness import Harness
            from eval_suites.store import InLake

            folders = [settings.tasks_path] if settings.tasks_path else []
            tasks = engine.Tasks(
                self.suite, folders=folders, shots=settings.shots, data=settings.data, run_code=settings.run_code
            )
            tasks.refuse_code()
            responder = opening.open_model(
                self.model, endpoint=settings.endpoint, dtype=settings.dtype, chat=settings.chat, seed=settings.seed
            )
        asker = Asker(responder, InLake(self.lake), showing(settings.name))
        harness = Harness(_guarded(asker, settings))

        started = time.monotonic()
        settled = samples = None
        expected: dict[str, dict[int, float]] = {}
        if settings.until_settled:
            expected = shared_items.expected(self.lake, list(tasks.leaves), asker.responder.key)
            settled = self._settled(tasks, harness, expected)
            samples = {name: one.items for name, one in settled.items()}
        results = engine.run(tasks, harness, limit=settings.limit, chat=settings.chat, samples=samples)
        _refuse_unreadable(results)

        hints: dict[str, membership.Hint] = {}
        if settings.membership:
            hints = membership.hints({name: task for name, (task, _) in tasks.leaves.items()}, asker)

        about = self._manifest(harness, results, time.monotonic() - started)
        about |= {"left_out": tasks.left_out, "held_back": tasks.held_back, "reused": asker.reused}
        about["expected"] = {name: digest(sorted(values.items())) for name, values in expected.items()}
        about["membership"] = {name: asdict(hint) for name, hint in hints.items()}
        if settled is not None:
            about["settled"] = _told(self._oriented(settled, results), settings.against or "")
        _write(folder, results, about)

    def _settled(
        self, tasks: "engine.Tasks", harness: "Harness", expected: Mapping[str, Mapping[int, float]]
    ) -> dict[str, settling.Settled]:
        """Takes items until each task is settled. `expected` has what other models scored on them."""
        from eval_suites import engine

        against = None
        if self.settings.against:
            against = shared_items.values(self.lake, self.settings.against)
            if not against.keys() & tasks.leaves.keys():
                raise UserError(
                    f"--against {self.settings.against}: it was scored on none of these tasks, so nothing can be "
                    "settled against it; score that model on the same suite first"
                )
        sizes = {name: len(task.eval_docs) for name, (task, _) in tasks.leaves.items()}
        return settling.settle(
            sizes, engine.asking(tasks, harness, chat=self.settings.chat), against=against, expected=expected,
            half_width=self.settings.half_width, seed=self.settings.seed,
        )  # fmt: skip

    def _oriented(
        self, settled: Mapping[str, settling.Settled], results: "Sequence[TaskResult]"
    ) -> dict[str, settling.Settled]:
        """Turns verdicts around where less is better. Raises `UserError` if the other score is by another metric."""
        from eval_suites import views

        by_task = {one.task: next(m for m in one.metrics if m.name == one.primary) for one in results}
        if self.settings.against:
            other = views.run(self.lake, self.settings.against)
            primary = {one.task: one.metric for one in other.scores if one.is_primary}
            for one in results:
                if one.task in primary and primary[one.task] != one.primary:
                    raise UserError(
                        f"{other.name} has {primary[one.task]} of {one.task}, and {one.primary} counts here: one "
                        "cannot be settled against the other"
                    )
        return {
            name: one if name not in by_task or by_task[name].higher_is_better else one.turned()
            for name, one in settled.items()
        }

    def _manifest(self, harness: "Harness", results: "Sequence[TaskResult]", seconds: float) -> dict[str, Any]:
        """Returns everything that the numbers depend on."""
        return {
            "model": dict(harness.asker.responder.about),
            "model_key": harness.asker.responder.key,
            "suite": self.suite.model_dump(mode="json"),
            "settings": self.settings.that_change_results(),
            "tasks": {
                one.task: {
                    "version": one.version, "shots": one.shots, "prompt_hash": one.prompt_hash,
                    "items_hash": one.items_hash, "primary": one.primary, "items": len(one.answers),
                    "unparsed": one.unparsed,
                }
                for one in results
            },
            "requests": len(harness.asker.responses),
            "cut": sum(one.is_cut for one in harness.asker.responses.values()),
            "refused": dict(Counter(harness.asker.refusals.values()).most_common(_REASONS)),
            "seconds": seconds,
            "packages": {name: installed(name) for name in _PACKAGES},
            "machine": platform.machine(),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class ScoreStep:
    """Writes down what a model scored."""

    spec_type: ClassVar = All
    lake: Lake
    score: str  # id
    artifact: str  # key
    name: str
    model: str  # as it was named
    run: str  # id of the training run
    tokens: int | None
    mixtures: tuple[str, ...]  # that it was trained on

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of all four tables."""
        folder = artifacts.find(self.lake, KIND, self.artifact)
        if folder is None:
            raise UserError(f"the scores {self.name} are lost or damaged; run the command again")
        manifest, tasks = json.loads((folder / MANIFEST).read_text()), json.loads((folder / _TASKS).read_text())
        groups = {one["task"]: one["group"] for one in tasks}
        items = contamination.marked(
            self.lake, pl.read_parquet(folder / _ITEMS), groups, self.mixtures, manifest.get("held_back", {})
        )

        for rows, table in ((pl.read_parquet(folder / _ANSWERS), ANSWERS), (items, ITEM_SCORES)):
            frame = rows.with_columns(score=pl.lit(self.score))
            for batch in frame.select(table.schema.names).to_arrow().cast(table.schema).to_batches(1 << 16):
                yield table.name, batch
        found = [{"score": self.score} | row for row in scores(items, tasks, manifest.get("settled", {}))]
        yield "scores", pa.RecordBatch.from_pylist(found, SCORES.schema)
        row = {
            "score": self.score, "name": self.name, "model": self.model, "model_key": manifest["model_key"],
            "run": self.run, "tokens": self.tokens, "suite": manifest["suite"]["name"],
            "suite_version": manifest["suite"]["version"], "manifest": json.dumps(manifest, sort_keys=True),
            **{name: manifest[name] for name in ("requests", "reused", "cut", "seconds")},
        }  # fmt: skip
        yield "score_runs", pa.RecordBatch.from_pylist([row], SCORE_RUNS.schema)


def scores(
    items: pl.DataFrame, tasks: Sequence[dict[str, Any]], settled: Mapping[str, Any] | None = None
) -> Iterator[dict[str, Any]]:
    """Yields rows of `scores` for each metric of each task, and of each group of several tasks.

    A task that was `settled` early has the interval that holds at every moment.
    """
    by_metric = {(str(t), str(m)): rows for (t, m), rows in items.group_by("task", "metric", maintain_order=True)}
    stopped = {name: one for name, one in (settled or {}).items() if one.get("low") is not None}

    for task in tasks:
        for metric in task["metrics"]:
            # A score that is no mean of its items brings its estimate along; the others are estimated on each split.
            if metric.get("estimate"):
                yield _row(intervals.Estimate(**metric["estimate"]), "all", task, metric)
                continue
            early = stopped.get(task["task"])
            for row in _splits(by_metric[task["task"], metric["name"]], task, metric):
                is_early = early is not None and row["is_primary"] and row["split"] == "all"
                yield row | ({"low": early["low"], "high": early["high"]} if early is not None and is_early else {})

    # A group whose members stopped at different times has no score of its own.
    groups: dict[str, list[dict[str, Any]]] = {}
    for task in tasks:
        groups.setdefault(task["group"], []).append(task)
    for name, members in groups.items():
        if [one["task"] for one in members] == [name] or any(one["task"] in stopped for one in members):
            continue
        about = members[0] | {"task": name, "group": name, "prompt_hash": "", "unparsed": None}
        for metric in members[0]["metrics"]:
            keys = [(one["task"], metric["name"]) for one in members]
            several = [by_metric[key] for key in keys if key in by_metric]
            if several and about.get("of_group") == "tasks":
                yield _row(intervals.average([_estimate(one, metric) for one in several]), "all", about, metric)
            elif several:
                yield from _splits(pl.concat(several), about, metric)


def _splits(rows: pl.DataFrame, task: dict[str, Any], metric: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields the score of all items; and, where the training data touch some of them, of clean and touched ones."""
    yield _row(_estimate(rows, metric), "all", task, metric)
    clean, touched = rows.filter(~pl.col("touched")), rows.filter("touched")
    if not touched.height or not clean.height:
        return
    of_clean, of_touched = _estimate(clean, metric), _estimate(touched, metric)
    yield _row(of_clean, "clean", task, metric)
    yield _row(of_touched, "touched", task, metric)
    yield _row(intervals.gap(of_touched, of_clean), "gap", task, metric)


def _estimate(rows: pl.DataFrame, metric: dict[str, Any]) -> intervals.Estimate:
    clusters = shared_items.clusters(rows)
    values, weights = rows["value"].to_numpy(), rows["weight"].to_numpy()
    is_ratio = metric["is_ratio"]
    return intervals.ratio(values, weights, clusters) if is_ratio else intervals.mean(values, clusters)


def _row(estimate: intervals.Estimate, split: str, task: dict[str, Any], metric: dict[str, Any]) -> dict[str, Any]:
    is_primary = metric["name"] == task["primary"]
    return {
        "task": task["task"], "group": "" if task["group"] == task["task"] else task["group"],
        "metric": metric["name"], "split": split,
        "value": estimate.value, "low": estimate.low, "high": estimate.high,
        "standard_error": estimate.standard_error, "n": estimate.n, "n_clusters": estimate.n_clusters,
        "is_primary": is_primary, "higher_is_better": metric["higher_is_better"],
        "baseline": task["baseline"] if is_primary else 0.0, "shots": task["shots"],
        "task_version": task["version"], "prompt_hash": task["prompt_hash"], "unparsed": task["unparsed"],
    }  # fmt: skip


def _guarded(asker: "Asker", settings: Score) -> "Asker":
    """Returns the model behind its guardrails, if there are any."""
    if settings.guardrails is None:
        return asker
    from eval_suites.safety import guardrails, rules

    return guardrails.around(asker, rules.load(settings.guardrails, settings.feature))


def _told(settled: Mapping[str, settling.Settled], against: str) -> dict[str, dict[str, Any]]:
    """Returns what a manifest says of tasks that were settled."""
    fields = ("of", "reason", "verdict", "low", "high", "difference_low", "difference_high")
    return {
        name: {"n": len(one.items), "against": against} | {field: getattr(one, field) for field in fields}
        for name, one in settled.items()
    }


def _write(folder: Path, results: "Sequence[TaskResult]", manifest: dict[str, Any]) -> None:
    """Writes the files of the artifact."""
    items = [
        {"task": one.task, "metric": metric.name, "is_ratio": metric.is_ratio, **asdict(item)}
        for one in results
        for metric in one.metrics
        for item in metric.items
    ]
    answers = [
        {"task": one.task, **asdict(answer), "prompt": answer.prompt[-_PROMPT:]}
        for one in results
        for answer in one.answers
    ]
    tasks = [_about(one) for one in results]

    pl.DataFrame(items, infer_schema_length=None).write_parquet(folder / _ITEMS)
    pl.DataFrame(answers, infer_schema_length=None).write_parquet(folder / _ANSWERS)
    for name, value in ((_TASKS, tasks), (MANIFEST, manifest)):
        (folder / name).write_text(json.dumps(value, indent=1, default=str) + "\n")
    durable.sync_below(str(folder))


def _about(one: "TaskResult") -> dict[str, Any]:
    """Returns what is written down of a task, besides its items."""
    metrics = [
        {
            "name": each.name,
            "is_ratio": each.is_ratio,
            "higher_is_better": each.higher_is_better,
            "estimate": None if each.estimate is None else asdict(each.estimate),
        }
        for each in one.metrics
    ]
    names = ("task", "group", "of_group", "version", "shots", "primary", "baseline", "prompt_hash", "unparsed")
    return {name: getattr(one, name) for name in names} | {"metrics": metrics}


def _refuse_unreadable(results: "Sequence[TaskResult]") -> None:
    """Raises `UserError` for a task of which no answer could be read: its score of 0 says nothing of the model."""
    for one in results:
        if one.unparsed is not None and one.unparsed >= 1:
            raise UserError(
                f"task {one.task}: none of {len(one.answers):,} answers could be read by the task's filters, so its "
                "score would say nothing. Look at the answers, and try more shots or --chat"
            )
