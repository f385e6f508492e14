"""Semantic duplicates: who stays is what comparing everything with everything gives."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.dedup import canary, shuffle
from corpus.dedup.semantic import steps as semantic
from corpus.dedup.semantic.steps import centered, leaders, nearest
from corpus.lake import Lake
from pomona import runner
from tests import planning
from tests.corpus.dedup.made import commit, edited, prose


def brute(vectors: np.ndarray, threshold: float) -> list[int]:
    """Each goes to the most similar of those that stay before it, when that is similar enough."""
    stays: list[int] = []
    found = []
    for i, vector in enumerate(vectors):
        near = max(stays, key=lambda j: (float(vectors[j] @ vector), -j), default=None)
        goes = near is not None and float(vectors[near] @ vector) >= threshold
        found.append(near if goes else i)
        stays += [] if goes else [i]
    return found


@given(st.integers(1, 60), st.integers(0, 10**6), st.sampled_from([0.3, 0.7, 0.95]), st.sampled_from([3, 7, 1024]))
def test_who_stays_is_what_brute_force_gives(n: int, seed: int, threshold: float, block: int) -> None:
    draw = np.random.default_rng(seed)
    vectors = centered(draw.normal(size=(n, 4)).astype(np.float32), np.zeros(4, np.float32))
    before = semantic._BLOCK
    semantic._BLOCK = block
    try:
        stays, cosine = leaders(vectors, threshold)
    finally:
        semantic._BLOCK = before
    want = brute(vectors, threshold)
    assert stays.tolist() == want
    assert cosine == pytest.approx(
        [1.0 if j == i else float(vectors[j] @ vectors[i]) for i, j in enumerate(want)], abs=1e-5
    )


def test_the_nearest_centroid() -> None:
    draw = np.random.default_rng(1)
    vectors, means = draw.normal(size=(50, 5)).astype(np.float32), draw.normal(size=(7, 5)).astype(np.float32)
    want = ((vectors[:, None] - means[None]) ** 2).sum(axis=2).argmin(axis=1)
    assert nearest(vectors, means).tolist() == want.tolist()


def shuffled(text: str, seed: int) -> str:
    """The same sentences in another order: other shingles at their ends, the same meaning."""
    words = text.split()
    runs = [words[i : i + 6] for i in range(0, len(words), 6)]
    random.Random(seed).shuffle(runs)
    return " ".join(word for run in runs for word in run)


def dedup(lake: Lake, memory: int | None = None, **fields: Any) -> list[runner.Outcome]:
    settings = {"threshold": 0.8, **fields.pop("semantic", {})}
    section = {"exact": False, "minhash": None, "semantic": settings, **fields}
    return planning.run(planning.wanted(dedup=section).names(), lake, memory=memory, dedup=section)[1:]


def kept(lake: Lake) -> set[str]:
    uris = dict(lake.scan("documents").select("id", "uri").collect().iter_rows())
    rows = lake.scan("decisions", slot="semantic").collect()
    assert rows.height == len(uris)
    assert set(rows["id"]) == set(uris)
    return {uris[i] for i in rows.filter("kept")["id"]}


def corpus(n: int) -> list[str]:
    """Every third says in another order what the one before it says; a few say nothing."""
    texts = [prose(i, 150) for i in range(n)]
    for i in range(2, n, 3):
        texts[i] = shuffled(texts[i - 1], i)
    return [*texts, "", "...", "!"]


@pytest.mark.parametrize("documents_per_cluster", [10_000, 8])
def test_what_says_the_same_goes_and_what_says_nothing_stays(lake: Lake, documents_per_cluster: int) -> None:
    texts = corpus(60)
    commit(lake, texts)
    dedup(lake, semantic={"documents_per_cluster": documents_per_cluster})
    assert {f"a/{i:05}" for i in range(len(texts))} - kept(lake) == {f"a/{i:05}" for i in range(2, 60, 3)}
    rows = lake.scan("duplicates", slot="semantic").collect()
    assert rows.height == 40
    assert rows["similarity"].min() >= 0.8
    assert (rows["cluster"] == rows["representative"]).all()
    dropped = lake.scan("decisions", slot="semantic").filter(~pl.col("kept")).collect()["measured"].to_list()
    assert all(m[0]["rule"] == "semantic.duplicate" and m[0]["value"] >= m[0]["limit"] == 0.8 for m in dropped)


def test_the_best_stays(lake: Lake) -> None:
    base = prose(1, 150)
    commit(
        lake, [*(prose(i, 150) for i in range(10, 30)), base, shuffled(base, 1) + " z", shuffled(base, 2) + " zz zz"]
    )
    dedup(lake, keep="quality", quality="n_characters")
    assert {f"a/{i:05}" for i in range(20, 23)} & kept(lake) == {"a/00022"}


def test_the_result_is_the_same_for_any_cut_memory_and_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = corpus(60)
    found = []
    for name, small in (("plain", False), ("small", True)):
        lake = Lake(tmp_path / name)
        if small:
            monkeypatch.setattr(shuffle, "MIN_RUN_BYTES", 20_000)
            monkeypatch.setattr(shuffle, "READ_BYTES", 1)
            keys = commit(lake, texts[:34], "a")  # whole parts: the same addresses as in one go
            dedup(lake, semantic={"documents_per_cluster": 8})
            commit(lake, texts[34:], "b", before=keys)
            outcomes = dedup(lake, semantic={"documents_per_cluster": 8})
            assert outcomes[0].items_run == 2  # vectors of the new parts only
            assert outcomes[-1].items > 1
        else:
            commit(lake, texts[34:], "b", before=commit(lake, texts[:34], "a"))
            dedup(lake, semantic={"documents_per_cluster": 8})
        found.append([lake.scan(t, slot="semantic").collect().sort("id") for t in ("decisions", "duplicates")])
    assert all(a.equals(b) for a, b in zip(*found, strict=True))


def test_a_lost_canary_ends_the_run(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(lake, corpus(30))
    monkeypatch.setattr(canary, "IDS", ("canary-one", "canary-other"))
    section = {"exact": False, "minhash": None, "semantic": {}}
    planning.run(planning.wanted(dedup=section).names()[:-1], lake, dedup=section)
    monkeypatch.setattr(canary, "IDS", ("canary-one", "canary-two"))
    with pytest.raises(canary.CanaryLostError, match="semantic: the planted duplicate"):
        planning.run(["semantic"], lake, dedup=section)


def test_edits_lower_the_similarity(lake: Lake) -> None:
    base = prose(1, 200)
    commit(lake, [*(prose(i, 200) for i in range(10, 40)), base, *(edited(base, s, 3) for s in (0.02, 0.5))])
    dedup(lake)
    assert {f"a/{i:05}" for i in range(30, 33)} & kept(lake) == {"a/00030", "a/00032"}
