import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from corpus.errors import UserError
from decontam.benchmarks import Item, load

ROWS = [{"question": "Who?", "answer": "Me."}, {"question": "Where?", "answer": "Here."}]


def test_humaneval_comes_from_its_package() -> None:
    found = load("humaneval")
    assert found.name == "humaneval"
    assert len(found.items) == 164
    assert found.items[0].item == "HumanEval/0"
    assert "has_close_elements" in found.items[0].question
    assert "enumerate(numbers)" in found.items[0].answer


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".json", ".parquet"])
def test_files_of_every_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"exam{suffix}"
    lines = "\n".join(map(json.dumps, ROWS))
    if suffix == ".parquet":
        pl.DataFrame(ROWS).write_parquet(path)
    else:
        text = json.dumps(ROWS) if suffix == ".json" else lines
        path.write_bytes(gzip.compress(text.encode()) if suffix.endswith("gz") else text.encode())
    found = load(str(path))
    assert (found.name, found.items) == ("exam", (Item("0", "Who?", "", "Me."), Item("1", "Where?", "", "Here.")))
    assert load(f"other={path}").name == "other"
    assert load(str(path)).key == found.key != load(f"other={path}").key


@pytest.mark.parametrize(
    ("row", "item"),
    [
        ({"prompt": "p", "canonical_solution": "s", "task_id": "T/1"}, Item("T/1", "p", "", "s")),
        ({"turns": ["one", "two"], "question_id": 81}, Item("81", "one two")),
        ({"question": "q", "choices": ["a b", "c d"], "answer": 1}, Item("0", "q", "a b c d", "")),
        ({"question": "q", "choices": ["a b", "c d"], "answer": "c d"}, Item("0", "q", "a b c d", "c d")),
        ({"question": "q", "choices": {"text": ["x"], "label": ["A"]}}, Item("0", "q", "x A")),
    ],
)
def test_columns_are_guessed_by_name(tmp_path: Path, row: dict[str, object], item: Item) -> None:
    (tmp_path / "x.jsonl").write_text(json.dumps(row))
    assert load(str(tmp_path / "x.jsonl")).items == (item,)


def test_columns_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text(json.dumps({"frage": "Wer?", "antwort": "Ich."}))
    assert load(str(tmp_path / "x.jsonl"), "frage", "antwort").items == (Item("0", "Wer?", "", "Ich."),)


@pytest.mark.parametrize(
    ("content", "columns", "message"),
    [
        ('{"frage": "Wer?"}', (None, None), "cannot tell the question's column from frage"),
        ('{"question": "Wer?"}', ("questoin", None), "unknown column 'questoin'; did you mean 'question'"),
        ("[1, 2]", (None, None), "row 0 is no object"),
        ("no json", (None, None), "cannot read benchmark file"),
        ("", (None, None), "holds no item"),
    ],
)
def test_mistakes_in_a_file(tmp_path: Path, content: str, columns: tuple[str | None, str | None], message: str) -> None:
    (tmp_path / "x.jsonl").write_text(content)
    with pytest.raises(UserError, match=message):
        load(str(tmp_path / "x.jsonl"), *columns)


def test_names_that_mean_nothing() -> None:
    with pytest.raises(UserError, match=r"nowhere\.jsonl does not exist"):
        load("nowhere.jsonl")
    with pytest.raises(UserError, match="did you mean 'gsm8k'") as error:
        load("gsm8kk")
    assert len(str(error.value)) < 2000


def test_an_lm_eval_task_is_loaded_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task of the user's own, over a local file, as lm-eval's YAML describes it."""
    from lm_eval import tasks

    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    (tmp_path / "mine.yaml").write_text(
        f"task: my_exam\ndataset_path: json\ndataset_kwargs: {{data_files: {{test: {tmp_path}/data.jsonl}}, cache_dir: {tmp_path}/cache}}\n"
        'test_split: test\noutput_type: generate_until\ndoc_to_text: "Q: {{question}} A:"\ndoc_to_target: "{{answer}}"\n'
        "metric_list: [{metric: exact_match}]\n"
    )
    manager = tasks.TaskManager(include_path=str(tmp_path), include_defaults=False)
    monkeypatch.setattr(tasks, "TaskManager", lambda: manager)
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    found = load("my_exam")
    assert found.items == (Item("my_exam/0", "Q: Who? A:", "", "Me."), Item("my_exam/1", "Q: Where? A:", "", "Here."))
