"""What `pomona plan` says of a run, against its formula and against a run."""

import shutil
from pathlib import Path

import pytest

from corpus.lake import Lake
from corpus.mixture.settings import Mixture
from corpus.tokenizer.settings import Tokenizer
from pomona import budget
from pomona.stages import Wanted
from tests.training.runs import settings, start, train
from training import checkpoints, costs, steps
from training.settings import Run
from training.shape import named, read
from training.stages import find


def families(*runs: Run, **mixture: object) -> dict[str, object]:
    return {"train": runs, "mix": (Mixture.model_validate({"name": "all"} | mixture),)}


def test_minutes_are_flops_over_the_rate() -> None:
    run = Run(name="a", mixture="all", model="1M", tokens=2_000_000, evaluations=3, evaluation_tokens=9000)
    shape = named("1M", 49_152)
    flops = (2_000_000 + 3 * 2 * 9000 / 3) * shape.flops_per_token(256)
    spent = costs.spent("a", families(run, weights={"x": 1.0, "y": 1.0}), 0.0, 100.0)
    assert spent.minutes == pytest.approx(flops / 100e9 / 60)
    assert costs.spent("a", families(run), 0.0, 200.0).minutes < spent.minutes / 2


def test_tokens_are_those_of_the_run_of_its_mixture_or_of_the_text() -> None:
    def tokens(run: Run, **mixture: object) -> float:
        return costs.spent(run.name, families(run, **mixture), 4e6, 1.0).n_bytes / 4

    assert tokens(Run(name="a", mixture="all", tokens=7000), tokens=8000) == 7000
    assert tokens(Run(name="a", mixture="all"), tokens=8000) == 8000
    assert tokens(Run(name="a", mixture="all")) == 1e6
    assert tokens(Run(name="a", mixture="elsewhere")) == 1e6


def test_a_run_after_another_has_its_model(tmp_path: Path) -> None:
    core = Run(name="core", mixture="all", model="26M", tokens=1000)
    later = Run(name="later", mixture="all", after="core", tokens=1000)
    around = Run(name="around", mixture="all", after="around", tokens=1000)
    folder = Run(name="folder", mixture="all", model=str(start(tmp_path / "model")), tokens=1000)
    gone = Run(name="gone", mixture="all", model=str(tmp_path / "no"), tokens=1000)

    def disk(run: Run) -> int:
        return costs.spent(run.name, families(core, later, around, folder, gone), 0.0, 1.0).disk_bytes

    assert disk(later) == disk(core) > disk(around) == disk(gone)
    cut = Run(name="cut", mixture="all", after="core", tokens=1000, keep=0.5)
    twice = Run(name="twice", mixture="all", after="cut", tokens=1000, units=100)
    end = Run(name="end", mixture="all", after="twice", tokens=1000)
    several = families(core, cut, twice, end)
    n = named("26M", 49_152).d_ffn
    shapes = [costs.shape_of(name, several).d_ffn for name in ("core", "cut", "twice", "end")]
    assert shapes == [n, n, n // 2, 100]  # what each trains: the first three compute with what they begin with
    assert disk(folder) == 4 * read(tmp_path / "model").memory().weights


def test_the_plan_of_a_recipe_shows_a_run(mixed: Lake, tmp_path: Path) -> None:
    shutil.copytree(mixed.root, tmp_path / "lake")
    lake = Lake(tmp_path / "lake")
    run = settings("planned", model=str(start(tmp_path / "model")))
    assert train(lake, run) == "ran"
    weights = steps.checkpoint(lake, find(lake, "planned")) / checkpoints.WEIGHTS
    found = budget.estimate(lake, Wanted.of({"train": (run,), "tokenizer": Tokenizer(vocab_size=560)}), 2, None)
    (planned,) = (one for one in found if one.stage == "train:planned")
    assert planned.workers == planned.items == 1
    assert planned.disk_bytes / 4 == pytest.approx(weights.stat().st_size, rel=0.1)
