"""Runs a study as a stage of the lake.

Studying       the lake, the study  → the artifact: what every run came to, item by item
AblationStep   the artifact         → rows of `ablations`, `ablation_values` and `ablation_items`
"""

import json
import math
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import polars as pl
import pyarrow as pa

from corpus import artifacts, durable, lease
from corpus.errors import UserError
from corpus.lake import Lake
from corpus.task import All, WorkItem
from eval_suites import shared_items, views
from pomona.ablation import branches, running
from pomona.ablation.settings import ACCURACY, BITS_PER_BYTE, POINT, Study
from pomona.ablation.tables import ABLATION_ITEMS, ABLATION_VALUES, ABLATIONS
from pomona.ablation.variants import Variant
from training import views as of_runs

KIND = "ablation"  # of artifacts
_ABOUT, _VALUES, _ITEMS = "study.json", "values.parquet", "items.parquet"
_OF_STUDY = "study"  # the column that the rows of the artifact do not have


@dataclass(frozen=True, slots=True)
class Studying:
    """Trains and measures the runs of a study, unless the lake has the result."""

    lake: Lake
    artifact: artifacts.Artifact
    study: Study
    variants: tuple[Variant, ...]
    place: str  # folder of its branches, which it shares with the same study of other seeds, variants or sizes

    def __call__(self) -> None:
        """Does what is left of it."""
        purpose = f"ablate {self.study.name}"
        with (
            lease.hold(self.lake, f"{KIND}-{self.artifact.key}", purpose=purpose),
            lease.hold(self.lake, f"{branches.FOLDER}-{self.place}", purpose=purpose),
        ):
            artifacts.ensure(self.lake, self.artifact, self._study)

    def _study(self, folder: Path) -> None:
        place = Path(self.lake.root, branches.FOLDER, self.place)
        tell, is_new = _telling(self.study.name), not place.exists()
        if is_new and branches.has_study(self.lake, self.study.name):
            tell("all runs are new: its last form had another corpus, recipe or held-out documents")
        durable.make_folders(str(place))
        branches.use(self.lake, self.place, self.study.name)
        try:
            ran = running.run(self.lake, self.study, self.variants, place, tell)
        except UserError:
            if is_new and not any(one.exists("runs") for one in branches.branches(self.lake, self.place)):
                branches.delete(place)  # nothing was trained: a mistake leaves nothing behind
            raise

        values: list[dict[str, Any]] = []
        items: list[dict[str, Any]] = []
        seconds = 0.0
        for one in [*ran.runs, *ran.of_points]:
            lake = Lake(one.branch)
            view = of_runs.run(lake, one.run.name)
            seconds += view.seconds
            flops = view.flops
            for _, run in one.before:
                earlier = of_runs.run(lake, run.name)
                seconds, flops = seconds + earlier.seconds, flops + earlier.flops
            common = {"variant": one.variant, "model": one.model, "seed": one.seed}
            values += [common | {"run": view.run, "flops": flops} | row for row in _of_held_out(lake, view)]
            if one.variant.startswith(POINT):
                continue
            found_values, found_items = _of_documents(Path(view.checkpoint), self.study.is_accuracy_measured)
            values += [common | {"run": view.run, "flops": flops} | row for row in found_values]
            items += [common | row for row in found_items]
            for score in one.scores:
                found_values, found_items = _of_score(lake, score.name)
                values += [common | {"run": view.run, "flops": flops} | row for row in found_values]
                items += [common | row for row in found_items]

        about = {
            "seconds": seconds, "runs": len(ran.runs) + len(ran.of_points),
            "branch": str(place.relative_to(self.lake.root)),
            "variants": json.dumps([asdict(one) for one in ran.variants]),
            "points": json.dumps([asdict(one) for one in ran.points]),
        }  # fmt: skip
        pl.DataFrame(values, _columns(ABLATION_VALUES.schema), orient="row").write_parquet(folder / _VALUES)
        pl.DataFrame(items, _columns(ABLATION_ITEMS.schema), orient="row").write_parquet(folder / _ITEMS)
        (folder / _ABOUT).write_text(json.dumps(about, indent=1) + "\n")
        durable.sync_below(str(folder))


@dataclass(frozen=True, slots=True)
class AblationStep:
    """Writes down what a study came to."""

    spec_type: ClassVar = All
    lake: Lake
    identity: str
    artifact: str  # key
    name: str
    baseline: str
    definition: str  # JSON

    def __call__(self, item: WorkItem) -> Iterator[tuple[str, pa.RecordBatch]]:
        """Rows of all three tables."""
        folder = artifacts.find(self.lake, KIND, self.artifact)
        assert folder is not None
        for path, table in ((_ITEMS, ABLATION_ITEMS), (_VALUES, ABLATION_VALUES)):
            frame = pl.read_parquet(folder / path).with_columns(study=pl.lit(self.identity))
            for batch in frame.select(table.schema.names).to_arrow().cast(table.schema).to_batches(1 << 16):
                yield table.name, batch
        about = json.loads((folder / _ABOUT).read_text())
        row = {
            "study": self.identity, "name": self.name, "baseline": self.baseline, "definition": self.definition,
            **about,
        }  # fmt: skip
        yield "ablations", pa.RecordBatch.from_pylist([row], ABLATIONS.schema)


def _of_held_out(lake: Lake, view: "of_runs.RunView") -> Iterator[dict[str, Any]]:
    """Yields bits per byte of each group, at the end of a run and at the checkpoints before."""
    rows = lake.scan("run_losses").filter((pl.col("run") == view.run) & (pl.col("group") != "")).collect()
    steps = sorted(set(rows["step"]), reverse=True)
    for group, step, value in rows.select("group", "step", "bits_per_byte").iter_rows():
        yield {
            "metric": f"{BITS_PER_BYTE}:{group}", "before_end": steps.index(step), "value": value,
            "higher_is_better": False, "is_ratio": True,
        }  # fmt: skip


def _of_documents(checkpoint: Path, with_accuracy: bool) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Returns the accuracy of each group at the end of a run, if it is wanted; and what each held-out document came to:
    its bits, and how many of its tokens were the likeliest."""
    from training import evaluation

    rows = evaluation.read(checkpoint)
    items = [
        {
            "metric": f"{BITS_PER_BYTE}:{row['group']}", "id": row["id"], "cluster": "",
            "value": row["nats"] / math.log(2), "weight": float(row["n_bytes"]),
        }
        for row in rows
    ]  # fmt: skip
    values: list[dict[str, Any]] = []
    if with_accuracy:
        items += [
            {
                "metric": f"{ACCURACY}:{row['group']}", "id": row["id"], "cluster": "",
                "value": float(row["hits"]), "weight": float(row["targets"]),
            }
            for row in rows
        ]  # fmt: skip
        for group in dict.fromkeys(row["group"] for row in rows):
            of = [row for row in rows if row["group"] == group]
            accuracy = sum(row["hits"] for row in of) / max(sum(row["targets"] for row in of), 1)
            values.append({
                "metric": f"{ACCURACY}:{group}", "before_end": 0, "value": accuracy, "higher_is_better": True,
                "is_ratio": True,
            })  # fmt: skip
    return values, items


def _of_score(lake: Lake, name: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Returns the values and the items of a score: of each task, the metric that counts, and bits per byte."""
    one = views.run(lake, name)
    wanted = {
        (score.task, score.metric): score
        for score in one.scores
        if score.split == "all" and (score.is_primary or score.metric == BITS_PER_BYTE)
    }
    rows = shared_items.of_metrics(lake, one, list(wanted)).collect()

    values = []
    named = {}
    for (task, metric), score in wanted.items():
        if rows.filter((pl.col("task") == task) & (pl.col("metric") == metric)).height:
            named[task, metric] = f"{one.suite}/{task}:{metric}"
            values.append({
                "metric": named[task, metric], "before_end": 0, "value": score.value,
                "higher_is_better": score.higher_is_better, "is_ratio": metric == BITS_PER_BYTE,
            })  # fmt: skip

    items = [
        {
            "metric": named[row["task"], row["metric"]], "id": str(row["item"]), "cluster": row["cluster"],
            "value": row["value"], "weight": row["weight"],
        }
        for row in rows.iter_rows(named=True)
        if (row["task"], row["metric"]) in named
    ]  # fmt: skip
    return values, items


def _columns(schema: pa.Schema) -> pl.Schema:
    """Returns the columns of the artifact's rows: those of a table, without the study."""
    empty = pl.from_arrow(schema.empty_table())
    assert isinstance(empty, pl.DataFrame)
    return pl.Schema({name: kind for name, kind in empty.schema.items() if name != _OF_STUDY})


def _telling(name: str) -> running.Tell:
    def tell(what: str) -> None:
        print(f"ablate {name}: {what}", file=sys.stderr, flush=True)

    return tell
