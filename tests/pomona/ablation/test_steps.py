"""A whole study: its rows are those of its runs, a killed one goes on, and the same one again trains nothing."""

import json
import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import pomona
from corpus.errors import UserError
from corpus.lake import Lake
from pomona import making
from pomona.ablation import running, views
from pomona.ablation.family import FAMILY as ABLATE
from pomona.ablation.settings import Study
from pomona.ablation.steps import Studying
from pomona.cli import main
from pomona.stages import Wanted
from pomona.views.trace import trace_document
from tests.pomona.ablation.studies import lake_of, run, runs_of, study
from training import views as of_runs


@pytest.fixture(scope="module")
def studied(mixed: Lake, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    lake = lake_of(mixed, tmp_path_factory.mktemp("study") / "lake")
    run(lake, study())
    return lake


def test_every_run_is_in_the_branch_with_the_rows_of_the_study(studied: Lake) -> None:
    view = views.study(studied, "small")
    branch = Lake(Path(studied.root, view.branch, "base"))
    runs = {one.run: one for one in of_runs.runs(branch)}
    assert view.runs == len(runs) == 6
    assert not studied.exists("runs")
    values = studied.scan("ablation_values").collect()
    items = studied.scan("ablation_items").collect()
    for (run_id, metric), rows in values.group_by("run", "metric"):
        group = str(metric).partition(":")[2]
        ended = rows.filter(pl.col("before_end") == 0)["value"][0]
        of = rows.row(0, named=True)
        bits = items.filter(
            (pl.col("variant") == of["variant"]) & (pl.col("seed") == of["seed"]) & (pl.col("metric") == metric)
        )
        assert ended == pytest.approx(bits["value"].sum() / bits["weight"].sum())
        assert runs[str(run_id)].held_out[group] > 0
        assert sorted(rows["before_end"]) == [0, 1, 2]  # two checkpoints of the last tenth, too


def test_variants_are_measured_on_the_same_documents_and_train_on_none_of_them(studied: Lake) -> None:
    items = studied.scan("ablation_items").collect()
    of_run = items.group_by("variant", "seed", "metric").agg(pl.col("id").sort()).sort("metric")
    for (_metric,), rows in of_run.group_by("metric"):
        assert len({tuple(row) for row in rows["id"]}) == 1
    branch = Lake(Path(studied.root, views.study(studied, "small").branch, "base"))
    trained = set(branch.scan("mixtures").filter(pl.col("split") == "train").collect()["id"])
    assert trained
    assert not trained & set(items["id"])


def test_a_copy_of_the_baseline_is_another_run_and_a_null(studied: Lake) -> None:
    view = views.study(studied, "small")
    copy = [one for one in view.comparisons if one.variant == "copy"]
    assert [one.same_as for one in view.variants] == ["", "", "plain"]
    assert all(one.difference != 0 and one.verdict == "undecided" for one in copy)


def test_the_same_study_again_trains_nothing_and_another_name_neither(
    studied: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "one_run", lambda planned: pytest.fail(f"{planned.run.name} was trained again"))
    first = making.ablation_id(studied, study())
    assert run(studied, study()) == first
    assert run(studied, study(name="again")) != first
    assert views.study(studied, "again").comparisons == views.study(studied, "small").comparisons
    assert views.study(studied, first[:8]).name == "small"
    with pytest.raises(UserError, match="unknown study 'smal'; did you mean 'small'"):
        views.study(studied, "smal")


def test_a_study_that_is_changed_and_changed_back_is_the_first_one(mixed: Lake, tmp_path: Path) -> None:
    def of(tokens: int, limit: int, seeds: list[int]) -> Study:
        taught = {"weights": {"a": 1.0}, "train": {"teacher": "large"}}
        return study(
            seeds=seeds, tokens=512, tasks=["pomona_grammar"], limit=limit, runs={"large": {"tokens": tokens}},
            variants={"plain": {"weights": {"a": 1.0}}, "taught": taught},
        )  # fmt: skip

    lake, fresh = (lake_of(mixed, tmp_path / name) for name in ("lake", "fresh"))
    for wanted in (of(512, 4, [1, 2]), of(1024, 6, [1, 2]), of(512, 4, [1, 2, 3])):
        run(lake, wanted)
    run(fresh, of(512, 4, [1, 2, 3]))
    values, items = (
        [one.scan(table).drop("study").sort(pl.all()) for one in (lake, fresh)]
        for table in ("ablation_values", "ablation_items")
    )
    for one, other in (values, items):
        grown, alone = one.collect(), other.collect()
        assert alone.join(grown, on=alone.columns, how="anti", nulls_equal=True).height == 0
    newest = views.study(lake, "small")
    assert newest.comparisons == views.study(fresh, "small").comparisons
    assert [one.by_seed for one in newest.values] == [one.by_seed for one in views.study(fresh, "small").values]


def test_a_study_after_documents_were_forgotten_has_read_none_of_them(mixed: Lake, tmp_path: Path) -> None:
    lake = lake_of(mixed, tmp_path / "lake")
    fields: dict[str, Any] = {
        "variants": {"plain": {"weights": {"a": 1.0}}, "copy": {"weights": {"a": 1.0}}},
        "tokens": 512,
    }
    run(lake, study(**fields))
    base = Lake(Path(lake.root, views.study(lake, "small").branch, "base"))
    gone = base.scan("mixtures").select("id").unique().sort("id").collect()["id"][0]
    pomona.forget(lake, gone)
    run(lake, study(**fields, seeds=[1, 2, 3]))
    newest = Lake(Path(lake.root, views.study(lake, "small").branch, "base"))
    assert newest.root != base.root
    assert gone not in newest.scan("mixtures").collect()["id"].to_list()


def test_a_trace_says_where_a_run_of_a_study_is(studied: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    name = runs_of(Lake(Path(studied.root, views.study(studied, "small").branch, "base")))["mixed-1M-2"].name
    assert main(["trace", name, "--lake", studied.root]) == 2
    told = capsys.readouterr().err.strip()
    assert "\n" not in told
    command = told.rpartition("pomona ")[2].split()
    assert main(command) == 0
    assert "mixed-1M-2" in capsys.readouterr().out
    base = Lake(Path(studied.root, views.study(studied, "small").branch, "base"))
    rows = base.scan("mixtures").filter(pl.col("split") == "train").group_by("id").agg(pl.col("mixture").n_unique())
    document, n = rows.sort("mixture", "id").collect().rows()[0]  # whole or in part, a run reads most of its mixture
    assert 0 < trace_document(studied, document).studies[base.url] <= n
    assert main(["trace", document, "--lake", studied.root]) == 0
    assert f"of a study in {base.url} read it" in capsys.readouterr().out
    assert main(["trace", "mixed-1M-9", "--lake", studied.root]) == 2
    assert "a study has trained" not in capsys.readouterr().err


def test_a_study_that_was_stopped_goes_on(mixed: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = lake_of(mixed, tmp_path / "lake")
    plain, trained = running.one_run, []

    def until_killed(planned: running.Planned) -> None:
        if len(trained) == 3:
            raise KeyboardInterrupt
        trained.append(planned.run.name[:-9])
        plain(planned)

    monkeypatch.setattr(running, "one_run", until_killed)
    with pytest.raises(KeyboardInterrupt):
        run(lake, study())
    assert not lake.exists("ablations")

    import training.loop as loop

    fits, real = [], loop.train
    monkeypatch.setattr(running, "one_run", plain)
    monkeypatch.setattr(loop, "train", lambda plan, *rest: fits.append(plan.name[:-9]) or real(plan, *rest))
    run(lake, study())
    assert len(fits) == 3  # of six
    assert not set(fits) & set(trained)
    view = views.study(lake, "small")
    assert view.runs == 6


def test_a_study_with_more_seeds_and_variants_trains_only_those(
    studied: Lake, mixed: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = lake_of(mixed, tmp_path / "lake")
    every = {"plain": {"weights": {"a": 1.0}}, "mixed": {"weights": {"a": 0.5, "b": 0.5}}}
    run(lake, study(variants=every))

    import training.loop as loop

    fits, real = [], loop.train
    monkeypatch.setattr(loop, "train", lambda plan, *rest: fits.append(plan.name[:-9]) or real(plan, *rest))
    run(lake, study(seeds=[1, 2, 3], variants=every | {"copy": {"weights": {"a": 1.0}}}))
    assert sorted(fits) == ["copy-1M-1", "copy-1M-2", "copy-1M-3", "mixed-1M-3", "plain-1M-3"]

    whole = {(one.variant, one.metric): one.by_seed for one in views.study(studied, "small").values}
    grown = {(one.variant, one.metric): one.by_seed[:2] for one in views.study(lake, "small").values}
    assert grown == whole  # as if all of them had been there from the start

    fits.clear()
    run(lake, study(variants=every | {"mixed": {"weights": {"a": 0.4, "b": 0.6}}}))
    assert sorted(fits) == ["mixed-1M-1", "mixed-1M-2"]  # a variant that differs is trained besides

    fits.clear()
    capsys.readouterr()
    run(lake, study(seeds=[1, 2, 3, 4], variants=every))  # taken back, and grown
    assert "ablate small: 6 of 8 runs are there already" in capsys.readouterr().err
    assert sorted(fits) == ["mixed-1M-4", "plain-1M-4"]
    again = {(one.variant, one.metric): one.by_seed[:2] for one in views.study(lake, "small").values}
    assert again == {name: of for name, of in whole.items() if name[0] != "copy"}

    def place(**changes: Any) -> str:
        wanted = study(**changes)
        prepare = Wanted.of({ABLATE.name: (wanted,)}).plan(ABLATE.names((wanted.name,))[0], lake).prepare
        assert isinstance(prepare, Studying)
        return prepare.place

    # Whether its runs are looked for in one folder: with the same documents held out, and the same tokenizer.
    assert place() == place(seeds=[4, 5], tokens=512, suites=["offline"], held_out=["b", "a"])
    assert len({place(), place(held_out=["a"]), place(evaluation_tokens=512), place(name="other")}) == 4


def test_a_group_without_enough_text_shows_before_anything_is_trained(
    mixed: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "one_run", lambda planned: pytest.fail("something was trained"))
    lake = lake_of(mixed, tmp_path / "lake")
    for variants, words in (
        ({"plain": {"weights": {"a": 1}}, "other": {"weights": {"c": 1}}}, "variant 'other', seed 1: .*short of text"),
        ({"plain": {"weights": {"a": 1}}, "other": {"weights": {"d": 1}}}, "variant 'other', seed 1: .*'d'"),
    ):
        with pytest.raises(UserError, match=words):
            run(lake, study(variants=variants, tokens=8192))
    with pytest.raises(UserError, match="held_out group 'nowhere'"):
        run(lake, study(held_out=["nowhere"]))
    assert not list(Path(lake.root, "branches").iterdir())  # mistakes leave nothing behind


def test_several_at_once_give_what_one_after_the_other_gives(studied: Lake, mixed: Lake, tmp_path: Path) -> None:
    lake = lake_of(mixed, tmp_path / "lake")
    run(lake, study(at_once=2))
    one, two = (views.study(each, "small") for each in (studied, lake))
    assert [c.variant for c in one.comparisons] == [c.variant for c in two.comparisons]
    for a, b in zip(one.values, two.values, strict=True):
        assert a.by_seed == pytest.approx(b.by_seed, abs=2e-3)


def test_models_are_scored_on_suites_too(mixed: Lake, tmp_path: Path) -> None:
    lake = lake_of(mixed, tmp_path / "lake")
    run(lake, study(held_out=[], tasks=["pomona_grammar"], limit=20, variants={"plain": {}, "copy": {}}))
    view = views.study(lake, "small")
    assert {one.metric for one in view.metrics} == {"-/pomona_grammar:acc", "-/pomona_grammar:bits_per_byte"}
    higher = {one.metric: one.higher_is_better for one in view.comparisons}
    assert higher == {"-/pomona_grammar:acc": True, "-/pomona_grammar:bits_per_byte": False}
    assert all(math.isfinite(one.difference) for one in view.comparisons)
    assert json.loads(json.dumps(view.definition))["tasks"] == ["pomona_grammar"]
