"""What variants are, and mistakes in them, before anything is trained."""

from pathlib import Path

import pytest

from corpus.errors import UserError
from pomona.ablation.variants import recipe_of, variants
from tests.pomona.ablation.studies import study
from training.settings import Run


def test_the_baseline_is_first_and_a_copy_of_it_gets_other_seeds() -> None:
    plain, mixed, copy = variants(study(baseline="mixed"))
    assert [plain.name, mixed.name, copy.name] == ["mixed", "plain", "copy"]
    assert (mixed.same_as, copy.same_as) == ("", "plain")
    assert mixed.seed(1) == 1 != copy.seed(1)
    assert copy.mixture_of("m", 1, 1000).seed == copy.run_of("m", "1M", 1, 500).seed == copy.seed(1)
    assert plain.mixture_of("m", 1, 1000).weights == {"a": 0.5, "b": 0.5}


def test_a_default_that_is_written_out_makes_no_other_variant() -> None:
    rate, decay = Run(name="r", mixture="m").peak(), Run(name="r", mixture="m").decay()
    written = {"weights": {"a": 1}, "train": {"learning_rate": rate, "weight_decay": decay}}
    other = {"weights": {"a": 1}, "train": {"learning_rate": rate / 2}}
    all_units = {"weights": {"a": 1}, "train": {"keep": 1.0}}
    some = variants(
        study(variants={"plain": {"weights": {"a": 1}}, "written": written, "other": other, "all": all_units})
    )
    assert [one.same_as for one in some] == ["", "plain", "", "plain"]
    sizes = study(model=["1M", "3M"], variants={"plain": {"train": {"keep": 0.5}}, "units": {"train": {"units": 168}}})
    assert [one.same_as for one in variants(sizes)] == ["", ""]  # the same for 1M alone
    shares = [{"train": {"keep": 0.5}}, {"train": {"units": 168}}, {"train": {"units": 167}}]
    some = variants(study(variants={"plain": shares[0], "same": shares[1], "other": shares[2]}))
    assert [one.same_as for one in some] == ["", "plain", ""]


def test_common_fields_hold_for_all_and_variants_override_them() -> None:
    some = variants(
        study(
            mixture={"max_epochs": 4, "temperature": None},
            train={"optimizer": "adamw"},
            variants={"plain": {"weights": {"a": 1}}, "other": {"max_epochs": 2, "train": {"optimizer": "muon"}}},
        )
    )
    runs = [one.run_of("r", "1M", 1, 100) for one in some]
    mixtures = [one.mixture_of("r", 1, 100) for one in some]
    assert [one.optimizer for one in runs] == ["adamw", "muon"]
    assert [one.max_epochs for one in mixtures] == [4, 2]
    assert [one.held_out for one in mixtures] == [0, 0]


def test_each_group_is_left_out_once() -> None:
    wanted = study(leave_one_out=True, variants={"plain": {"weights": {"a": 2, "b": 1, "c": 1}}})
    names = {one.name: one.mixture["weights"] for one in variants(wanted)}
    assert names == {
        "plain": {"a": 2, "b": 1, "c": 1}, "without-a": {"b": 1, "c": 1}, "without-b": {"a": 2, "c": 1},
        "without-c": {"a": 2, "b": 1},
    }  # fmt: skip
    odd = variants(study(leave_one_out=True, variants={"plain": {"weights": "(none)=1,long ones=2,c=0"}}))
    assert [one.without for one in odd] == ["", "(none)", "long ones"]  # and nothing of the group without a weight
    assert all(one.mixture_of(f"{one.name}-1M-1", 1, 100) for one in odd)
    with pytest.raises(UserError, match="needs weights of two groups"):
        variants(study(leave_one_out=True, variants={"plain": {"weights": {"a": 1}}}))
    with pytest.raises(UserError, match="'without-a', which `variants` has, too"):
        variants(study(leave_one_out=True, variants={"plain": {"weights": {"a": 1, "b": 1}}, "without-a": {}}))


def test_a_variant_may_change_the_recipe(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text(
        "lake: ./lake\nsources: [{name: a, path: ./a.jsonl}]\nfilter: {rules: [c4], languages: [en]}\n"
        "tokenizer: {vocab_size: 560}\ntrain: [{name: r, mixture: m}]\nmixtures: [{name: m}]\n"
    )
    (tmp_path / "a.jsonl").write_text("")
    wanted = study(recipe=str(path), variants={"plain": {}, "strict": {"filter": {"rules": ["gopher_quality"]}}})
    plain, strict = variants(wanted)
    assert recipe_of(wanted, plain) is None
    made = recipe_of(wanted, strict)
    assert made is not None
    assert made.filter.rules == ("gopher_quality",)  # what changes
    assert made.filter.languages == ("en",)  # what does not
    assert made.tokenizer is None  # all variants share one
    assert not made.train
    assert made.sources[0].path == (str(tmp_path / "a.jsonl"),)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"wieghts": {"a": 1}}, "variant 'other': .*field 'wieghts'; did you mean 'weights'"),
        ({"tokens": 5}, "tokens is the same for all variants"),
        ({"seed": 5}, "seed is the same for all variants"),
        ({"train": {"optimiser": "adamw"}}, "variant 'other': .*optimiser"),
        ({"train": {"tokens": 5}}, "tokens is set by the study"),
        ({"train": {"evaluation_tokens": 5}}, "evaluation_tokens is set by the study"),
        ({"train": "fast"}, "train is 'fast'; it has fields of a run"),
        ({"weights": {"a": -1}}, "variant 'other': .*weights are numbers from 0"),
        ({"filter": {"rules": ["c4"]}}, "changes 'filter' of a recipe; say which one"),
    ],
)
def test_mistakes_name_the_variant(fields: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        variants(study(variants={"plain": {"weights": {"a": 1}}, "other": fields}))


def test_mistakes_in_a_changed_recipe_name_the_variant(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text("sources: [{name: a, path: ./a.jsonl}]\n")
    with pytest.raises(UserError, match="variant 'other': filter: unknown rule set 'no_such'"):
        variants(study(recipe=str(path), variants={"plain": {}, "other": {"filter": {"rules": ["no_such"]}}}))
