"""Scores in a lake whose items were planted."""

import json
from collections.abc import Mapping

import numpy as np
import polars as pl
import pyarrow as pa

from corpus.lake import Lake
from corpus.lineage import Lineage
from eval_suites.steps import scores
from eval_suites.tables import ANSWERS, ITEM_SCORES, SCORE_RUNS, SCORES


def plant(
    lake: Lake, name: str, values: Mapping[str, np.ndarray], suite: str = "s", weights: np.ndarray | None = None,
    groups: Mapping[str, str] | None = None, of_group: str = "items", tokens: int | None = None, run: str = "",
    prompt_hash: str = "", items_hash: str = "", chat: bool = False, says: str = "says",
    clusters: np.ndarray | None = None, key: str = "",
) -> None:  # fmt: skip
    """Writes a score with these values of items. A task called `bits` is a ratio, of which less is better. `groups` has
    the group of a task, whose score is the mean over items or over tasks (`of_group`)."""
    groups = groups or {}
    key = key or name * 8
    items, tasks = [], []
    for task, several in values.items():
        is_ratio = task == "bits"
        weight = weights if is_ratio and weights is not None else np.ones(len(several))
        items += [
            {
                "score": key,
                "task": task,
                "metric": "acc",
                "item": i,
                "cluster": "" if clusters is None else str(clusters[i]),
                "value": float(v),
                "weight": float(w),
                "is_ratio": is_ratio,
                "touched": None,
            }
            for i, (v, w) in enumerate(zip(several, weight, strict=True))
        ]
        tasks.append({
            "task": task, "group": groups.get(task, task), "of_group": of_group, "version": "1", "shots": 0, "primary": "acc", "baseline": 0.25, "prompt_hash": "",
            "unparsed": None, "metrics": [{"name": "acc", "is_ratio": is_ratio, "higher_is_better": not is_ratio}],
        })  # fmt: skip
    asked = dict.fromkeys(groups.get(task, task) for task in values)
    manifest = {
        "model_key": key, "settings": {"chat": chat}, "model": {},
        "suite": {"tasks": [{"task": task, "of_group": of_group} for task in asked]},
        "tasks": {task: {"items": len(several), "prompt_hash": prompt_hash, "items_hash": items_hash} for task, several in values.items()},
    }  # fmt: skip
    row = {
        "score": key, "name": name, "model": name, "model_key": key, "run": run, "tokens": tokens, "suite": suite,
        "suite_version": 1, "requests": 1, "reused": 0, "cut": 0, "seconds": 1.0, "manifest": json.dumps(manifest),
    }  # fmt: skip
    rows = [
        {"score": key} | one for one in scores(pl.DataFrame(items, schema_overrides={"touched": pl.Boolean}), tasks)
    ]
    said = [
        {"score": key, "task": one["task"], "item": one["item"], "prompt": f"prompt {one['item']}", "target": "right",
         "answer": f"{name} {says} {one['value']:g}", "log_likelihoods": []}
        for one in items
    ]  # fmt: skip
    for table, some in ((ANSWERS, said), (ITEM_SCORES, items), (SCORES, rows), (SCORE_RUNS, [row])):
        slot = f"score-{key}"
        with lake.part_writer(table.name, slot, key, table.schema) as writer:
            writer.write(pa.RecordBatch.from_pylist(some, table.schema))
        lake.commit(table.name, {slot: [key]}, Lineage("score", slot, key, {}, facts={"score": key}))


def answers(seed: int, share: float, n: int = 300) -> np.ndarray:
    return (np.random.default_rng(seed).random(n) < share).astype(float)
