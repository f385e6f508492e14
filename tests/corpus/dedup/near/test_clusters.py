"""The whole of near-duplicate detection over a lake: the right clusters, whatever the cut, the order and the memory."""

import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from corpus.dedup import canary, shuffle
from corpus.dedup.near.banding import banding
from corpus.dedup.near.clusters import _checked
from corpus.dedup.near.family import FAMILY
from corpus.dedup.near.minhash import Sketch, signatures
from corpus.lake import Lake
from pomona import runner
from tests import planning
from tests.corpus.dedup.made import commit, components, corpus, edited, jaccard, pairs_above, prose

STAGES = FAMILY.names()


def dedup(lake: Lake, memory: int | None = None, **fields: Any) -> list[runner.Outcome]:
    return planning.run(["signals", *STAGES], lake, memory=memory, dedup=fields)[1:]


def clusters(lake: Lake) -> dict[str, frozenset[str]]:
    """Each duplicate's cluster, as addresses."""
    uris = dict(lake.scan("documents").select("id", "uri").collect().iter_rows())
    rows = lake.scan("duplicates", slot="minhash").collect().group_by("cluster").agg("id")
    sets = [frozenset(uris[i] for i in ids) for _, ids in rows.iter_rows()]
    return {uri: s for s in sets for uri in s}


def kept(lake: Lake) -> set[str]:
    uris = dict(lake.scan("documents").select("id", "uri").collect().iter_rows())
    rows = lake.scan("decisions", slot="minhash").collect()
    assert rows.height == len(uris)
    return {uris[i] for i in rows.filter("kept")["id"]}


def result(lake: Lake) -> list[pl.DataFrame]:
    tables = [lake.scan(t, slot="minhash").collect().sort("id") for t in ("decisions", "duplicates")]
    return [*tables, lake.scan("pairs").collect().sort("left", "right")]


def expected(texts: list[str], threshold: float, seen: Any = None) -> list[frozenset[int]]:
    """Connected components of the pairs at or above the threshold that share a bucket."""
    hashed = seen if seen is not None else buckets_of(texts)
    pairs = [(i, j) for i, j in pairs_above(texts, threshold) if (hashed[:, i] == hashed[:, j]).any()]
    return components(len(texts), pairs)


def buckets_of(texts: list[str]) -> Any:
    from corpus.dedup.near.banding import buckets

    chosen = banding()
    return buckets(signatures(pa.array(texts, pa.large_string()), Sketch(n_hashes=chosen.n_hashes))[0], chosen)


def test_clusters_are_the_components_of_pairs_above_the_threshold(lake: Lake) -> None:
    texts = corpus(150)
    commit(lake, texts)
    dedup(lake)
    names = [f"a/{i // 17 * 17 + i % 17:05}" for i in range(len(texts))]
    want = [frozenset(names[i] for i in s) for s in expected(texts, 0.8)]
    assert len(want) > 10
    assert set(clusters(lake).values()) == set(want)
    dropped = set(names) - kept(lake)
    assert dropped == {n for s in want for n in s if n != min(s)}  # one source: the least address stays
    rows = lake.scan("duplicates").collect()
    uris = dict(lake.scan("documents").select("id", "uri").collect().iter_rows())
    for row in rows.iter_rows(named=True):
        left, right = (texts[names.index(uris[row[k]])] for k in ("id", "representative"))
        assert row["similarity"] == pytest.approx(jaccard(left, right))
    assert lake.scan("pairs").filter((pl.col("similarity") >= 0.8) != pl.col("merged")).collect().is_empty()


@pytest.mark.parametrize("per_part", [1, 7, 64])
def test_the_result_is_the_same_for_any_cut_order_and_memory(
    tmp_path: Path, per_part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = corpus(120, seed=1)
    plain, other = Lake(tmp_path / "plain"), Lake(tmp_path / "other")
    commit(plain, texts, per_part=200)
    dedup(plain)
    commit(other, texts, per_part=per_part)
    monkeypatch.setattr(shuffle, "MIN_RUN_BYTES", 3000)
    monkeypatch.setattr(shuffle, "READ_BYTES", 1)
    outcomes = dedup(other)
    assert outcomes[1].items > 1
    assert outcomes[-1].items > 3
    # Other parts give other ids' order and other numbers, never other clusters.
    assert set(clusters(plain).values()) == {frozenset(s) for s in _renamed(clusters(other), texts, per_part)}
    assert {_text(u, texts, 200) for u in kept(plain)} == {_text(u, texts, per_part) for u in kept(other)}


def _text(uri: str, texts: list[str], per_part: int) -> int:
    return int(uri.rpartition("/")[2])


def _renamed(found: dict[str, frozenset[str]], texts: list[str], per_part: int) -> list[list[str]]:
    return [[f"a/{int(u.rpartition('/')[2]):05}" for u in s] for s in set(found.values())]


def test_every_row_is_the_same_whatever_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = corpus(100, seed=2)
    found = []
    for memory in (None, 20_000, 4 << 20):
        lake = Lake(tmp_path / str(memory))
        commit(lake, texts)
        with monkeypatch.context() as patched:
            if memory:
                patched.setattr(shuffle, "MIN_RUN_BYTES", 2000)
                patched.setattr(shuffle, "READ_BYTES", 1)
            dedup(lake, memory)
        found.append(result(lake))
    for tables in found[1:]:
        assert all(a.equals(b) for a, b in zip(found[0], tables, strict=True))


def test_a_new_batch_gives_what_one_run_over_everything_gives(tmp_path: Path) -> None:
    texts = corpus(90, seed=3)
    grown, whole = Lake(tmp_path / "grown"), Lake(tmp_path / "whole")
    keys = commit(grown, texts[:50], "a")
    dedup(grown)
    before = {p.path: (tmp_path / "grown/signatures" / p.path).stat().st_mtime_ns for p in grown.parts("signatures")}
    commit(grown, texts[50:], "b", before=keys)
    outcomes = dedup(grown)
    assert outcomes[0].items_run == 3  # signatures of the new parts only
    assert all((tmp_path / "grown/signatures" / p).stat().st_mtime_ns == at for p, at in before.items())
    commit(whole, texts[50:], "b", before=commit(whole, texts[:50], "a"))
    dedup(whole)
    assert all(a.equals(b) for a, b in zip(result(grown), result(whole), strict=True))


def test_recall_is_what_theory_says(lake: Lake) -> None:
    """Planted pairs of known similarity: found as often as the S-curve says, within its 99.9% interval."""
    texts, pairs = [], []
    for i in range(1200):
        base = prose(i, 60)
        pairs.append((len(texts), len(texts) + 1))
        texts += [base, edited(base, 0.004 + 0.09 * (i % 30) / 30, i)]
    commit(lake, texts, per_part=500)
    dedup(lake, minhash={"bands": 6, "rows": 5, "threshold": 0.5})
    chosen, found = banding(0.5, 6, 5), clusters(lake)
    similarity = [jaccard(texts[i], texts[j]) for i, j in pairs]
    hit = [f"a/{j:05}" in found.get(f"a/{i:05}", ()) for i, j in pairs]
    for low, high in ((0.5, 0.65), (0.65, 0.8), (0.8, 0.97)):
        inside = [k for k, s in enumerate(similarity) if low <= s < high]
        want = [chosen.probability(similarity[k]) for k in inside]
        assert len(inside) > 60
        spread = np.sqrt(sum(p * (1 - p) for p in want))
        assert abs(sum(hit[k] for k in inside) - sum(want)) <= 3.3 * spread + 0.5
    assert not any(h for h, s in zip(hit, similarity, strict=True) if s < 0.5)


@pytest.mark.parametrize("verify", ["signatures", "none"])
def test_other_ways_to_verify(lake: Lake, verify: str) -> None:
    texts = corpus(80, seed=4)
    commit(lake, texts)
    dedup(lake, minhash={"verify": verify})
    found = set(clusters(lake).values())
    copies = [s for s in expected(texts, 0.97) if len(s) > 1]
    names = [f"a/{i:05}" for i in range(len(texts))]
    for s in copies:
        assert any({names[i] for i in s} <= cluster for cluster in found)


@pytest.mark.parametrize(("keep", "want"), [("longest", "a/00002"), ("first", "a/00000"), ("source_order", "a/00000")])
def test_which_copy_stays(lake: Lake, keep: str, want: str) -> None:
    base = prose(1, 100)
    commit(lake, [base, base.upper(), base + " with some more", "another text altogether " * 3])
    dedup(lake, keep=keep)
    assert kept(lake) == {want, "a/00003"}


def test_the_best_signal_stays(lake: Lake) -> None:
    base = prose(1, 100)
    commit(lake, [base, base + "!!", base + "?!?!"])
    dedup(lake, keep="quality", quality="n_characters")
    assert kept(lake) == {"a/00002"}


def test_texts_without_words_stay(lake: Lake) -> None:
    commit(lake, ["...", "!!!", "---", "a word"])
    dedup(lake)
    assert len(kept(lake)) == 4
    assert lake.scan("duplicates").collect().is_empty()


def test_a_lost_canary_ends_the_run(lake: Lake) -> None:
    commit(lake, corpus(40))
    planning.run(["signals", *STAGES[:3]], lake, dedup={})
    for part in lake.parts("minhash_edges"):
        shutil.copy(_emptied(lake, part.path), f"{lake.root}/minhash_edges/{part.path}")
    with pytest.raises(canary.CanaryLostError, match="the planted duplicate was not found"):
        planning.run(["minhash:components"], lake, dedup={})


def test_a_canary_that_verifying_loses_ends_the_run() -> None:
    ids = pl.Series(["a", *canary.IDS, "b"])
    together = np.array([0, 1, 1, 3])
    assert _checked(ids, together).tolist() == [0, 1, 1, 3]
    for lost in ([0, 1, 2, 3], [0, 1, 3, 3], [1, 1, 0, 3]):
        with pytest.raises(canary.CanaryLostError):
            _checked(ids, np.array(lost))
    with pytest.raises(canary.CanaryLostError):
        _checked(ids[[0, 1, 3]], np.array([0, 1, 2]))
    assert _checked(ids[[0, 3]], np.array([0, 0])).tolist() == [0, 0]  # another partition has them
    assert _checked(ids, np.array([1, 1, 1, 3])).tolist() == [0, 1, 1, 3]  # a text like them stays


def _emptied(lake: Lake, path: str) -> str:
    import pyarrow.parquet as pq

    table = lake.open_part("minhash_edges", path).read().slice(0, 0)
    pq.write_table(table, f"{lake.root}/empty.parquet")
    return f"{lake.root}/empty.parquet"


def test_the_canary_never_shows(lake: Lake) -> None:
    commit(lake, [*corpus(30), *canary.texts().to_pylist(), canary.texts()[0].as_py() + " more"])
    dedup(lake)
    ids = set(lake.scan("documents").collect()["id"])
    for table, columns in (
        ("decisions", ["id"]),
        ("duplicates", ["id", "representative", "cluster"]),
        ("pairs", ["left", "right"]),
    ):
        frame = lake.scan(table).collect()
        assert all(set(frame[c]) <= ids for c in columns)
    assert len({"a/00030", "a/00031", "a/00032"} & kept(lake)) == 1


def test_random_order_of_documents(tmp_path: Path) -> None:
    texts = corpus(80, seed=5)
    order = list(range(80))
    random.Random(5).shuffle(order)
    lakes = [Lake(tmp_path / "a"), Lake(tmp_path / "b")]
    commit(lakes[0], texts)
    commit(lakes[1], [texts[i] for i in order])
    for lake in lakes:
        dedup(lake)
    first = {frozenset(int(u[2:]) for u in s) for s in clusters(lakes[0]).values()}
    second = {frozenset(order[int(u[2:])] for u in s) for s in clusters(lakes[1]).values()}
    assert first == second
