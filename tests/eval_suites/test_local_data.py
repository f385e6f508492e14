"""Data sets from local files: splits, subsets of a group, examples that no file holds, and files that are not there."""

import json
from pathlib import Path

import polars as pl
import pytest

from corpus.errors import UserError
from eval_suites import engine, suites
from eval_suites.local_data import LocalData

COMMON = (
    "dataset_path: nobody/nothing\ntest_split: test\nfewshot_split: dev\nfewshot_config: {sampler: first_n}\n"
    "output_type: multiple_choice\ndoc_to_text: question\ndoc_to_choice: choices\ndoc_to_target: answer\nnum_fewshot: 2\n"
    "metric_list: [{metric: acc}]\n"
)


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    """A group of three subjects, as MMLU is one, and a task with examples of its own."""
    folder = tmp_path / "tasks"
    folder.mkdir()
    for subject in ("law", "art", "physics"):
        (folder / f"{subject}.yaml").write_text(f"task: g_{subject}\ndataset_name: {subject}\n{COMMON}")
    (folder / "group.yaml").write_text("group: g\ntask: [g_law, g_art, g_physics]\n")
    (folder / "whole.yaml").write_text(f"task: whole\n{COMMON}")
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    rows = [
        {"subject": subject, "question": f"{subject} {i}", "choices": ["a", "b"], "answer": i % 2}
        for subject, n in (("law", 12), ("art", 9))
        for i in range(n)
    ]
    pl.DataFrame(rows).write_parquet(folder / "many_subjects.parquet")
    for name, n in (("test", 4), ("dev", 3)):
        lines = (json.dumps({"question": f"{name} {i}", "choices": ["a", "b"], "answer": 0}) for i in range(n))
        (folder / f"whole_{name}.jsonl").write_text("\n".join(lines))
    return folder


def load(tasks: Path, data: Path, task: str, patterns: dict[str, str]) -> engine.Tasks:
    suite = suites.Suite(name="s", about="", tasks=(suites.Task(task=task, data=patterns),))
    return engine.Tasks(suite, folders=[str(tasks)], data=str(data))


def test_subsets_of_a_group_come_from_one_file(tasks: Path, data: Path) -> None:
    loaded = load(tasks, data, "g", {"test": "many*"})
    assert set(loaded.leaves) == {"g_law", "g_art"}
    assert loaded.left_out == ["g_physics"]
    assert loaded.held_back == {"g_law": 5, "g_art": 5}
    law = loaded.leaves["g_law"][0]
    assert [row["question"] for row in law.eval_docs] == [f"law {i}" for i in range(5, 12)]
    context = law.fewshot_context(law.eval_docs[0], 2)
    assert context.startswith("law 0 a\n\nlaw 1 b\n\nlaw 5")


def test_each_split_has_its_file(tasks: Path, data: Path) -> None:
    loaded = load(tasks, data, "whole", {"test": "whole_test*", "dev": "whole_dev*"})
    whole = loaded.leaves["whole"][0]
    assert len(whole.eval_docs) == 4
    assert loaded.held_back == {}
    assert whole.fewshot_context(whole.eval_docs[0], 2).startswith("dev 0 a\n\ndev 1 a\n\ntest 0")


def test_a_field_may_be_empty_in_many_rows(tasks: Path, data: Path) -> None:
    rows = [
        {"question": f"{i}", "choices": ["a", "b"], "answer": 0, "more": None if i < 300 else {"x": "y"}}
        for i in range(400)
    ]
    (data / "late.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    late = load(tasks, data, "whole", {"test": "late*"}).leaves["whole"][0]
    assert late.eval_docs[394]["more"] == {"x": "y"}


def test_lm_eval_is_as_it_was_afterwards(tasks: Path, data: Path) -> None:
    from lm_eval.api.task import ConfigurableTask

    before = ConfigurableTask.download
    load(tasks, data, "whole", {"test": "whole_test*"})
    with pytest.raises(UserError):
        load(tasks, data, "whole", {"test": "nothing*"})
    assert ConfigurableTask.download is before


def test_mistakes_are_one_line(tasks: Path, data: Path) -> None:
    with pytest.raises(UserError, match=r"whole \(no file in .*data is called nothing\* \(.parquet, .jsonl or .csv\)"):
        load(tasks, data, "whole", {"test": "nothing*"})
    (data / "broken.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(UserError, match=r"cannot read .*broken.parquet"):
        LocalData(data, {"test": "broken*"})
    with pytest.raises(UserError, match="--data nowhere: there is no such folder"):
        engine.Tasks(suites.of_tasks(("pomona_cloze",)), data="nowhere")
