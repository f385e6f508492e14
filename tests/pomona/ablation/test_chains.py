"""What chains of runs cost, by hand; studies with runs before and a teacher; and mistakes in them."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import UserError
from corpus.lake import Lake
from pomona import making
from pomona.ablation import chains, planned, views
from pomona.ablation.chains import Chain
from pomona.ablation.variants import variants
from tests.pomona.ablation.studies import lake_of, run, runs_of, study
from tests.training.runs import settings, start, train
from training import views as of_runs
from training.settings import Run
from training.shape import named, read

VOCABULARY = 560
LARGE, SMALL = 336, 112  # feed-forward units of 1M, and a third


def one_run(name: str, tokens: int, **fields: Any) -> Run:
    start = {} if "after" in fields else {"model": "1M"}
    return Run.model_validate({"name": name, "mixture": "m", "tokens": tokens, **start, **fields})


def per_token(units: int) -> int:
    from dataclasses import replace

    return replace(named("1M", VOCABULARY), d_ffn=units).flops_per_token(256)


def test_tokens_are_what_is_left_of_the_baselines_cost() -> None:
    shared = [one_run("large", 10**6)]
    scratch = Chain("scratch", (), one_run("a", 10**6, units=SMALL))
    distilled = Chain("distilled", (), one_run("b", 10**6, units=SMALL, teacher="large"))
    cut = one_run("c1", 10**5, after="large", units=SMALL)
    pruned = Chain("pruned", (cut,), one_run("c", 10**6, after="c1"))
    both = Chain("both", (cut,), one_run("d", 10**6, after="c1", teacher="large"))
    last = chains.at_equal_cost([scratch, distilled, pruned, both], shared, VOCABULARY)
    tokens = [one.tokens for one in last]

    small, large = per_token(SMALL), per_token(LARGE)
    allowed = 10**6 * small
    assert tokens == [
        10**6,
        allowed // (small + large // 3),
        (allowed - 10**5 * large) // small,
        (allowed - 10**5 * large) // (small + large // 3),
    ]
    costs = [
        chains.cost(Chain(one.name, one.before, one.last.model_copy(update={"tokens": n})), shared, VOCABULARY)
        for one, n in zip((scratch, distilled, pruned, both), tokens, strict=True)
    ]
    assert costs == pytest.approx([allowed] * 4, rel=1e-5)
    assert chains.cost_of_shared(shared, VOCABULARY) == 10**6 * large


def test_a_share_of_the_units_is_one_of_each_size_and_is_cut_once() -> None:
    wanted = study(model=["1M", "3M"], train={"keep": 1 / 3}, runs={"large": {"tokens": 1000}},
                   variants={"plain": {}, "cut": {"before": [{"after": "large", "tokens": 1000}]}})  # fmt: skip
    runs = planned.planned(wanted, variants(wanted), Path())
    assert {(one.model, run.units, run.keep) for one in runs for run in (*one.chain().before, one.run)} == {
        ("1M", SMALL, None), ("3M", round(named("3M", VOCABULARY).d_ffn / 3), None),
    }  # fmt: skip
    assert [one.run.units for one in planned.shared_runs(wanted, variants(wanted)[0], "1M", Path())] == [None]

    # After a model of another size, it is a share of what that one has; and units stand in the place of a share.
    larger = study(train={"keep": 0.5}, runs={"large": {"tokens": 1000, "model": "3M"}}, variants={
        "plain": {}, "cut": {"before": [{"after": "large", "tokens": 1000}]}, "few": {"train": {"units": 100}},
    })  # fmt: skip
    half = [named(size, VOCABULARY).d_ffn // 2 for size in ("1M", "3M")]
    units = {one.variant: [run.units for run in (*one.chain().before, one.run)]
             for one in planned.planned(larger, variants(larger), Path())}  # fmt: skip
    assert units == {"plain": [half[0]], "cut": [half[1], half[1]], "few": [100]}


def test_earlier_runs_that_leave_nothing_are_an_error() -> None:
    cut = one_run("c1", 10**6, after="large", units=SMALL)
    several = [
        Chain("scratch", (), one_run("a", 10**6, units=SMALL)),
        Chain("p", (cut,), one_run("c", 10**6, after="c1")),
    ]
    with pytest.raises(UserError, match="variant 'p': at equal cost, its 1 earlier runs leave 0 tokens"):
        chains.at_equal_cost(several, [one_run("large", 10**6)], VOCABULARY)


FIELDS: dict[str, Any] = {
    "baseline": "scratch", "equal_cost": True, "tokens": "4K",
    "runs": {"large": {"tokens": "4K", "seed": 7}},
    "train": {"sequence_length": 64, "batch_tokens": 128, "units": SMALL},
    "mixture": {"weights": {"a": 0.5, "b": 0.5}, "max_epochs": 4},
    "variants": {
        "scratch": {}, "distilled": {"train": {"teacher": "large"}},
        "pruned": {"before": [{"after": "large", "tokens": "512"}]},
        "both": {"before": [{"after": "large", "tokens": "512", "teacher": "large"}], "train": {"teacher": "large"}},
        "both-again": {
            "before": [{"after": "large", "tokens": "512", "teacher": "large"}],
            "train": {"teacher": "large", "objective": "divergence"},
        },
    },
}  # fmt: skip


def test_a_study_prunes_and_distills_at_equal_cost(mixed: Lake, tmp_path: Path) -> None:
    lake = lake_of(mixed, tmp_path / "lake")
    wanted = study(**FIELDS)
    run(lake, wanted)
    view = views.study(lake, "small")
    assert [one.variant for one in view.variants] == ["scratch", "distilled", "pruned", "both", "both-again"]
    assert [one.cost for one in view.variants] == pytest.approx([1.0] * 5, abs=0.04), "a step's tokens are not divided"
    assert view.runs == 10
    assert len(of_runs.runs(Lake(f"{lake.root}/{view.branch}/base"))) == 1 + 2 * 2 + 10

    base = Lake(f"{lake.root}/{view.branch}/base")
    every = runs_of(base)
    every_by_run = {one.run: one for one in every.values()}
    large = every["runs-large-1M"]
    assert (large.tokens, large.settings["seed"], read(large.checkpoint).d_ffn) == (3968, 7, LARGE)
    assert sum(name.startswith("runs-") for name in every) == 1, "it is trained once"
    for seed in (1, 2):
        for name in ("scratch", "distilled", "pruned", "both", "both-again"):
            assert read(every[f"{name}-1M-{seed}"].checkpoint).d_ffn == SMALL
        cut, taught = (every_by_run[every[f"{name}-1M-{seed}"].after] for name in ("pruned", "both"))
        assert cut.after == taught.after == large.run
        assert every[f"both-again-1M-{seed}"].after == taught.run, "variants that begin alike share the run before them"
        assert (cut.kind, taught.kind) == ("prune", "prune+distill")
        assert [every[f"{name}-1M-{seed}"].kind for name in ("scratch", "distilled", "pruned", "both")] == [
            "train", "distill", "train", "distill",
        ]  # fmt: skip
    assert run(lake, wanted) == view.study

    metrics = {one.metric: one for one in view.comparisons if one.variant == "both"}
    assert set(metrics) == {f"{name}:{group}" for name in ("bits_per_byte", "next_token_accuracy") for group in "ab"}
    accuracy = metrics["next_token_accuracy:a"]
    assert accuracy.higher_is_better
    assert 0 <= view.values[-1].mean < 0.5
    means = {one.variant: one.mean for one in view.values if one.metric == "next_token_accuracy:a"}
    assert accuracy.difference == pytest.approx(means["both"] - means["scratch"], abs=1e-9)


def test_runs_of_a_study_leave_out_its_held_out_documents(tmp_path: Path) -> None:
    wanted = study(**FIELDS)
    every = variants(wanted)
    shared = planned.shared_runs(wanted, every[0], "1M", tmp_path)
    runs = planned.planned(wanted, every, tmp_path)
    mixtures = [one.mixture for one in [*shared, *runs]] + [mixture for one in runs for mixture, _ in one.before]
    assert len(mixtures) == 1 + 10 + 6
    assert all(mixture.leave_out for mixture in mixtures)
    seeds = [mixture.seed for one in runs for mixture, _ in one.before] + [
        one.mixture.seed for one in [*shared, *runs[:1]]
    ]
    assert len(set(seeds)) == 4, "two of runs before others, that of the shared one, and that of the first run"
    assert all(mixture.weights == {"a": 0.5, "b": 0.5} for mixture in mixtures)


def test_other_studies_are_what_they_were() -> None:
    assert "runs" not in study().that_change_results()
    assert "equal_cost" not in study().that_change_results()
    assert study(**FIELDS).that_change_results()["equal_cost"] is True


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"variants": {"scratch": {}, "p": {"before": {"after": "large"}}}}, "before is .* it is a list of runs"),
        ({"variants": {"scratch": {}, "p": {"before": [{"after": "large"}]}}}, "variant 'p': before 1 needs tokens"),
        (
            {"variants": {"scratch": {}, "p": {"before": [{"after": "larg", "tokens": 1}]}}},
            "unknown after 'larg'; did you mean 'large'",
        ),
        ({"variants": {"scratch": {}, "p": {"train": {"teacher": "larg"}}}}, "unknown teacher 'larg'; did you mean"),
        ({"variants": {"scratch": {}, "p": {"train": {"after": "nothing"}}}}, "unknown after 'nothing'"),
        (
            {"variants": {"scratch": {}, "p": {"before": [{"tokens": 1}, {"after": "large", "tokens": 1}]}}},
            "before 2 comes after the run before it",
        ),
        (
            {"variants": {"scratch": {}, "p": {"before": [{"tokens": 1}], "train": {"after": "large"}}}},
            "its run comes after those in before",
        ),
        ({"variants": {"scratch": {}, "p": {"before": [{"tokens": 1, "seed": 3}]}}}, "seed is set by the study"),
        (
            {"variants": {"scratch": {}, "p": {"before": [{"tokens": 1, "unit": 3}]}}},
            "unit: no such field; did you mean 'units'",
        ),
        ({"runs": {"large": {"model": "1M"}}}, "runs: 'large' needs tokens"),
        ({"runs": {"large": {"tokens": None}}}, "runs: 'large' needs tokens"),
        ({"runs": {"large": {"tokens": 1, "after": ["a"]}}}, "runs: 'large': after"),
        ({"variants": {"scratch": {}, "p": {"before": [{"after": {"a": 1}, "tokens": 1}]}}}, "before 1: after"),
        (
            {"runs": {}, "variants": {"scratch": {}, "p": {"train": {"teacher": "large"}}}},
            "a run of the lake is not taken",
        ),
        (
            {"variants": {"scratch": {}, "p": {"before": [{"after": "large", "tokens": "9K"}]}}},
            "its 1 earlier runs leave 0 tokens",
        ),
        (
            {"variants": {"scratch": {}, "p": {"before": [{"after": "large", "tokens": 1, "units": 400}]}}},
            "units is 400, and the model that it starts from has 336",
        ),
        (
            {"variants": {"scratch": {}, "p": {"before": [{"after": "large", "tokens": 1, "units": 50}]}}},
            "units is 112, and the model that it starts from has 50",
        ),
        (
            {"variants": {"scratch": {}, "p": {"train": {"teacher": str(Path(__file__).parent)}}}},
            "no configuration of a model",
        ),
        ({"runs": {"large": {"tokens": 1, "mixture": "x"}}}, "runs: 'large': mixture is set by the study"),
        (
            {
                "variants": {"scratch": {}, "p": {"train": {"teacher": "large"}, "filter": {"rules": ["c4"]}}},
                "recipe": __file__,
            },
            "p",
        ),
    ],
)
def test_mistakes_are_told_before_anything_is_trained(changes: dict[str, Any], told: str) -> None:
    wanted = study(**(FIELDS | changes))
    with pytest.raises(UserError, match=told) as error:
        planned.check(wanted, variants(wanted), VOCABULARY)
    assert "\n" not in str(error.value)


def test_at_equal_cost_only_tokens_differ() -> None:
    large = [one_run("large", 10**6)]
    several = [
        Chain("scratch", (), one_run("a", 8 * 10**6, units=SMALL)),
        Chain("distilled", (), one_run("b", 8 * 10**6, units=SMALL, teacher="large")),
        Chain("own", (), one_run("c", 8 * 10**6, units=SMALL, batch_tokens=512, sequence_length=64)),
    ]
    last = chains.at_equal_cost(several, large, VOCABULARY)
    assert [(one.batch_tokens, one.sequence_length) for one in last] == [(4096, 256), (4096, 256), (512, 64)]


def test_fields_that_mean_the_same_are_the_same_variant() -> None:
    several = {
        "scratch": {}, "a": {"train": {"teacher": "large"}}, "b": {"train": {"teacher": "large", "teacher_ids": "online"}},
        "c": {"before": [{"after": "large", "tokens": "512"}]}, "d": {"before": [{"after": "large", "tokens": 512}]},
        "e": {"train": {"teacher": "large", "objective": "divergence"}},
    }  # fmt: skip
    found = {one.name: one.same_as for one in variants(study(**(FIELDS | {"variants": several})))}
    assert found == {"scratch": "", "a": "", "b": "a", "c": "", "d": "c", "e": ""}


def test_accuracy_is_measured_if_a_run_has_a_teacher() -> None:
    assert study(**FIELDS).is_accuracy_measured
    named = {"plain": {"weights": {"a": 1}}, "teacher": {"weights": {"b": 1}, "train": {"teacher": None}}}
    assert not study(variants=named).is_accuracy_measured
    assert study(accuracy=True).is_accuracy_measured
    assert not study(**FIELDS, accuracy=False).is_accuracy_measured
    assert study(**FIELDS, accuracy=False).that_change_results()["accuracy"] is False


def test_a_study_depends_on_its_teachers_files_and_refuses_runs_of_the_lake(mixed: Lake, tmp_path: Path) -> None:
    lake = lake_of(mixed, tmp_path / "lake")
    train(lake, settings("large", model=str(start(tmp_path / "model")), tokens=512))
    checkpoint = of_runs.run(lake, "large").checkpoint
    of_lake = {"scratch": {}, "d": {"train": {"teacher": checkpoint}}}
    with pytest.raises(UserError, match="is a run of the lake, which may have read documents that the study holds out"):
        making.ablation_id(lake, study(**(FIELDS | {"variants": of_lake})))

    shutil.copytree(checkpoint, tmp_path / "folder")
    elsewhere = study(**(FIELDS | {"variants": {"scratch": {}, "d": {"train": {"teacher": str(tmp_path / "folder")}}}}))
    before = making.ablation_id(lake, elsewhere)
    shutil.copy(tmp_path / "model" / "model.safetensors", tmp_path / "folder" / "model.safetensors")
    assert making.ablation_id(lake, elsewhere) != before


def test_runs_for_all_may_follow_one_another_and_texts_are_mixed_before(mixed: Lake, tmp_path: Path) -> None:
    lake = lake_of(mixed, tmp_path / "lake")
    runs = {"large": {"tokens": "512"}, "half": {"after": "large", "tokens": "512", "units": 168}}
    several = {"scratch": {}, "d": {"train": {"teacher": "half"}}}
    wanted = study(**(FIELDS | {"runs": runs, "variants": several, "tokens": "2K", "at_once": 2}))
    run(lake, wanted)
    base = Lake(f"{lake.root}/{views.study(lake, 'small').branch}/base")
    assert read(runs_of(base)["runs-half-1M"].checkpoint).d_ffn == 168

    short = {"scratch": {}, "p": {"before": [{"after": "large", "tokens": "900K"}]}}
    fields = FIELDS | {"variants": short, "equal_cost": False, "name": "short"}
    with pytest.raises(UserError, match="is short of text"):
        run(lake, study(**fields))
    assert not any("short" in path.name for path in Path(lake.root, "branches").glob("*/base/artifacts/checkpoint/*"))
