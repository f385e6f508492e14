"""Commands make what they rest on, with the settings that the lake has, and nothing else."""

import json
import shutil
from pathlib import Path

import pytest

from corpus.lake import Lake
from pomona.cli import main
from tests.mixed import write


@pytest.fixture
def own(mixed: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A copy of the lake, which commands find without an option."""
    shutil.copytree(mixed.root, tmp_path / "lake")
    monkeypatch.setenv("POMONA_LAKE", str(tmp_path / "lake"))
    return Lake(tmp_path / "lake")


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    """What a command prints with --json."""
    assert main([*arguments, "--json"]) == 0
    value: dict[str, object] = json.loads(capsys.readouterr().out)
    return value


def test_from_raw_files_to_a_checkpoint_without_a_recipe(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POMONA_LAKE", str(tmp_path / "lake"))
    write(tmp_path)
    for name in ("a", "b"):
        assert main(["ingest", "--source", name, str(tmp_path / f"{name}.jsonl"), "--workers", "1"]) == 0
    capsys.readouterr()

    mixed = said(capsys, "mix", "--name", "M", "--weights", "a=0.7,b=0.3", "--tokens", "10K")
    assert mixed["tokens_are"] == "estimated"
    trained = said(capsys, "train", "--mixture", "M", "--model", "1M", "--tokens", "4K", "--seed", "1",
                   "--sequence-length", "64", "--precision", "float32")  # fmt: skip
    assert Path(str(trained["checkpoint"]), "model.safetensors").is_file()
    assert trained["name"] == "M-1M-seed1"
    shown = said(capsys, "mixtures", "M")
    assert shown["tokens_are"] == "counted", "the tokenizer that training made counts them"
    assert 0 < int(str(shown["tokens"])) <= 10_000
    assert said(capsys, "tokenizer", "show")["vocab_size"] == trained["embedding_parameters"] // 128  # type: ignore[operator]
    listed = json.loads(_out(capsys, "runs"))
    assert [one["run"] for one in listed] == [trained["run"]]
    assert said(capsys, "train", "--mixture", "M", "--model", "1M", "--tokens", "4K", "--seed", "1",
                "--sequence-length", "64", "--precision", "float32")["state"] == "current"  # fmt: skip


def _out(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main([*arguments, "--json"]) == 0
    return capsys.readouterr().out


def test_a_mixture_says_what_is_in_it(own: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    value = said(capsys, "mix", "--name", "new", "--weights", "a=1,c=1", "--max-epochs-of", "c=2")
    assert [group["group"] for group in value["groups"]] == ["a", "c"] or len(value["groups"]) == 2  # type: ignore[union-attr, index, arg-type]
    assert main(["mixtures"]) == 0
    assert "new" in capsys.readouterr().out


def test_tokens_of_a_mixture_are_made_once(own: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    first = said(capsys, "tokenize", "--mixture", "M")
    assert said(capsys, "tokenize", "--mixture", "M") == first
    assert first["tokens"] == sum(group["tokens_taken"] for group in first["groups"])  # type: ignore[union-attr, index]


def test_a_new_tokenizer_changes_tokens_and_not_the_old_ones(own: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    before = said(capsys, "tokenize", "--mixture", "M")
    said(capsys, "tokenizer", "train", "--mixture", "all", "--vocab-size", "500")
    after = said(capsys, "tokenize", "--mixture", "M")
    assert after["tokenizer"] != before["tokenizer"]
    assert after["folder"] != before["folder"]
    assert Path(str(before["folder"])).is_dir()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("mix --name x --weights a=0.7,b", "'b' is not NAME=NUMBER"),
        ("mix --name x --weights a=1,zz=1", "unknown source 'zz'"),
        ("mix --name x --tokens 1X", "not a count"),
        ("mix --weights a=1", "--name: is missing"),
        ("mix --name x --where n_words>", "is not SQL"),
        ("mix --name x --temperature 0", "--temperature"),
        ("tokenizer train --vocab-size 100", "must be 386 or more"),
        ("tokenizer train --vocab-size 90000", "too little text for 90,000 ids"),
        ("tokenizer train --mixture nope", "unknown mixture 'nope'"),
        ("tokenizer train --path /nowhere", "no such file or folder"),
        ("tokenize --mixture nope", "unknown mixture 'nope'"),
        ("train --mixture nope --model 1M", "unknown mixture 'nope'"),
        ("train --mixture M --model 9Z", "unknown model '9Z'"),
        ("train --mixture M --model 1M --after x", "give one of them"),
        ("train --mixture M --after nope", "unknown run 'nope'"),
        ("train --mixture M --model 1M --tokens 9B", "9B are asked for"),
        ("model 7Q", "unknown model size '7Q'"),
        ("runs nope", "unknown run 'nope'"),
        ("mixtures nope", "unknown mixture 'nope'"),
    ],
)
def test_mistakes_are_one_line(own: Lake, command: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command.split()) == 2
    printed = capsys.readouterr()
    assert words in printed.err.splitlines()[-1]
    assert printed.out == ""


def test_a_model_is_shown_without_making_it(capsys: pytest.CaptureFixture[str]) -> None:
    value = said(capsys, "model", "afm_on_device")
    assert (value["parameters"], value["embedding_parameters"]) == (2_586_744_320, 150_994_944)
    assert value["cache_bytes_per_token"] == 106_496
    assert main(["model", "6M", "--vocab-size", "8192"]) == 0
    assert "2,097,152 of embedding" in capsys.readouterr().out


def test_commands_that_only_plan_load_no_torch() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from pomona.cli import main; main(['model', '1M']); "
        "assert not {'torch', 'polars', 'numba', 'transformers'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
