"""Models that cannot be loaded are one line, before anything heavy is imported; code and pickles are never run."""

import json
import pickle
import shutil
from pathlib import Path

import pytest
import torch

from corpus.errors import UserError
from eval_suites.models.loading import checked, load
from tests.eval_suites.models import gguf_files, tiny


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.folder(tmp_path_factory.mktemp("model") / "tiny")


def test_a_folder_is_loaded_with_what_stands_for_it(model: Path, tmp_path: Path) -> None:
    loaded = load(str(model))
    assert loaded.max_length == 512
    assert loaded.model.dtype == torch.float32
    shutil.copytree(model, tmp_path / "copy")
    assert load(str(tmp_path / "copy")).fingerprint == loaded.fingerprint
    assert load(str(model), dtype="bfloat16").model.dtype == torch.bfloat16


def test_what_is_no_model_is_one_line(model: Path, tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("x")
    (tmp_path / "empty").mkdir()
    for where, words in (
        (tmp_path / "none", "there is no such folder"),
        (tmp_path / "file.txt", "is a file; name the folder"),
        (tmp_path / "empty", "has no config.json"),
    ):
        with pytest.raises(UserError, match=words):
            checked(str(where))


def test_pickled_weights_are_refused_and_not_read(model: Path, tmp_path: Path) -> None:
    shutil.copytree(model, tmp_path / "m")
    (tmp_path / "m" / "model.safetensors").unlink()

    class Bad:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (tmp_path / "touched",))  # type: ignore[return-value]

    (tmp_path / "m" / "pytorch_model.bin").write_bytes(pickle.dumps(Bad()))
    with pytest.raises(UserError, match=r"only pickled ones \(pytorch_model.bin\), which could run code"):
        load(str(tmp_path / "m"))
    assert not (tmp_path / "touched").exists()


def test_code_of_a_model_is_not_run(model: Path, tmp_path: Path) -> None:
    shutil.copytree(model, tmp_path / "m")
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    config |= {"auto_map": {"AutoConfig": "code.C", "AutoModelForCausalLM": "code.M"}, "model_type": "unheard_of"}
    (tmp_path / "m" / "config.json").write_text(json.dumps(config))
    (tmp_path / "m" / "code.py").write_text(f"open({str(tmp_path / 'touched')!r}, 'w')")
    with pytest.raises(UserError, match="cannot load the model"):
        load(str(tmp_path / "m"))
    assert not (tmp_path / "touched").exists()


def test_a_folder_without_a_tokenizer_is_one_line(model: Path, tmp_path: Path) -> None:
    shutil.copytree(model, tmp_path / "m")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / "m" / name).unlink()
    with pytest.raises(UserError, match="cannot load the model"):
        load(str(tmp_path / "m"))


def test_a_tokenizer_without_an_end_is_one_line(model: Path, tmp_path: Path) -> None:
    shutil.copytree(model, tmp_path / "m")
    path = tmp_path / "m" / "tokenizer_config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps({key: value for key, value in config.items() if key != "eos_token"}))
    with pytest.raises(UserError, match="has no token that ends a text"):
        load(str(tmp_path / "m"))


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_damaged_files_are_one_line(model: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(model, tmp_path / "m")
    path = tmp_path / "m" / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match="cannot load the model") as told:
        load(str(tmp_path / "m"))
    assert "\n" not in str(told.value)


def test_a_gguf_file_is_the_same_model(tmp_path: Path) -> None:
    folder = tiny.folder(tmp_path / "llama", "llama")
    from_file = load(str(gguf_files.write(folder, tmp_path / "model.gguf")))
    from_folder = load(str(folder))
    ids = from_folder.tokenizer("the answer to the question", add_special_tokens=False)["input_ids"]
    assert from_file.tokenizer("the answer to the question", add_special_tokens=False)["input_ids"] == ids
    with torch.no_grad():
        first, second = (one.model(torch.tensor([ids])).logits for one in (from_file, from_folder))
    torch.testing.assert_close(first, second)
    assert from_file.max_length == from_folder.max_length


def test_a_gguf_file_that_is_damaged_or_has_no_reader_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = gguf_files.write(tiny.folder(tmp_path / "llama", "llama"), tmp_path / "model.gguf").read_bytes()
    huge = whole[:8] + (1 << 60).to_bytes(8, "little") + whole[16:]  # that many tensors, it says
    for name, data in (("half", whole[: len(whole) // 2]), ("none", b""), ("text", b"no model"), ("huge", huge)):
        (tmp_path / f"{name}.gguf").write_bytes(data)
        with pytest.raises(UserError, match="cannot load the model") as told:
            load(str(tmp_path / f"{name}.gguf"))
        assert "\n" not in str(told.value)

    monkeypatch.setattr("eval_suites.models.loading.find_spec", lambda name: None)
    with pytest.raises(UserError, match="needs a package: pip install gguf"):
        checked(str(tmp_path / "model.gguf"))
