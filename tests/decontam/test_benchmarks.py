import gzip
import json
import os
import sys
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpus.errors import UserError
from decontam import benchmarks
from decontam.benchmarks import Item, load, load_all

ROWS = [{"question": "Who?", "answer": "Me."}, {"question": "Where?", "answer": "Here."}]


def test_humaneval_comes_from_its_package() -> None:
    loaded = load("humaneval")
    assert loaded.name == "humaneval"
    assert len(loaded.items) == 164
    assert loaded.items[0].item == "HumanEval/0"
    assert "has_close_elements" in loaded.items[0].question
    assert "enumerate(numbers)" in loaded.items[0].answer


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".json", ".parquet"])
def test_files_of_every_format(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"exam{suffix}"
    lines = "\n".join(map(json.dumps, ROWS))
    if suffix == ".parquet":
        pl.DataFrame(ROWS).write_parquet(path)
    else:
        text = json.dumps(ROWS) if suffix == ".json" else lines
        path.write_bytes(gzip.compress(text.encode()) if suffix.endswith("gz") else text.encode())
    loaded = load(str(path))
    assert (loaded.name, loaded.items) == ("exam", (Item("0", "Who?", "", "Me."), Item("1", "Where?", "", "Here.")))
    assert load(f"other={path}").name == "other"
    assert load(str(path)).key == loaded.key != load(f"other={path}").key


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
        ('{"frage": "Wer?"}', (None, None), "no column is known to hold the question; the columns are: frage"),
        ('{"question": "Wer?"}', ("questoin", None), "unknown column 'questoin'; did you mean 'question'"),
        ("[1, 2]", (None, None), "line 1 is not an object"),
        ("no json", (None, None), "cannot read benchmark file"),
        ("", (None, None), "holds no item"),
    ],
)
def test_mistakes_in_a_file(tmp_path: Path, content: str, columns: tuple[str | None, str | None], message: str) -> None:
    (tmp_path / "x.jsonl").write_text(content)
    with pytest.raises(UserError, match=message):
        load(str(tmp_path / "x.jsonl"), *columns)


BOM = b"\xef\xbb\xbf"
GOOD = b'{"question": "Who goes there?"}\n'


def write(path: Path, content: bytes = GOOD) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return str(path)


def names(*specs: str) -> list[str]:
    return [benchmark.name for benchmark in load_all(specs)]


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    a, b, c, d = (write(tmp_path / f"{folder}/test.jsonl") for folder in ("arc", "mmlu", "old/mmlu", "new/mmlu"))
    other = write(tmp_path / "dev.jsonl")
    assert names(a, other) == ["test", "dev"]
    assert names(a, b, other) == ["arc/test", "mmlu/test", "dev"]
    assert names(b, a) == ["mmlu/test", "arc/test"]
    assert names(a, c, d) == ["arc/test", "old/mmlu/test", "new/mmlu/test"]
    assert names(a, f"test={b}") == ["arc/test", "test"]
    assert names(write(tmp_path / "arc/test.json", b"[" + GOOD + b"]"), a) == ["test.json", "test.jsonl"]
    assert load_all([a, b])[0].key != load_all([a, b])[1].key  # the same rows under other names


def test_paths_are_told_apart_wherever_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("arc", "mmlu"):
        write(tmp_path / folder / "test.jsonl")
    monkeypatch.chdir(tmp_path / "arc")
    assert names("test.jsonl", "../mmlu/test.jsonl") == ["arc/test", "mmlu/test"]


@pytest.mark.parametrize(
    ("specs", "message"),
    [
        (("x=a.jsonl", "x=b.jsonl"), "two benchmarks are called x: x=a.jsonl, x=b.jsonl"),
        (("humaneval", "humaneval=a.jsonl"), "two benchmarks are called humaneval"),
        (("a.jsonl", "./a.jsonl"), "benchmark file a.jsonl is given twice"),
    ],
)
def test_names_that_cannot_be_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, specs: tuple[str, ...], message: str
) -> None:
    for name in ("a", "b"):
        write(tmp_path / f"{name}.jsonl")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=message) as error:
        load_all(specs)
    assert "\n" not in str(error.value)


def test_an_equals_sign_in_a_path_names_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "lang=zh/test.jsonl")
    write(tmp_path / "zh/test.jsonl", b'{"question": "Another?"}')
    write(tmp_path / "data/split=dev/x.jsonl")
    write(tmp_path / "a=b.jsonl")
    assert names("lang=zh/test.jsonl", "data/split=dev/x.jsonl", "a=b.jsonl") == ["test", "x", "a=b"]
    assert load("lang=zh/test.jsonl").items[0].question == "Who goes there?"
    with pytest.raises(UserError, match=r"benchmark file lang=zh/none\.jsonl does not exist"):
        load("lang=zh/none.jsonl")
    assert names("mine=zh/test.jsonl") == ["mine"]


def test_rows_of_one_id_stay_items(tmp_path: Path) -> None:
    ids = ["7", 7, "7#1", None, "3", "x"]
    rows = [{"id": id_, "question": f"Question {n}?"} for n, id_ in enumerate(ids)]
    items = load(write(tmp_path / "x.jsonl", "\n".join(map(json.dumps, rows)).encode())).items
    assert [item.question for item in items] == [row["question"] for row in rows]
    own = [item.item for item in items]
    assert len(set(own)) == len(own)
    assert own == ["7#0", "7#1#1", "7#1#2", "3#3", "3#4", "x"]


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".jsonl.gz"])
def test_a_byte_order_mark_is_no_error(tmp_path: Path, suffix: str) -> None:
    content = BOM + (b"[" + GOOD + b"]" if suffix == ".json" else GOOD)
    path = write(tmp_path / f"x{suffix}", gzip.compress(content) if suffix.endswith("gz") else content)
    assert load(path).items == (Item("0", "Who goes there?"),)


def test_half_a_surrogate_pair_becomes_a_replacement_character(tmp_path: Path) -> None:
    row = rb'{"id": "\ud83d", "question": "cut \ud83d off", "choices": ["\ude00a"], "answer": "\ud83d\ude00 b"}'
    [item] = load(write(tmp_path / "x.jsonl", row)).items
    assert item == Item("\ufffd", "cut \ufffd off", "\ufffda", "😀 b")


@pytest.mark.parametrize(
    "bad",
    [b"{", b'{"question": "caf\xe9"}', b"[" * 100_000, b'{"question": ' + b"9" * 5000 + b"}", b"null", b'{"q\\n": 1}'],
)
def test_a_bad_row_is_named_by_its_line(tmp_path: Path, bad: bytes) -> None:
    with pytest.raises(UserError, match="line 3") as error:
        load(write(tmp_path / "x.jsonl", GOOD + b"\n" + bad + b"\n" + GOOD))
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 1000


def test_a_bad_row_of_parquet_and_files_that_are_none(tmp_path: Path) -> None:
    offsets, data = pa.py_buffer(b"\0\0\0\0\2\0\0\0\6\0\0\0"), pa.py_buffer(b"okcaf\xe9")
    column = pa.Array.from_buffers(pa.string(), 2, [None, offsets, data])
    pq.write_table(pa.table({"question": column}), tmp_path / "x.parquet")
    with pytest.raises(UserError, match="row 1"):
        load(str(tmp_path / "x.parquet"))
    for name, content in (("a.parquet", b"PAR1"), ("b.jsonl.gz", gzip.compress(GOOD * 99)[:-20]), ("c.jsonl.gz", b"{}"),
                          ("d.json", b"[1,")):  # fmt: skip
        with pytest.raises(UserError, match="cannot read benchmark file"):
            load(write(tmp_path / name, content))


def test_a_file_is_read_once_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "x.jsonl")
    reads = []
    rows = benchmarks._rows
    monkeypatch.setattr(benchmarks, "_rows", lambda path: (reads.append(path), rows(path))[1])
    for _ in range(4):
        assert load(path).items[0].question == "Who goes there?"
    assert len(reads) == 1
    load(f"other={path}")
    load(path, "question")
    assert len(reads) == 3
    write(tmp_path / "x.jsonl", b'{"question": "Who went there?"}')  # of the same size
    os.utime(path, ns=(1, 1))
    assert load(path).items[0].question == "Who went there?"


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
    loaded = load("my_exam")
    assert loaded.items == (Item("my_exam/0", "Q: Who? A:", "", "Me."), Item("my_exam/1", "Q: Where? A:", "", "Here."))


def test_a_task_of_lm_eval_needs_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lm_eval.tasks", None)
    with pytest.raises(UserError, match=r"tasks of lm-eval need a package: pip install 'pomona\[eval\]'"):
        load("arc_easy")
