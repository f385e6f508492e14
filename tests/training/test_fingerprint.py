"""The same files are the same model whatever their times; other weights of the same size and time are another one."""

import os
import shutil
from pathlib import Path

import pytest

from training.fingerprint import fingerprint


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(bytes(range(256)) * 20_000)
    return folder


def test_a_copy_is_the_same_model(model: Path, tmp_path: Path) -> None:
    before = fingerprint(model)
    shutil.copytree(model, tmp_path / "copy")
    os.utime(model / "config.json", (1, 1))
    (model / "log.jsonl").write_text("not a part of the model")
    assert fingerprint(tmp_path / "copy") == fingerprint(model) == before


@pytest.mark.parametrize("of_all", [True, False])
def test_other_weights_of_the_same_size_and_time_are_another_model(model: Path, of_all: bool) -> None:
    weights, before = model / "model.safetensors", fingerprint(model)
    times = (weights.stat().st_atime, weights.stat().st_mtime)
    old = weights.read_bytes()
    weights.write_bytes(bytes(255 - one for one in old) if of_all else old[:-1] + b"x")
    os.utime(weights, times)
    assert fingerprint(model) != before


def test_a_changed_configuration_is_another_model(model: Path) -> None:
    before = fingerprint(model)
    (model / "config.json").write_text("[]")
    assert fingerprint(model) != before


def test_a_model_in_one_file_is_known_by_its_content(tmp_path: Path) -> None:
    first, second, copy = tmp_path / "a.gguf", tmp_path / "b.gguf", tmp_path / "c.gguf"
    first.write_bytes(b"GGUF one")
    second.write_bytes(b"GGUF two")
    copy.write_bytes(b"GGUF one")
    assert fingerprint(first) == fingerprint(copy) != fingerprint(second)
