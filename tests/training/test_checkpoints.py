"""Checkpoints: states that are whole or not there, and folders that transformers and lm-eval use as they are."""

import json
import resource
import signal
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from corpus.errors import UserError
from corpus.lake import Lake
from tests.training.plans import ALONE, plan
from training import checkpoints, loop
from training.checkpoints import Progress


def trainer(lake: Lake, folder: Path) -> loop._Trainer:
    return loop._Trainer(plan(lake), folder, lambda: None, ALONE)


def test_a_state_comes_back_and_takes_the_place_of_the_one_before(mixed: Lake, tmp_path: Path) -> None:
    first = trainer(mixed, tmp_path)
    for step in range(3):
        progress, _ = first._step(first.batches.step(step), Progress(step=step))
        checkpoints.save(tmp_path, first.model, first.optimizer, progress)
    assert [path.name for path in tmp_path.glob("*state-*")] == ["state-0000000003"]
    second = trainer(mixed, tmp_path)
    assert checkpoints.restore(tmp_path, second.model, second.optimizer) == progress
    for name, tensor in first.optimizer.state().items():
        assert torch.equal(tensor, second.optimizer.state()[name])
    checkpoints.forget(tmp_path)
    assert checkpoints.restore(tmp_path, second.model, second.optimizer) == Progress()


def test_a_full_disk_is_an_oserror_and_keeps_the_state_before(mixed: Lake, tmp_path: Path) -> None:
    made = trainer(mixed, tmp_path)
    checkpoints.save(tmp_path, made.model, made.optimizer, Progress(step=3))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))  # no file may have more bytes
        with pytest.raises(OSError, match="os error 27"):
            checkpoints.save(tmp_path, made.model, made.optimizer, Progress(step=4))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert checkpoints.restore(tmp_path, made.model, made.optimizer) == Progress(step=3)


@pytest.mark.parametrize("name", [checkpoints.WEIGHTS, checkpoints.MOMENTS, checkpoints.PROGRESS])
def test_a_damaged_state_says_what_to_delete(mixed: Lake, tmp_path: Path, name: str) -> None:
    made = trainer(mixed, tmp_path)
    checkpoints.save(tmp_path, made.model, made.optimizer, Progress(step=3))
    (state,) = tmp_path.glob("state-*")
    (state / name).write_bytes((state / name).read_bytes()[:20])
    with pytest.raises(UserError, match=f"damaged: .*; delete {state} to begin again"):
        checkpoints.restore(tmp_path, made.model, made.optimizer)


def test_a_state_that_was_not_finished_does_not_count(mixed: Lake, tmp_path: Path) -> None:
    first = trainer(mixed, tmp_path)
    checkpoints.save(tmp_path, first.model, first.optimizer, Progress(step=2))
    (tmp_path / ".state-unfinished").mkdir()
    (tmp_path / "state-0000000009").mkdir()
    assert checkpoints.restore(tmp_path, first.model, first.optimizer).step == 2


@pytest.fixture(scope="module")
def folder(mixed: Lake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("checkpoint")
    loop.train(plan(mixed), path)
    return path


def test_transformers_loads_it_and_gives_the_same_losses(mixed: Lake, folder: Path) -> None:
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    text = "a 7: some words of the corpus."
    ids = tokenizer(text, return_tensors="pt")["input_ids"]
    assert tokenizer.decode(ids[0]) == text
    ours = trainer(mixed, folder).model
    checkpoints.load_state_dict(ours, checkpoints.read_weights(folder))
    with torch.no_grad():
        logits = model(ids).logits
        expected = ours(ids) @ ours.output_weight.T
    assert torch.allclose(logits, expected, atol=1e-4)
    written = model.generate(ids, max_new_tokens=5, do_sample=False)
    assert written.shape[1] >= ids.shape[1] + 1
    assert model.config.tie_word_embeddings


def test_lm_eval_scores_it_as_it_is(folder: Path) -> None:
    from lm_eval.models.huggingface import HFLM

    scored = HFLM(pretrained=str(folder), device="cpu", batch_size=2)
    from lm_eval.api.instance import Instance

    requests = [
        Instance(request_type="loglikelihood", doc={}, arguments=("the words", ending), idx=i)
        for i, ending in enumerate((" of", " and more"))
    ]
    results = scored.loglikelihood(requests)
    assert all(value < 0 for value, _ in results)


def test_weights_in_several_files_are_read(folder: Path, tmp_path: Path) -> None:
    tensors = checkpoints.read_weights(folder)
    names = sorted(tensors)
    index = {"weight_map": {name: f"part-{i % 2}.safetensors" for i, name in enumerate(names)}}
    for part in (0, 1):
        chosen = {name: tensors[name] for i, name in enumerate(names) if i % 2 == part}
        checkpoints.save_file(chosen, tmp_path / f"part-{part}.safetensors")
    (tmp_path / checkpoints.INDEX).write_text(json.dumps(index))
    again = checkpoints.read_weights(tmp_path)
    assert all(torch.equal(again[name], tensors[name]) for name in names)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no weights can be read"),
        (b"", "no weights can be read"),
        (b"\xff" * 100, "no weights can be read"),
        (b"PK\x03\x04 a pickle", "no weights can be read"),
    ],
)
def test_damaged_weights_are_one_line(tmp_path: Path, content: bytes | None, words: str) -> None:
    if content is not None:
        (tmp_path / checkpoints.WEIGHTS).write_bytes(content)
    with pytest.raises(UserError, match=words):
        checkpoints.read_weights(tmp_path)


@pytest.mark.parametrize("index", ["[]", "{", '{"weight_map": {"a": "../../etc/passwd"}}'])
def test_an_index_is_not_trusted(tmp_path: Path, index: str) -> None:
    (tmp_path / checkpoints.INDEX).write_text(index)
    with pytest.raises(UserError, match=r"cannot be read|is no file of the folder"):
        checkpoints.read_weights(tmp_path)
