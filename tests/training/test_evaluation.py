"""The loss on held-out documents against a plain computation with transformers, one document at a time."""

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from corpus.errors import UserError
from corpus.lake import Lake
from corpus.shards.stream import Stream
from corpus.tokenizer.loading import load
from tests.training.plans import plan
from training import evaluation, loop
from training.settings import Run


def test_losses_are_those_of_each_document_by_itself(mixed: Lake, tmp_path: Path) -> None:
    planned = plan(mixed, length=64, evaluation_tokens=10**6, steps=6, evaluate_at=(6,))
    result = loop.train(planned, tmp_path)
    model, stream = AutoModelForCausalLM.from_pretrained(tmp_path), Stream(Path(planned.shards))
    tokenizer = load(planned.tokenizer).tokenizer
    shard = stream.held_out
    sums: dict[str, list[float]] = {}
    hits: dict[str, int] = {}
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
            found = int((log_p.argmax(1) == piece[1:]).sum())
            hits[shard.ids[n].tobytes().hex()] = hits.get(shard.ids[n].tobytes().hex(), 0) + found
    assert {row["id"]: row["hits"] for row in evaluation.read(tmp_path)} == {k: hits[k] for k in hits}
    assert sum(hits.values()) > 0
    assert {one.group for one in result.measured} == set(sums)
    for one in result.measured:
        nats, n_targets, n_bytes = sums[one.group]
        assert one.n == n_targets
        assert one.loss == pytest.approx(nats / n_targets, abs=1e-4)
        assert one.bits_per_byte == pytest.approx(nats / math.log(2) / n_bytes, abs=1e-4)


@pytest.mark.parametrize("tokens", [1, 50, 700, 10**6])
def test_so_many_tokens_of_each_group_are_read_in_the_order_of_ids(mixed: Lake, tokens: int) -> None:
    planned = plan(mixed)
    stream, vocabulary = Stream(Path(planned.shards)), load(planned.tokenizer)
    data = evaluation.held_out(stream, vocabulary.tokenizer, 10**4, tokens, 0)
    shard, expected = stream.held_out, []
    for group in range(len(stream.about.groups)):
        read = 0
        for n in sorted(np.flatnonzero(np.asarray(shard.groups) == group), key=lambda n: bytes(shard.ids[n])):
            if read < tokens:
                document = shard.tokens[shard.starts[n] : shard.starts[n + 1]][: max(tokens - read, 2)].tolist()
                expected.append((group, document))
                read += len(document)
    read_rows = [row[row >= 0].tolist() for row in data.targets_BS]
    assert list(zip(data.groups_B.tolist(), read_rows, strict=True)) == [(g, d[1:]) for g, d in expected]
    assert data.begins_B.all()


def test_the_mean_is_over_groups() -> None:
    measured = [evaluation.Measured("a", 2.0, 1.0, 10), evaluation.Measured("b", 4.0, 2.0, 1000)]
    assert evaluation.mean(measured) == (3.0, 1.5)
    assert evaluation.mean([]) == (None, None)


def test_another_mixture_may_be_measured_on_document_by_document(mixed: Lake, tmp_path: Path) -> None:
    own = plan(mixed, length=64, steps=4, evaluate_at=(2, 4), evaluation_tokens=10**6)
    result = loop.train(own, tmp_path / "own")
    other = replace(own, held_out=str(tmp_path / "other"))
    shutil.copytree(own.shards, other.held_out)
    about = json.loads((tmp_path / "other" / "shards.json").read_text())
    (tmp_path / "other" / "shards.json").write_text(json.dumps(about | {"groups": [f"x-{g}" for g in about["groups"]]}))
    again = loop.train(other, tmp_path / "again")
    assert [one.group for one in again.measured] == [f"x-{one.group}" for one in result.measured]
    assert [one.loss for one in again.measured] == [one.loss for one in result.measured]

    rows = [json.loads(line) for line in (tmp_path / "again" / evaluation.DOCUMENTS).read_text().splitlines()]
    for one in again.measured:
        of_group = [row for row in rows if row["group"] == one.group]
        assert sum(row["nats"] for row in of_group) == pytest.approx(one.loss * one.n)
        assert sum(row["targets"] for row in of_group) == one.n
        bits = sum(row["nats"] for row in of_group) / math.log(2) / sum(row["n_bytes"] for row in of_group)
        assert bits == pytest.approx(one.bits_per_byte)
    assert len({row["id"] for row in rows}) == len(rows) == Stream(Path(own.shards)).about.held_out_documents


def test_what_a_run_is_measured_on_changes_its_id_and_nothing_else_of_old_runs(tmp_path: Path) -> None:
    run = Run(name="r", mixture="m")
    assert "held_out" not in run.that_change_results()
    with pytest.raises(UserError, match="there are no token shards"):
        Run(name="r", mixture="m", held_out=str(tmp_path)).that_change_results()
    (tmp_path / "held_out").mkdir()
    (tmp_path / "held_out" / "tokens.bin").write_bytes(b"12")
    first = Run(name="r", mixture="m", held_out=str(tmp_path)).that_change_results()
    (tmp_path / "held_out" / "tokens.bin").write_bytes(b"13")
    assert first != Run(name="r", mixture="m", held_out=str(tmp_path)).that_change_results()
