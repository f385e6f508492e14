import itertools
import json
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from corpus.dedup.semantic.embedding import Embedding, as_lists, embed, from_lists
from corpus.errors import UserError
from tests.corpus.dedup.made import edited, prose


def vectors(*texts: str) -> np.ndarray:
    return embed(pa.array(texts, pa.large_string()), Embedding())


def test_vectors_have_length_one_or_are_zeros() -> None:
    found = vectors("some words", "", "...", "a")
    assert np.linalg.norm(found, axis=1) == pytest.approx([1, 0, 0, 1])
    assert found.dtype == np.float32


def test_case_and_marks_make_no_difference() -> None:
    a, b = vectors("Some words, and more.", "some -- WORDS and more")
    assert np.array_equal(a, b)


def test_the_cosine_is_about_that_of_the_counted_features() -> None:
    """Against the same vectors without hashing: words and pairs, 1 + log of their counts."""
    texts = [prose(1, 300)] + [edited(prose(1, 300), share, 9) for share in (0.05, 0.3, 0.8)] + [prose(2, 300)]
    counts = []
    for text in texts:
        words = text.split()
        features = [*words, *(" ".join(pair) for pair in itertools.pairwise(words))]
        counts.append({f: 1 + np.log(features.count(f)) for f in set(features)})

    def cosine(a: dict[str, float], b: dict[str, float]) -> float:
        dot = sum(v * b.get(f, 0) for f, v in a.items())
        return float(dot / np.sqrt(sum(v * v for v in a.values()) * sum(v * v for v in b.values())))

    found = vectors(*texts)
    want = [cosine(counts[0], c) for c in counts]
    assert found @ found[0] == pytest.approx(want, abs=0.15)
    assert np.argsort(-(found @ found[0])).tolist() == [0, 1, 2, 3, 4]


def test_a_batch_changes_nothing() -> None:
    texts = [prose(i, random.Random(i).randint(1, 90)) for i in range(20)]
    whole = vectors(*texts)
    assert np.array_equal(whole, np.concatenate([vectors(t) for t in texts]))


def test_vectors_as_a_column() -> None:
    found = vectors("a b", "c", "")
    assert np.array_equal(from_lists(as_lists(found)), found)
    assert np.array_equal(from_lists(pa.chunked_array([as_lists(found), as_lists(found)])), np.r_[found, found])
    assert from_lists(as_lists(found)[:0]).shape == (0, 0)
    assert np.array_equal(from_lists(as_lists(found)[1:]), found[1:])


def test_a_model_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="neither 'hashed' nor a folder"):
        Embedding("sentence-transformers/all-MiniLM-L6-v2").check()
    with pytest.raises(UserError, match="neither 'hashed' nor a folder"):
        Embedding(str(tmp_path)).check()
    Embedding().check()


def test_a_broken_model_folder_is_told_in_one_line(tmp_path: Path) -> None:
    module = {"idx": 0, "type": "sentence_transformers.models.Transformer", "path": "x"}
    (tmp_path / "modules.json").write_text(json.dumps([module]))
    with pytest.raises(UserError, match="cannot be loaded") as raised:
        embed(pa.array(["some words"]), Embedding(str(tmp_path)))
    assert "\n" not in str(raised.value)


def test_a_sentence_transformers_folder_is_read(tmp_path: Path) -> None:
    """A tiny model with random weights, made here; its vectors are the library's own."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    words = ["[PAD]", "[UNK]", *prose(1, 60).split()]
    tokenizer = Tokenizer(WordLevel({w: i for i, w in enumerate(dict.fromkeys(words))}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]")
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    BertModel(BertConfig(vocab_size=100, **shape)).save_pretrained(tmp_path / "bert")
    fast.save_pretrained(tmp_path / "bert")
    layer = modules.Transformer(str(tmp_path / "bert"), max_seq_length=64)
    made = SentenceTransformer(modules=[layer, modules.Pooling(16)], device="cpu")
    made.save(str(tmp_path / "model"), safe_serialization=True)
    texts = [prose(1, 60), prose(1, 30)]
    embedding = Embedding(str(tmp_path / "model"))
    embedding.check()
    found = embed(pa.array(texts, pa.large_string()), embedding)
    want = made.encode(texts, normalize_embeddings=True)
    assert found == pytest.approx(want, abs=1e-5)
