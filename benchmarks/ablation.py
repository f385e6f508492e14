"""A study of many small runs against as many bare training runs, the statistics of a large one, and distillation.

The study does everything: branch, held-out documents, mixtures, token shards, training, measuring, verdicts. A bare run
is the training loop alone, over token shards that are there, one after the other with all cores, in a warm process.

Distillation is the training loop with a teacher's likeliest tokens as they are stored, against the same loop with the
teacher beside the student: the same model comes out.
"""

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.claims import Claim, claim

_VARIANTS, _SEEDS = 5, 10  # fifty runs
_TOKENS = 300_000
_BARE = 3  # bare runs; the mean counts
_RUNS, _METRICS, _ITEMS = 200, 50, 40  # of the statistics
_MOST_SECONDS = 5.0


def run(_: Path | None) -> Iterator[Claim]:
    """The cost of a study, and of its statistics."""
    yield from _study()
    yield _statistics()
    yield from _distillation()


def _corpus(folder: str) -> Any:
    """Returns a lake with the sources of this Python's library."""
    import pomona
    from corpus.lake import Lake

    recipe = Path(folder, "recipe.yaml")
    recipe.write_text(
        f"lake: {folder}/lake\nsources: [{{name: library, kind: python, path: library}}]\nfilter: null\n"
        "tokenizer: {vocab_size: 4096}\n"
    )
    pomona.run(recipe)
    return Lake(f"{folder}/lake")


def _study() -> Iterator[Claim]:
    import pomona
    from pomona import making
    from pomona.ablation import branches
    from training import loop, views
    from training.plan import Plan

    with tempfile.TemporaryDirectory() as folder:
        lake = _corpus(folder)
        half = {"weights": {"library": 1.0}}
        variants: dict[str, Any] = {f"v{i}": half | {"where": f"id > '{i}'"} for i in range(_VARIANTS)}
        started = time.perf_counter()
        view = pomona.ablate(
            lake, name="fifty", model="1M", tokens=_TOKENS, seeds=_SEEDS, baseline="v0", variants=variants,
            held_out=["library"],
        )  # fmt: skip
        seconds = time.perf_counter() - started

        base = branches.branches(lake)[0]
        one = views.runs(base)[0]
        plan = json.loads(Path(one.checkpoint, "run.json").read_text())["plan"]
        bare_plan, bare = Plan.from_json(json.dumps(plan)), []
        for i in range(_BARE + 1):
            target = Path(folder, f"bare{i}")
            started = time.perf_counter()
            loop.train(replace(bare_plan, seed=i), target)
            bare.append(time.perf_counter() - started)
            shutil.rmtree(target)
        peer = view.runs * float(np.mean(bare[1:]))  # the first one warms up
        again = time.perf_counter()
        list(making.ablation(lake, _again(view.definition)))
        note = f"{view.runs} runs of 1M on {_TOKENS:,} tokens; the same study again takes {time.perf_counter() - again:.1f} s"
        yield claim("ablation.study", seconds, peer, "bare training runs", "s", 1 / 1.2, note, less=True)


def _distillation() -> Iterator[Claim]:
    """The loop with stored tokens against the loop with the teacher: of six times the student's size, and of AFM's 2.4
    times."""
    import pomona
    from training import loop, views
    from training.plan import Plan

    with tempfile.TemporaryDirectory() as folder:
        lake = _corpus(folder)
        pomona.mix(lake, "core", weights={"library": 1.0}, tokens="500K", held_out=0.01)
        sizes = {"six": ("6M", {"model": "1M"}), "afm": ("1M", {"model": "1M", "units": 64})}
        for name, (teacher, student) in sizes.items():
            pomona.train(lake, f"{name}-teacher", "core", model=teacher, tokens="20K", sequence_length=256)
            fields = {"tokens": _TOKENS, "evaluations": 1, "evaluation_tokens": 512, "seed": 1, "sequence_length": 256}
            started = time.perf_counter()
            view = pomona.distill(lake, f"{name}-teacher", name=name, mixture="core", **student, **fields)
            once = time.perf_counter() - started - view.seconds
            plan = Plan.from_json(json.dumps(json.loads(Path(view.checkpoint, "run.json").read_text())["plan"]))
            seconds: dict[str, list[float]] = {"stored": [], "online": []}
            for i in range(_BARE):
                for how, one in (("stored", plan), ("online", replace(plan, teacher_ids=""))):
                    target = Path(folder, f"{how}{i}")
                    seconds[how].append(loop.train(replace(one, seed=i), target).progress.seconds)
                    shutil.rmtree(target)
            sizes_are = f"{views.run(lake, f'{name}-teacher').parameters:,} and {view.parameters:,} weights"
            note = f"teacher and student of {sizes_are}; the first run, which stores, takes {once:.0f} s more"
            least = 2.0 if name == "six" else 1.0
            yield claim(
                f"ablation.distill_{name}", min(seconds["stored"]), min(seconds["online"]), "online", "s", least, note,
                less=True,
            )  # fmt: skip


def _again(definition: dict[str, Any]) -> Any:
    from pomona.ablation.settings import Study

    return Study.model_validate(definition)


def _statistics() -> Claim:
    import polars as pl

    from pomona.ablation import views

    generator = np.random.default_rng(0)
    names, seeds = [f"v{i}" for i in range(_RUNS // 4)], (1, 2, 3, 4)
    runs = [(name, seed) for name in names for seed in seeds]
    values = pl.DataFrame(
        [
            {"variant": name, "model": "1M", "seed": seed, "metric": f"m{m}", "run": f"{name}-{seed}", "flops": 1e15,
             "before_end": 0, "value": float(generator.normal(2, 0.1)), "higher_is_better": False, "is_ratio": True}
            for name, seed in runs for m in range(_METRICS)
        ]
    )  # fmt: skip
    n = len(runs) * _METRICS
    items = pl.DataFrame({
        "variant": np.repeat([name for name, _ in runs], _METRICS * _ITEMS),
        "seed": np.repeat([seed for _, seed in runs], _METRICS * _ITEMS),
        "metric": np.tile(np.repeat([f"m{m}" for m in range(_METRICS)], _ITEMS), len(runs)),
        "id": np.tile([f"d{i}" for i in range(_ITEMS)], n), "value": generator.normal(2, 0.5, n * _ITEMS),
    }).with_columns(model=pl.lit("1M"), cluster=pl.lit(""), weight=pl.lit(100.0))  # fmt: skip
    row = {
        "study": "0" * 32, "name": "s", "baseline": "v0", "runs": len(runs), "seconds": 1.0, "branch": "b",
        "points": "[]", "definition": json.dumps({"model": ["1M"], "seeds": seeds, "tokens": [1]}),
        "variants": json.dumps([{"name": n, "mixture": {}, "train": {}, "recipe": {}, "without": "", "same_as": ""} for n in names]),
    }  # fmt: skip
    started = time.perf_counter()
    view = views.view(row, values, items)
    seconds = time.perf_counter() - started
    note = f"{len(runs)} runs, {_METRICS} metrics of {_ITEMS} items: {len(view.comparisons):,} comparisons"
    return Claim("ablation.statistics", seconds, _MOST_SECONDS, "5 s at most", "s", _MOST_SECONDS / seconds, 1.0,
                 seconds <= _MOST_SECONDS, note)  # fmt: skip
