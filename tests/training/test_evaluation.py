"""The loss on held-out documents against a plain computation with transformers, one document at a time."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from corpus.lake import Lake
from corpus.shards.stream import Stream
from corpus.tokenizer.loading import load
from tests.training.plans import plan
from training import evaluation, loop


def test_losses_are_those_of_each_document_by_itself(mixed: Lake, tmp_path: Path) -> None:
    planned = plan(mixed, length=64, evaluation_tokens=10**6, steps=6, evaluate_at=(6,))
    result = loop.train(planned, tmp_path)
    model, stream = AutoModelForCausalLM.from_pretrained(tmp_path), Stream(Path(planned.shards))
    tokenizer = load(planned.tokenizer).tokenizer
    shard = stream.held_out
    sums: dict[str, list[float]] = {}
    for n in range(stream.about.held_out_documents):
        tokens = torch.from_numpy(np.asarray(shard.tokens[shard.starts[n] : shard.starts[n + 1]]).astype(np.int64))
        of_group = sums.setdefault(stream.about.groups[int(shard.groups[n])], [0.0, 0, 0])
        of_group[2] += len(tokenizer.decode(tokens[:-1].tolist()).encode())
        for first in range(0, len(tokens) - 1, 64):
            piece = tokens[first : first + 65]
            with torch.no_grad():
                log_p = model(piece[None, :-1]).logits[0].log_softmax(-1)
            of_group[0] -= float(log_p[torch.arange(len(piece) - 1), piece[1:]].sum())
            of_group[1] += len(piece) - 1
    assert {one.group for one in result.measured} == set(sums)
    for one in result.measured:
        nats, n_targets, n_bytes = sums[one.group]
        assert one.n == n_targets
        assert one.loss == pytest.approx(nats / n_targets, abs=1e-4)
        assert one.bits_per_byte == pytest.approx(nats / math.log(2) / n_bytes, abs=1e-4)


def test_so_many_tokens_of_each_group_are_read(mixed: Lake) -> None:
    planned = plan(mixed)
    stream, vocabulary = Stream(Path(planned.shards)), load(planned.tokenizer)
    data = evaluation.held_out(stream, vocabulary.tokenizer, 32, 50, 0)
    counts = np.bincount(data.groups_B, weights=(data.targets_BS >= 0).sum(1), minlength=3)
    assert (counts > 0).all()
    assert (counts <= 50).all()


def test_the_mean_is_over_groups() -> None:
    measured = [evaluation.Measured("a", 2.0, 1.0, 10), evaluation.Measured("b", 4.0, 2.0, 1000)]
    assert evaluation.mean(measured) == (3.0, 1.5)
    assert evaluation.mean([]) == (None, None)
