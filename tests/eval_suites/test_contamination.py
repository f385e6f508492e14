"""Touched items of a run: by its mixtures and those before it, under every name that decontamination gives an item."""

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import pomona.stages
from corpus import schema
from corpus.lake import Lake
from corpus.lineage import Lineage
from decontam import added
from eval_suites import contamination
from eval_suites.steps import scores
from training.tables import RUNS

TASK = {
    "task": "t", "group": "t", "version": "1", "shots": 0, "primary": "acc", "baseline": 0.25, "prompt_hash": "",
    "unparsed": None, "metrics": [{"name": "acc", "is_ratio": False, "higher_is_better": True}],
}  # fmt: skip


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Run `second` has read mixture b, and mixture a before it; benchmarks t, file and group are protected."""
    pomona.stages.tables()
    lake = Lake(tmp_path / "lake")
    empty = dict.fromkeys(RUNS.schema.names)
    numbers = {name: 0 for name, kind in zip(RUNS.schema.names, RUNS.schema.types, strict=True) if kind != pa.string()}
    texts = {name: "" for name, kind in zip(RUNS.schema.names, RUNS.schema.types, strict=True) if kind == pa.string()}
    for run, after, mixture in (("r1", "", "a"), ("r2", "r1", "b")):
        row = empty | numbers | texts | {"run": run, "after": after, "mixture": mixture}
        write(lake, "runs", f"train-{run}", [row])
    for mixture, touched in (
        ("a", [("t", "t/1"), ("file", "3")]),
        ("b", [("group", "member/0")]),
        ("c", [("t", "t/2")]),
    ):
        rows = [
            {"mixture": mixture, "benchmark": name, "item": item, "documents": 1, "share": 1.0, "n": 13}
            for name, item in touched
        ]
        write(lake, "touched", f"mix-{mixture}", rows)
    write(lake, "contamination", "contamination", [], {"benchmarks": {"t": 5, "file": 5, "group": 5}})
    return lake


def write(
    lake: Lake, table: str, slot: str, rows: list[dict[str, object]], config: dict[str, object] | None = None
) -> None:
    arrow = schema.TABLES[table].schema
    with lake.part_writer(table, slot, slot, arrow) as writer:
        writer.write(pa.RecordBatch.from_pylist(rows, arrow))
    lake.commit(table, {slot: [slot]}, Lineage("x", slot, slot, config or {}))


def test_a_run_has_read_its_mixtures_and_those_before(lake: Lake) -> None:
    assert contamination.mixtures_of(lake, "r2") == ["b", "a"]
    assert contamination.mixtures_of(lake, "r1") == ["a"]
    assert contamination.mixtures_of(lake, "") == contamination.mixtures_of(lake, "elsewhere") == []
    assert len(contamination.content(lake, ["a", "b"])) == 2


def test_items_are_touched_clean_or_unknown(lake: Lake) -> None:
    items = pl.DataFrame(
        [("t", 1), ("t", 2), ("file", 3), ("file", 4), ("member", 0), ("member", 1), ("other", 0), ("t", 1)],
        schema=["task", "item"], orient="row",
    )  # fmt: skip
    groups = {"t": "t", "file": "file", "member": "group", "other": "other"}
    got = contamination.marked(lake, items, groups, ["b", "a"])
    assert got["touched"].to_list() == [True, False, True, False, True, False, None, True]
    assert contamination.marked(lake, items, groups, ["b"])["touched"].to_list()[:2] == [False, False]
    assert contamination.marked(lake, items, groups, [])["touched"].null_count() == 8


def test_a_planted_gap_is_found_and_none_where_none_is() -> None:
    generator = np.random.default_rng(0)
    touched = np.arange(400) < 120
    for share, is_gap in ((0.95, True), (0.4, False)):
        values = np.where(touched, generator.random(400) < share, generator.random(400) < 0.4).astype(float)
        items = pl.DataFrame(
            {
                "task": "t",
                "metric": "acc",
                "item": range(400),
                "cluster": "",
                "value": values,
                "weight": 1.0,
                "touched": touched,
            }
        )
        rows = {row["split"]: row for row in scores(items, [TASK])}
        assert {split: row["n"] for split, row in rows.items()} == {
            "all": 400,
            "clean": 280,
            "touched": 120,
            "gap": 400,
        }
        assert rows["gap"]["value"] == rows["touched"]["value"] - rows["clean"]["value"]
        assert (rows["gap"]["low"] > 0) == is_gap


def test_gaps_cover_the_truth() -> None:
    generator, covered = np.random.default_rng(1), 0
    for _ in range(400):
        values = np.concatenate([generator.random(60) < 0.7, generator.random(200) < 0.4]).astype(float)
        items = pl.DataFrame(
            {
                "task": "t",
                "metric": "acc",
                "item": range(260),
                "cluster": "",
                "value": values,
                "weight": 1.0,
                "touched": [True] * 60 + [False] * 200,
            }
        )
        gap = next(row for row in scores(items, [TASK]) if row["split"] == "gap")
        covered += gap["low"] <= 0.3 <= gap["high"]
    assert covered / 400 == pytest.approx(0.95, abs=0.025)


def test_without_touched_items_there_is_one_split() -> None:
    items = pl.DataFrame(
        {
            "task": "t",
            "metric": "acc",
            "item": range(4),
            "cluster": "",
            "value": [0.0, 1.0, 1.0, 0.0],
            "weight": 1.0,
            "touched": [None] * 4,
        },
        schema_overrides={"touched": pl.Boolean},
    )
    assert [row["split"] for row in scores(items, [TASK])] == ["all"]


def test_rows_of_a_file_are_known_by_the_files_ids(lake: Lake) -> None:
    """Ids that begin with 1 must not mark the row after; rows that became examples come before the first item."""
    items = pl.DataFrame(
        [("file", 2, "3"), ("file", 3, "4"), ("t", 0, "")], schema=["task", "item", "known_as"], orient="row"
    )
    got = contamination.marked(lake, items, {"file": "file", "t": "t"}, ["b", "a"])
    assert got["touched"].to_list() == [True, False, False]
    numbered = items.with_columns(known_as=pl.lit(""))
    got = contamination.marked(lake, numbered, {"file": "file", "t": "t"}, ["b", "a"], {"file": 1})
    assert got["touched"].to_list() == [True, False, False]

    # What this lake protects itself has the numbers of the items, whatever ids their rows have.
    added.add(lake, "file", [{"id": "3", "question": "q"}])
    got = contamination.marked(lake, items, {"file": "file", "t": "t"}, ["b", "a"], {"file": 1})
    assert got["touched"].to_list() == [False, True, False]
