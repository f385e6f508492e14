"""Shards of a real lake: each document as often as the mixture says, in an order that the seed alone decides."""

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from corpus.lake import Lake
from corpus.mixture.settings import Mixture
from corpus.mixture.stages import slot
from corpus.shards import stages, views, writing
from corpus.shards.stream import Stream
from corpus.tokenizer import stages as tokenizer_stages
from corpus.tokenizer import steps as tokenizer_steps
from corpus.tokenizer.loading import load
from pomona import making
from pomona.kept_documents import kept


def opened(lake: Lake, mixture: str) -> Stream:
    return Stream(stages.folder(lake, stages.current(lake, mixture)))


def written(lake: Lake, folder: Path, mixture: str, *, seed: int = 0, shard_tokens: int = 1 << 26) -> Stream:
    source = writing.Source(lake, mixture, slot(mixture), seed, "", "uint16", 560, 1, shard_tokens)
    (folder / "scratch").mkdir(parents=True)
    writing.write(source, folder, folder / "scratch")
    assert not list((folder / "scratch").iterdir())
    return Stream(folder)


def documents(stream: Stream) -> list[str]:
    return [bytes(row).hex() for shard in stream.shards for row in np.asarray(shard.ids)]


@pytest.mark.parametrize("mixture", ["M", "all", "twice"])
def test_each_document_occurs_as_often_as_the_mixture_says(mixed: Lake, mixture: str) -> None:
    stream = opened(mixed, mixture)
    rows = mixed.scan("mixtures", slot=slot(mixture)).collect()
    train = rows.filter(pl.col("split") == "train")
    assert Counter(documents(stream)) == dict(train.select("id", "repeats").iter_rows())
    assert stream.n_tokens == int((train["tokens"] * train["repeats"]).sum())
    held_out = [bytes(row).hex() for row in np.asarray(stream.held_out.ids)]
    assert sorted(held_out) == sorted(rows.filter(pl.col("split") == "held_out")["id"])
    view = views.shards(mixed, mixture)
    assert (view.tokens, view.documents, view.held_out_documents) == (
        stream.n_tokens,
        stream.n_documents,
        len(held_out),
    )


def test_a_document_in_the_stream_is_its_text(mixed: Lake) -> None:
    stream = opened(mixed, "all")
    vocabulary = load(tokenizer_steps.folder(mixed, tokenizer_stages.current(mixed)))
    texts = dict(kept(mixed).select("id", "text").collect().iter_rows())
    groups = dict(kept(mixed).select("id", "source").collect().iter_rows())
    for shard in stream.shards:
        for start in np.asarray(shard.starts)[:-1].tolist():
            at = stream.document_at(start)
            tokens = stream.tokens(at.start, at.end).tolist()
            assert tokens[-1] == vocabulary.end
            assert vocabulary.tokenizer.decode(tokens[:-1]) == texts[at.id]
            assert at.group == groups[at.id]


def test_the_order_depends_on_the_seed_and_not_on_how_it_was_cut(mixed: Lake, tmp_path: Path) -> None:
    one = written(mixed, tmp_path / "one", "twice")
    many = written(mixed, tmp_path / "many", "twice", shard_tokens=1000)
    assert len(many.shards) > 5
    assert documents(many) == documents(one)
    assert many.tokens(0, many.n_tokens).tolist() == one.tokens(0, one.n_tokens).tolist()
    for document in set(documents(one)):
        assert many.occurrences(document) == one.occurrences(document)
    other = written(mixed, tmp_path / "other", "twice", seed=1)
    assert sorted(documents(other)) == sorted(documents(one)) != documents(other)
    assert documents(other) != documents(one)


def test_the_order_is_random_and_copies_are_far_apart(mixed: Lake) -> None:
    stream = opened(mixed, "twice")
    order = documents(stream)
    groups = np.concatenate([np.asarray(shard.groups) for shard in stream.shards])
    switches = int((np.diff(groups) != 0).sum())
    assert switches > len(groups) / 4, "sources are mixed, not one after the other"
    n = len(order)
    for document, count in Counter(order).items():
        places = np.flatnonzero(np.array(order) == document)
        if count > 1:
            assert np.diff(places).min() > n / count / 3
            assert places[0] < n / count * 1.5


def test_a_mixture_that_no_longer_fits_the_tokens_is_a_fault(mixed: Lake) -> None:
    encoded = mixed.scan("tokens").head(1).collect().to_arrow()
    chosen = pl.DataFrame({"id": ["0" * 32], "group": ["a"], "split": ["train"], "repeats": [1], "row": [10_000]}).cast(
        {"row": pl.Int32, "repeats": pl.Int32}
    )
    source = writing.Source(mixed, "M", slot("M"), 0, "", "uint16", 560, 1)
    with pytest.raises(RuntimeError, match="different documents"):
        writing._of_row_group(source, encoded, chosen, {"a": 0})


def test_pieces_are_stretches_of_their_documents_at_places_that_the_seed_decides(mixed: Lake, tmp_path: Path) -> None:
    shutil.copytree(mixed.root, tmp_path / "lake")
    lake = Lake(tmp_path / "lake")
    streams = []
    for seed in (1, 2):
        mixture = Mixture(name="P", weights={"a": 1}, document_tokens=50, seed=seed, held_out=0.1)
        list(making.mixture(lake, mixture, workers=1))
        list(making.tokens(lake, "P", workers=1))
        streams.append(opened(lake, "P"))
    whole = dict(lake.scan("tokens").select("id", "ids").collect().iter_rows())
    first, second = (dict(read(one)) for one in streams)
    assert first.keys() == second.keys()
    assert any(first[name] != second[name] for name in first)
    begins = 0
    for name, tokens in first.items():
        every = np.frombuffer(whole[name], "<u2").tolist()
        piece = tokens[:-1]
        places = [i for i in range(len(every) - len(piece) + 1) if every[i : i + len(piece)] == piece]
        assert places
        assert len(piece) == min(50, len(every))
        begins += 0 in places
    assert begins < len(first) / 2


def read(stream: Stream) -> list[tuple[str, list[int]]]:
    shard = stream.shards[0]
    starts = np.asarray(shard.starts)
    return [
        (shard.ids[n].tobytes().hex(), shard.tokens[starts[n] : starts[n + 1]].tolist()) for n in range(len(starts) - 1)
    ]
