"""Variants that change the recipe: each decides in a branch of its own, over the documents that the lake has."""

import json
import random
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import pomona
from corpus.lake import Lake
from pomona.ablation import branches, held_out, running, views
from tests.pomona.ablation.studies import FIELDS, lake_of, run, study

RECIPE = """
lake: {root}/lake
sources:
  - {{name: a, path: {root}/a.jsonl}}
  - {{name: b, path: {root}/b.jsonl}}
filter: null
dedup: {{exact: true, minhash: null}}
tokenizer: {{vocab_size: 560}}
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Lake:
    """Two sources; the second one has half of the first one's documents again, which deduplication drops."""
    chance = random.Random(3)
    words = ["".join(chance.choice("abcdefgh") for _ in range(chance.randrange(2, 7))) for _ in range(200)]
    texts = [" ".join(chance.choice(words) for _ in range(chance.randrange(20, 120))) for _ in range(160)]
    for name, several in (("a", texts[:120]), ("b", texts[120:] + texts[:60])):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(json.dumps({"text": text}) for text in several))
    (tmp_path / "recipe.yaml").write_text(RECIPE.format(root=tmp_path))
    pomona.run(tmp_path / "recipe.yaml")
    return Lake(tmp_path / "lake")


def _branch(lake: Lake, place: str, name: str) -> Lake:
    (only,) = Path(lake.root, place).glob(name)
    return Lake(only)


def test_a_variant_decides_by_itself_and_reads_no_copy_of_what_is_measured(corpus: Lake, tmp_path: Path) -> None:
    # The file grows after the lake was made: no variant may have more documents than the others.
    with (tmp_path / "a.jsonl").open("a") as file:
        file.write("\n" + json.dumps({"text": "a new document that came later, and is none of the study's " * 5}))
    wanted = study(
        recipe=str(tmp_path / "recipe.yaml"), held_out=["a"], mixture={"max_epochs": 9, "where": "source = 'a'"},
        variants={"plain": {}, "copies": {"dedup": None, "where": "source = 'b'"}, "muon": {"train": {"optimizer": "muon"}}},
    )  # fmt: skip
    run(corpus, wanted)
    view = views.study(corpus, "small")
    assert [one.variant for one in view.variants] == ["plain", "copies", "muon"]
    base, copies = (_branch(corpus, view.branch, name) for name in ("base", "variant-copies-*"))
    documents = [one.scan("documents").select("id").collect()["id"].sort().to_list() for one in (corpus, base, copies)]
    assert documents[0] == documents[1] == documents[2]
    assert base.scan("decisions").filter(~pl.col("kept")).collect().height == 60
    assert "dedup" not in "".join(copies.lineages("decisions"))

    # Nothing that is measured, and no copy of it, is trained on, though a variant keeps copies that the lake drops.
    folder = Path(corpus.root, view.branch, held_out.FOLDER)
    measured = set(pl.read_parquet(folder / held_out.TEXTS)["id"])
    texts = dict(corpus.scan("documents").select("id", "text").collect().iter_rows())
    trained = set(copies.scan("mixtures").filter(pl.col("split") == "train").collect()["id"])
    assert trained
    assert not {texts[one] for one in measured} & {texts[one] for one in trained}
    left_out = set(pl.read_parquet(folder / held_out.LEFT_OUT)["id"])
    assert len(left_out) > len(measured)  # their copies, too

    runs = {one.run.name: one.run for one in running.planned(wanted, _variants(wanted), Path(corpus.root))}
    assert runs["muon-1M-1"].optimizer == "muon"
    assert all(one.difference != 0 for one in view.comparisons)


def test_a_variant_with_another_tokenizer_is_measured_on_the_same_texts(corpus: Lake, tmp_path: Path) -> None:
    small = {"tokenizer": {"vocab_size": 400}}
    recipe = str(tmp_path / "recipe.yaml")
    run(corpus, study(recipe=recipe, held_out=["a"], mixture={"max_epochs": 9}, variants={"plain": {}, "small": small}))
    view = views.study(corpus, "small")
    from training import views as of_runs

    widths = [
        {one.embedding_parameters for one in of_runs.runs(_branch(corpus, view.branch, name))}
        for name in ("base", "variant-small-*")
    ]
    assert widths == [{560 * 128}, {400 * 128}]
    items = corpus.scan("ablation_items").collect()
    of_variant = items.select("variant", "id", "weight").unique().sort("id").partition_by("variant", as_dict=True)
    plain, other = (of_variant[(name,)].drop("variant") for name in ("plain", "small"))
    assert plain.equals(other)  # the same documents with as many bytes


def test_a_setting_of_a_variant_is_not_overwritten(corpus: Lake) -> None:
    precise = {"train": {"precision": "float32"}}
    run(corpus, study(held_out=["a"], mixture={"max_epochs": 9}, variants={"plain": {}, "precise": precise}))
    from training import views as of_runs

    branch = branches.branches(corpus)[0]
    settings = {one.name[:-9]: one.settings["precision"] for one in of_runs.runs(branch)}
    assert settings["precise-1M-1"] == "float32"


def test_a_request_to_forget_that_was_stopped_is_made_good(corpus: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    run(corpus, study(held_out=["a"], mixture={"max_epochs": 9}, variants={"plain": {}, "copy": {}}))
    place = branches.branches(corpus)[0].root
    texts = Path(place).parent / held_out.FOLDER / held_out.TEXTS
    gone = pl.read_parquet(texts)["id"][0]
    half = Path(place).parent / ".other.unfinished"
    half.mkdir()
    erase = held_out.erase

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(held_out, "erase", killed)
    with pytest.raises(KeyboardInterrupt):
        pomona.forget(corpus, gone)
    monkeypatch.setattr(held_out, "erase", erase)
    pomona.forget(corpus, gone, vacuum=True)
    assert gone not in pl.read_parquet(texts)["id"].to_list()
    assert not half.exists()
    for one in (corpus, *branches.branches(corpus)):
        assert gone not in one.scan("documents").select("id").collect()["id"].to_list()


def test_a_script_without_a_guard_trains_several_at_once(mixed: Lake, tmp_path: Path) -> None:
    lake = lake_of(mixed, tmp_path / "lake")
    script = tmp_path / "script.py"
    fields = FIELDS | {"at_once": 2, "variants": {"plain": {"weights": {"a": 1.0}}, "other": {"weights": {"b": 1.0}}}}
    script.write_text(f"import pomona\nview = pomona.ablate({lake.root!r}, **{fields!r})\nprint(view.runs)\n")
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=300, check=True)
    assert ran.stdout.strip() == "4"


def _variants(wanted):  # type: ignore[no-untyped-def]
    from pomona.ablation.variants import variants

    return variants(wanted)
