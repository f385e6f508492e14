"""Comparisons and leaderboards over a lake whose items were planted."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import pomona.stages
from corpus.errors import UserError
from corpus.lake import Lake
from corpus.lineage import Lineage
from eval_suites import views
from eval_suites.statistics.paired import difference
from eval_suites.steps import scores
from eval_suites.tables import ANSWERS, ITEM_SCORES, SCORE_RUNS, SCORES


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    pomona.stages.tables()
    return Lake(tmp_path / "lake")


def plant(
    lake: Lake, name: str, values: Mapping[str, np.ndarray], suite: str = "s", weights: np.ndarray | None = None
) -> None:
    """Writes a score with these values of items. A task called `bits` is a ratio, of which less is better."""
    key = name * 8
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
                "cluster": "",
                "value": float(v),
                "weight": float(w),
                "is_ratio": is_ratio,
                "touched": None,
            }
            for i, (v, w) in enumerate(zip(several, weight, strict=True))
        ]
        tasks.append({
            "task": task, "group": task, "version": "1", "shots": 0, "primary": "acc", "baseline": 0.25, "prompt_hash": "",
            "unparsed": None, "metrics": [{"name": "acc", "is_ratio": is_ratio, "higher_is_better": not is_ratio}],
        })  # fmt: skip
    manifest = {"model_key": key, "tasks": {task: {"items": len(several)} for task, several in values.items()}}
    run = {
        "score": key, "name": name, "model": name, "model_key": key, "run": "", "tokens": None, "suite": suite,
        "suite_version": 1, "requests": 1, "reused": 0, "cut": 0, "seconds": 1.0, "manifest": json.dumps(manifest),
    }  # fmt: skip
    rows = [
        {"score": key} | one for one in scores(pl.DataFrame(items, schema_overrides={"touched": pl.Boolean}), tasks)
    ]
    for table, some in ((ANSWERS, []), (ITEM_SCORES, items), (SCORES, rows), (SCORE_RUNS, [run])):
        slot = f"score-{key}"
        with lake.part_writer(table.name, slot, key, table.schema) as writer:
            writer.write(pa.RecordBatch.from_pylist(some, table.schema))
        lake.commit(table.name, {slot: [key]}, Lineage("score", slot, key, {}, facts={"score": key}))


def answers(seed: int, share: float, n: int = 300) -> np.ndarray:
    return (np.random.default_rng(seed).random(n) < share).astype(float)


def test_a_comparison_is_paired_and_adjusted(lake: Lake) -> None:
    a = np.array([1.0] * 158 + [0.0] * 62)
    b = np.concatenate([np.ones(150), np.zeros(8), np.ones(24), np.zeros(38)])
    plant(lake, "a", {"planted": a, "same": a})
    plant(lake, "b", {"planted": b, "same": a})
    got = views.compare(lake, "a", "b")
    by_task = {one.task: one for one in got.tasks}
    expected = difference(a, b)
    planted = by_task["planted"]
    assert (planted.difference, planted.low, planted.high, planted.p) == pytest.approx(
        (expected.value, expected.low, expected.high, expected.p)
    )
    assert planted.adjusted_p == pytest.approx(2 * expected.p)
    assert (planted.verdict, planted.a_only, planted.b_only) == ("better", 8, 24)
    assert by_task["same"].verdict == "undecided"
    assert {one.verdict for one in views.compare(lake, "b", "a").tasks} == {"worse", "undecided"}


def test_less_is_better_for_bits(lake: Lake) -> None:
    generator = np.random.default_rng(0)
    sizes = generator.uniform(100, 2000, 80)
    bits = sizes * generator.normal(1.2, 0.1, 80)
    plant(lake, "a", {"bits": bits}, weights=sizes)
    plant(lake, "b", {"bits": bits - 0.05 * sizes + generator.normal(0, 5, 80)}, weights=sizes)
    (one,) = views.compare(lake, "a", "b").tasks
    assert one.verdict == "better"
    assert one.difference == pytest.approx(-0.05, abs=0.005)
    assert one.low < -0.05 < one.high
    assert one.difference == pytest.approx(one.b - one.a)


def test_what_cannot_be_compared_is_said(lake: Lake) -> None:
    plant(lake, "a", {"x": answers(0, 0.5), "only": answers(1, 0.5), "short": answers(2, 0.5)})
    plant(lake, "b", {"x": answers(3, 0.5), "short": answers(2, 0.5, 200)})
    got = views.compare(lake, "a", "b")
    assert [one.task for one in got.tasks] == ["x"]
    assert got.left_out == ["only: only a was scored on it", "short: 300 items against 200"]
    plant(lake, "c", {"other": answers(0, 0.5)})
    with pytest.raises(UserError, match="a and c have no task that can be compared: x: only a was scored on it"):
        views.compare(lake, "a", "c")
    with pytest.raises(UserError, match="are the same score"):
        views.compare(lake, "a", "a")
    with pytest.raises(UserError, match=r"unknown score 'd'. Allowed: a, b, c"):
        views.compare(lake, "a", "d")


def test_the_leaderboard_groups_what_it_cannot_tell_apart(lake: Lake) -> None:
    good = answers(0, 0.7)
    almost = good.copy()
    almost[:3] = 1 - almost[:3]
    plant(lake, "good", {"x": good, "y": answers(4, 0.7)})
    plant(lake, "almost", {"x": almost, "y": answers(4, 0.7)})
    plant(lake, "bad", {"x": answers(5, 0.3), "y": answers(6, 0.3)})
    plant(lake, "other", {"z": answers(7, 0.9)}, suite="t")
    got = views.leaderboard(lake, "s")
    assert {one.name for one in got[:2]} == {"good", "almost"}
    assert [one.rank for one in got] == [1, 2, 3]
    assert got[0].group == got[1].group == 1
    assert got[2].group == 2
    assert (got[2].best, got[2].worst) == (3, 3)
    headline = np.mean([(np.mean(one) - 0.25) / 0.75 for one in (answers(5, 0.3), answers(6, 0.3))])
    assert got[2].headline == pytest.approx(headline)
    assert [one.name for one in views.leaderboard(lake)] == ["other"]
    with pytest.raises(UserError, match="unknown suite 'u'"):
        views.leaderboard(lake, "u")


def test_a_third_model_does_not_move_a_headline(lake: Lake) -> None:
    plant(lake, "a", {"x": answers(0, 0.6)})
    plant(lake, "b", {"x": answers(1, 0.5)})
    before = {one.name: (one.headline, one.win_rate) for one in views.leaderboard(lake)}
    plant(lake, "c", {"x": answers(2, 0.3)})
    after = {one.name: (one.headline, one.win_rate) for one in views.leaderboard(lake)}
    assert [after[name][0] for name in "ab"] == [before[name][0] for name in "ab"]
    assert (before["b"][1], after["b"][1]) == (0.0, 0.5)  # the win rate does


def test_an_empty_lake_has_an_empty_board(lake: Lake) -> None:
    assert views.leaderboard(lake) == []
    assert views.runs(lake) == []
