"""Benchmarks that a lake keeps: they are protected with those of the recipe, and change what is up to date."""

import json
from pathlib import Path

import pytest

from corpus.errors import UserError
from corpus.lake import Lake
from decontam import added
from decontam.settings import Decontaminate


def test_added_items_are_loaded_with_the_recipes(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    assert added.specs(lake) == []
    added.add(lake, "group/task", [{"id": "0", "question": "what is it", "choices": "a b", "answer": ""}])
    added.add(lake, "other", [{"id": "7", "question": "one two", "choices": "", "answer": ""}])
    (tmp_path / "mine.jsonl").write_text(json.dumps({"question": "mine", "answer": "x"}) + "\n")
    settings = Decontaminate(benchmarks=(f"mine={tmp_path}/mine.jsonl",))
    loaded = settings.load(added.specs(lake))
    assert [one.name for one in loaded] == ["mine", added.name_of("group/task"), "other"]
    assert [item.item for one in loaded for item in one.items] == ["0", "0", "7"]
    assert [one.name for one in settings.load()] == ["mine"]


def test_a_benchmark_of_the_recipe_stands_for_an_added_one_of_its_name(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    added.add(lake, "mine", [{"id": "0", "question": "old", "choices": "", "answer": ""}])
    (tmp_path / "mine.jsonl").write_text(json.dumps({"question": "new", "answer": "x"}) + "\n")
    (one,) = Decontaminate(benchmarks=(f"mine={tmp_path}/mine.jsonl",)).load(added.specs(lake))
    assert one.items[0].question == "new"


def test_lakes_elsewhere_keep_none() -> None:
    lake = Lake("memory://lake")
    assert added.specs(lake) == []
    with pytest.raises(UserError, match="only local lakes"):
        added.add(lake, "t", [])


def test_tasks_of_like_names_have_files_of_their_own(tmp_path: Path) -> None:
    assert len({added.name_of(one) for one in ("a/b", "a-b", "a b", "a:b")}) == 4
    assert added.name_of("a-b") == "a-b"
