"""A search over weights: its runs, what it finds, and that it goes through the whole loop."""

from pathlib import Path

import numpy as np
import pytest

from corpus.errors import UserError
from corpus.lake import Lake
from pomona.ablation import search, views
from pomona.ablation.settings import SEARCHED
from pomona.ablation.variants import variants
from tests.pomona.ablation.studies import lake_of, run, runs_of, study

THREE = {"plain": {"weights": {"a": 2, "b": 1, "c": 1}, "max_epochs": 50}}


def test_points_are_around_the_baseline_and_seeds_take_turns() -> None:
    wanted = study(variants=THREE, search={"runs": 12, "seed": 3})
    several = search.points(wanted, variants(wanted)[0])
    assert several[0].weights == {"a": 0.5, "b": 0.25, "c": 0.25}
    assert len({one.seed for one in several} | {1, 2}) == 14  # seeds of their own
    assert len({one.name for one in several}) == 12
    assert all(abs(sum(one.weights.values()) - 1) < 1e-3 for one in several)
    assert several == search.points(wanted, variants(wanted)[0])


def test_what_it_finds_is_a_variant_of_the_baseline() -> None:
    wanted = study(variants=THREE, search={"runs": 40})
    baseline = variants(wanted)[0]
    several = search.points(wanted, baseline)
    targets = search.matrix(several, ["a", "b", "c"]) @ np.array([2.0, 2.5, 4.0])  # c is noise
    found = search.searched(baseline, several, targets)
    assert found.name == SEARCHED
    assert found.mixture["max_epochs"] == 50
    assert found.mixture["weights"]["a"] == max(found.mixture["weights"].values())
    assert found.mixture["weights"].get("c", 0) < 0.05


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"variants": {"plain": {"weights": {"a": 1}}}}, "search: the baseline 'plain' needs weights of two groups"),
        ({"variants": THREE | {"search-1": {}}}, "'search-1': a search gives names like this"),
        ({"variants": {"plain": {"weights": dict.fromkeys("abcdefg", 1)}}}, "8 runs are too few.*; give 10 at least"),
    ],
)
def test_mistakes(changes: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        variants(study(search={"runs": 8}, **changes))


def test_a_search_is_trained_fitted_and_confirmed(mixed: Lake, tmp_path: Path) -> None:
    lake = lake_of(mixed, tmp_path / "lake")
    wanted = study(variants=THREE, search={"runs": 8}, held_out=["a", "b", "c"], tokens=1536)
    run(lake, wanted)
    view = views.study(lake, "small")
    assert [one.variant for one in view.variants] == ["plain", "searched"]
    assert view.runs == 2 + 8 + 2
    found = view.search
    assert found is not None
    assert found.runs == 8
    assert {one.metric for one in found.surfaces} == {
        "bits_per_byte", "bits_per_byte:a", "bits_per_byte:b", "bits_per_byte:c",
    }  # fmt: skip
    assert found.best.weights == pytest.approx(
        {"a": 0, "b": 0, "c": 0} | view.variants[1].changes["mixture"]["weights"], abs=0.006
    )
    assert found.baseline.weights == {"a": 0.5, "b": 0.25, "c": 0.25}
    assert found.baseline.low < found.baseline.mean < found.baseline.high
    assert len(found.profiles) == 4 * 3
    assert len(found.profiles[0].runs) == 8
    assert {one.variant for one in view.comparisons} == {"searched"}

    # What is found is confirmed on the half of the documents that the search has not looked at.
    items = lake.scan("ablation_items").collect()
    halves = {search.is_searched_on(one) for one in items["id"]}
    assert halves == {True, False}
    [of_a] = [one for one in view.comparisons if one.metric == "bits_per_byte:a"]
    every = items.filter((items["metric"] == "bits_per_byte:a") & (items["variant"] == "plain") & (items["seed"] == 1))
    assert of_a.items == sum(not search.is_searched_on(one) for one in every["id"])

    first = runs_of(Lake(Path(lake.root, view.branch, "base")))["plain-1M-1"]
    seen = items.filter(items["variant"] == "plain", items["seed"] == 1)
    seen = seen.filter([search.is_searched_on(one) for one in seen["id"]])
    rates = [part["value"].sum() / part["weight"].sum() for _, part in seen.group_by("metric")]
    assert search.target(Path(first.checkpoint)) == pytest.approx(np.mean(rates))
