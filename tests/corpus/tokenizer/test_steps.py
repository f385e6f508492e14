"""The stages of a tokenizer: its tokens decode to the kept texts, it learns from no held-out document, and it resumes."""

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from corpus import artifacts
from corpus.errors import UserError
from corpus.lake import Lake
from corpus.mixture.settings import Mixture
from corpus.tokenizer import stages, steps, views
from corpus.tokenizer.learning import learn
from corpus.tokenizer.loading import load
from corpus.tokenizer.sampling import sample
from corpus.tokenizer.settings import Tokenizer
from pomona import making
from pomona.kept_documents import kept


def test_tokens_decode_to_the_kept_documents(mixed: Lake) -> None:
    vocabulary = load(steps.folder(mixed, stages.current(mixed)))
    texts = dict(kept(mixed).select("id", "text").collect().iter_rows())
    rows = mixed.scan("tokens").collect()
    assert set(rows["id"]) == set(texts)
    for document, n, ids in rows.select("id", "tokens", "ids").iter_rows():
        tokens = np.frombuffer(ids, "<u2").tolist()
        assert len(tokens) == n - 1
        assert vocabulary.tokenizer.decode(tokens) == texts[document]


def test_a_sample_has_the_proportions_and_no_held_out_document(mixed: Lake) -> None:
    chosen = sample(mixed, Mixture(name="x", weights={"a": 1, "b": 3}, held_out=0.2), (), 8000)
    train = chosen.rows.filter(pl.col("split") == "train")
    tokens = dict(train.group_by("source").agg(pl.col("tokens").sum()).iter_rows())
    assert tokens["b"] / tokens["a"] == pytest.approx(3, rel=0.15)
    texts = pl.concat(chosen.texts("train"))
    assert texts.height == train.height
    held_out = pl.concat(chosen.texts("held_out"))
    assert not set(texts["id"]) & set(held_out["id"])
    assert held_out.height > 10


def test_the_view_compares_bytes_per_token(mixed: Lake) -> None:
    view = views.tokenizer(mixed)
    assert view.vocab_size == 560
    assert {fit.source for fit in view.fits} == {"a", "b"}, "the sources of the mixture that it was learned from"
    for fit in view.fits:
        assert fit.bytes_per_token == fit.bytes / fit.tokens > 1


@pytest.fixture
def own(mixed: Lake, tmp_path: Path) -> Lake:
    """A copy of the lake that a test may change."""
    shutil.copytree(mixed.root, tmp_path / "lake")
    return Lake(tmp_path / "lake")


def test_a_lost_tokenizer_is_made_again_and_is_the_same(own: Lake) -> None:
    key = stages.current(own)
    before = (steps.folder(own, key) / "tokenizer.json").read_bytes()
    shutil.rmtree(steps.folder(own, key))
    with pytest.raises(UserError, match="lost or damaged"):
        steps.folder(own, key)
    settings = stages.recorded_settings(own)
    assert settings is not None
    assert [one.state for one in making.tokenizer(own, settings, workers=1)][-1] == "ran"
    assert (steps.folder(own, key) / "tokenizer.json").read_bytes() == before


def test_another_tokenizer_is_copied_and_compared(own: Lake, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    learn(["some other words " * 5, "0123456789"] * 20, 5000, other, fewer=True)
    before = stages.current(own)
    list(making.tokenizer(own, Tokenizer(path=str(other), compare=(str(other / "tokenizer.json"),)), workers=1))
    view = views.tokenizer(own)
    assert view.tokenizer != before
    assert artifacts.has(own, steps.KIND, before), "checkpoints of earlier runs still need it"
    own_fit, other_fit = (
        next(fit for fit in view.fits if (fit.tokenizer == "own") is is_own) for is_own in (True, False)
    )
    assert (own_fit.tokens, own_fit.vocab_size) == (other_fit.tokens, other_fit.vocab_size)
    with pytest.raises(UserError, match="no such file or folder"):
        list(making.tokenizer(own, Tokenizer(path=str(tmp_path / "none")), workers=1))


def test_tokens_are_made_again_only_where_decisions_changed(own: Lake) -> None:
    """A row group whose documents are kept as before is not encoded again."""
    list(making.tokens(own, "M", workers=1))
    [outcome] = [one for one in making.tokens(own, "M", workers=1) if one.stage == "encode"]
    assert outcome.state == "current"
