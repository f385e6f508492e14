"""What a study is measured on: the same texts for all, and nothing of them, nor a copy, in what is trained on."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from corpus import artifacts
from corpus.errors import UserError
from corpus.lake import Lake
from corpus.mixture.settings import Mixture
from corpus.shards.stream import Stream
from corpus.tokenizer import stages as tokenizer_stages
from corpus.tokenizer import steps as tokenizer_steps
from corpus.tokenizer.loading import load
from pomona import kept_documents
from pomona.ablation import held_out
from tests.pomona.corpora import raw, recipe


def test_texts_are_kept_documents_and_their_tokens_are_those_of_the_tokenizer(mixed: Lake, tmp_path: Path) -> None:
    held_out.write(mixed, tmp_path, Mixture(name="m"), ["a", "c"], 4096)
    texts = pl.read_parquet(tmp_path / held_out.TEXTS)
    kept = kept_documents.kept(mixed).select("id", "source", "text").collect()
    joined = texts.join(kept, on="id", suffix="_whole")
    assert joined.height == texts.height > 10
    assert (joined["group"] == joined["source"]).all()
    assert all(text in whole for text, whole in joined.select("text", "text_whole").iter_rows())
    assert (texts["text"].str.len_chars() <= 64 * 4).all()  # pieces, some of them from the middle
    assert not all(whole.startswith(text) for text, whole in joined.select("text", "text_whole").iter_rows())
    assert texts.group_by("group").len().filter(pl.col("len") < 2).is_empty()
    of_a = kept.filter(pl.col("source") == "a").height
    assert 2 <= texts.filter(pl.col("group") == "a").height <= 0.2 * of_a

    key = tokenizer_stages.current(mixed)
    folder = tokenizer_steps.folder(mixed, key)
    stream = Stream(held_out.shards(tmp_path / held_out.TEXTS, folder, tmp_path / "tokens"))
    shard, vocabulary = stream.held_out, load(folder)
    assert stream.n_tokens == 0
    for number, (name, group, text) in enumerate(texts.iter_rows()):
        tokens = np.asarray(shard.tokens[shard.starts[number] : shard.starts[number + 1]])
        assert tokens[0] == tokens[-1] == vocabulary.end
        assert vocabulary.tokenizer.decode(tokens[1:-1].tolist()) == text
        assert (shard.ids[number].tobytes().hex(), stream.about.groups[shard.groups[number]]) == (name, group)
        assert shard.find(name).tolist() == [number]


def test_copies_that_were_dropped_are_left_out_too(tmp_path: Path) -> None:
    """Without deduplication, a variant would read what it is measured on."""
    import pomona

    root = raw(tmp_path / "raw")
    made = recipe(root, tmp_path / "lake")
    pomona.run(made)
    lake = Lake(tmp_path / "lake")
    sources = kept_documents.kept(lake).select("source").collect()["source"].value_counts(sort=True)
    group = sources["source"][0]
    held_out.write(lake, tmp_path / "h", Mixture(name="m"), [group], 10**6)
    texts = pl.read_parquet(tmp_path / "h" / held_out.TEXTS)
    left_out = set(pl.read_parquet(tmp_path / "h" / held_out.LEFT_OUT)["id"])
    assert set(texts["id"]) <= left_out
    from corpus.dedup.joined import clusters

    members = clusters(lake).select("id", "cluster").collect()
    touched = set(members.filter(pl.col("id").is_in(list(left_out)))["cluster"])
    of_touched = set(members.filter(pl.col("cluster").is_in(list(touched)))["id"])
    assert of_touched <= left_out


def test_groups_that_are_not_there_or_too_small_are_one_line(mixed: Lake, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"held_out group 'd'.*a, b, c"):
        held_out.write(mixed, tmp_path, Mixture(name="m"), ["d"], 4096)
    uris = mixed.scan("documents").select("uri").collect()["uri"].to_list()[:2]
    few = Mixture(name="m", groups={"few": f"uri in ({', '.join(map(repr, uris))})"})
    with pytest.raises(UserError, match="'few' has 2 documents; a group needs 4 at least"):
        held_out.write(mixed, tmp_path, few, ["few"], 4096)
    assert not list(tmp_path.iterdir())
    assert artifacts.FOLDER  # nothing of the lake was written
