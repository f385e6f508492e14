"""Tasks by name: lm-eval's own index says the same, and the second time no file of it is opened."""

import json
from pathlib import Path

import pytest
from lm_eval.tasks import TaskManager
from lm_eval.tasks._index import TaskIndex

from corpus.errors import UserError
from eval_suites import task_index

YAML = "task: {name}\ndataset_path: json\noutput_type: multiple_choice\ndoc_to_text: q\n"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> Path:
    """A part of lm-eval's tasks, in place of all 14,000."""
    folder = Path(task_index.__file__).parent
    import lm_eval

    whole = Path(lm_eval.__file__).parent / "tasks"
    build = TaskIndex.build
    monkeypatch.setattr(
        TaskIndex,
        "build",
        staticmethod(
            lambda paths, **more: build([whole / "arc", whole / "gsm8k"] if list(paths) == [whole] else paths)
        ),
    )
    return folder


def test_the_index_is_lm_evals_and_is_kept(cache: Path, few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = task_index.manager(["arc_easy", "gsm8k", "pomona_cloze"])
    expected = TaskManager(include_path=[], include_defaults=True)
    for name in ("arc_easy", "gsm8k", "arc_challenge", "ai2_arc"):
        assert found._index[name].yaml_path == expected._index[name].yaml_path
        assert found._index[name].kind == expected._index[name].kind
    kept = list((cache / "pomona" / "tasks").iterdir())
    assert len(kept) == 1
    monkeypatch.setattr(task_index, "find_spec", task_index.find_spec)
    kept[0].write_text(json.dumps({"only": ["TASK", "x.yaml", []]}))
    assert "only" in task_index.manager(["only"])._index


def test_a_damaged_cache_is_made_again(cache: Path, few: Path) -> None:
    task_index.manager(["gsm8k"])
    path = next((cache / "pomona" / "tasks").iterdir())
    path.write_text(path.read_text()[:100])
    assert "gsm8k" in task_index.manager(["gsm8k"])._index
    json.loads(path.read_text())


def test_our_tasks_need_no_index(cache: Path) -> None:
    task_index.manager(["pomona_cloze", "pomona_text"])
    assert not cache.exists()


def test_tasks_of_a_folder_replace_others(cache: Path, few: Path, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "mine.yaml").write_text(YAML.format(name="mine"))
    (tmp_path / "own" / "gsm8k.yaml").write_text(YAML.format(name="gsm8k"))
    found = task_index.manager(["mine", "gsm8k", "arc_easy"], [str(tmp_path / "own")])
    assert found._index["gsm8k"].yaml_path.parent == tmp_path / "own"
    names = dict(task_index.names([str(tmp_path / "own")]))
    assert names["mine"] == "task"
    assert names["ai2_arc"] == "tag"


def test_a_file_that_is_no_yaml_is_named(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "bad.yaml").write_text("task: [bad\n")
    with pytest.raises(UserError, match=r"task file .*bad.yaml: ") as told:
        task_index.manager(["bad"], [str(tmp_path / "own")])
    assert "\n" not in str(told.value)


def test_mistakes(cache: Path, few: Path) -> None:
    with pytest.raises(UserError, match=r"unknown task 'gsm8kk'; did you mean 'gsm8k'\?"):
        task_index.manager(["gsm8kk"])
    with pytest.raises(UserError, match="--tasks-path nowhere: there is no such folder"):
        task_index.manager(["gsm8k"], ["nowhere"])
