"""Near-duplicates: signatures against datatrove, datasketch and rensa; the whole against datatrove's four steps; growth."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
from numba import njit

from benchmarks import corpora
from benchmarks.claims import Claim, best, claim, named, one_core
from benchmarks.pages import texts

_PEER_TEXTS = 200  # the peers' signatures are measured on so many pages
_PEER_DOCUMENTS = 8_000  # datatrove's four steps on so many made documents
_DOCUMENTS = 1_000_000
_GROWTH = (12_000, 60_000, 240_000, 1_200_000)  # documents: 10 MB to 1 GB
_THRESHOLD = 0.8


def run(path: Path | None) -> Iterator[Claim]:
    """Signatures; all steps, with precision and recall on planted pairs; time and memory as the corpus grows."""
    source = texts(path)
    with one_core():
        yield from signatures(source)
        yield from whole(source)
        yield from growth(source)


def signatures(source: pa.Array) -> Iterator[Claim]:
    """MB/s of 112 hashes of word 5-grams; each peer from raw text, as its own users call it."""
    from corpus.dedup.minhash import Sketch
    from corpus.dedup.minhash import signatures as ours

    n_bytes = source.nbytes
    ours(source, Sketch())
    mine = n_bytes / best(lambda: ours(source, Sketch()), 7) / 1e6
    some = source[:_PEER_TEXTS]
    few = pl.Series(some).str.len_bytes().sum()
    peers = {
        "datatrove": (_datatrove_signatures, 150.0, 1),
        "datasketch": (_datasketch, 15.0, 3),
        "rensa": (_rensa, 3.0, 3),
    }
    for name, (work, target, repeats) in peers.items():
        documents = some.to_pylist()
        work(documents[:2])
        rate = few / best(lambda work=work, documents=documents: work(documents), repeats) / 1e6
        yield claim(f"dedup.signatures_{name}", mine, rate, named(name), "MB/s", target, "word 5-grams, 112 hashes")
    touch_and_hash(*_buffers(source))
    limit = n_bytes / best(lambda: touch_and_hash(*_buffers(source)), 7) / 1e6
    yield claim("dedup.signatures_limit", mine, limit, "touching every byte, hashing every word", "MB/s", 0.25)


def _buffers(source: pa.Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    from corpus.text.buffers import string_buffers

    return string_buffers(source)


@njit(cache=True)
def touch_and_hash(offsets, data):
    """The least that can be done: FNV-1a of what stands between white space."""
    folded = np.uint64(0)
    for d in range(offsets.size - 1):
        h = np.uint64(14695981039346656037)
        for i in range(offsets[d], offsets[d + 1]):
            if data[i] <= 32:
                folded ^= h
                h = np.uint64(14695981039346656037)
            else:
                h = (h ^ np.uint64(data[i])) * np.uint64(0x100000001B3)
        folded ^= h
    return folded


def _datatrove_signatures(documents: list[str]) -> None:
    from datatrove.data import Document
    from datatrove.pipeline.dedup import MinhashDedupSignature

    with tempfile.TemporaryDirectory() as folder:
        step = MinhashDedupSignature(folder)
        step.run((Document(text, str(i)) for i, text in enumerate(documents)), 0, 1)


def _word_shingles(text: str) -> list[str]:
    words = text.lower().split()
    return [" ".join(words[i : i + 5]) for i in range(max(1, len(words) - 4))]


def _datasketch(documents: list[str]) -> None:
    from datasketch import MinHash

    for text in documents:
        found = MinHash(num_perm=112)
        found.update_batch([shingle.encode() for shingle in _word_shingles(text)])


def _rensa(documents: list[str]) -> None:
    from rensa import RMinHash

    for text in documents:
        found = RMinHash(num_perm=112, seed=1)
        found.update(_word_shingles(text))


def whole(source: pa.Array) -> Iterator[Claim]:
    """Signatures to decisions: ours on a million documents, datatrove's four steps on as many as one can wait for."""
    small = corpora.planned(_PEER_DOCUMENTS, share=0.2, seed=1)
    truth = corpora.jaccards(source, small, _sketch())
    theirs_seconds, theirs = _datatrove(source, small)
    n_bytes = sum(part.nbytes for part in corpora.parts(source, small))
    _, ours = _ours(source, small)
    seconds, _ = _ours(source, corpora.planned(_DOCUMENTS))
    total = sum(part.nbytes for part in corpora.parts(source, corpora.planned(_DOCUMENTS)))
    note = f"{_DOCUMENTS:,} documents, {total / 1e9:.2f} GB; the peer on {_PEER_DOCUMENTS:,} of the same kind, in MB/s"
    yield claim(
        "dedup.whole", total / seconds / 1e6, n_bytes / theirs_seconds / 1e6, named("datatrove"), "MB/s", 50.0, note
    )
    above = truth >= _THRESHOLD
    for name, value in (("recall", _recall), ("precision", _precision)):
        yield claim(
            f"dedup.{name}", value(ours, above), value(theirs, above), named("datatrove"), "of planted pairs", 1.0,
            f"{len(truth):,} pairs of Jaccard 0.5 to 0.95, {int(above.sum()):,} at or above {_THRESHOLD}",
        )  # fmt: skip


def _recall(found: npt.NDArray[np.bool_], above: npt.NDArray[np.bool_]) -> float:
    return float((found & above).sum() / above.sum())


def _precision(found: npt.NDArray[np.bool_], above: npt.NDArray[np.bool_]) -> float:
    return float((found & above).sum() / max(found.sum(), 1))


def _sketch() -> Any:
    from corpus.dedup.minhash import Sketch

    return Sketch()


def _ours(source: pa.Array, plan: corpora.Planned) -> tuple[float, npt.NDArray[np.bool_]]:
    """(seconds, which copies are in one cluster with their original)."""
    from corpus.lake import Lake

    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(folder)
        corpora.write(lake, source, plan)
        seconds = _dedup(lake)[0]
        rows = (
            lake.scan("duplicates", slot="minhash").join(lake.scan("documents").select("id", "uri"), on="id").collect()
        )
        cluster = dict(zip(map(int, rows["uri"]), rows["cluster"], strict=True))
    return seconds, np.array([d in cluster and cluster[d] == cluster.get(int(plan.base[d])) for d in plan.copies])


def _dedup(lake: Any, memory: int | None = None) -> tuple[float, int]:
    """(seconds, peak bytes) of all six steps, in this process."""
    from pomona import budget, runner, stages
    from pomona.recipe_dedup import DedupRecipe

    started = time.perf_counter()
    for name in stages.minhash.STAGES:
        data = budget.data_bytes(memory, 1)
        runner.run_planned(
            lake, stages.plan_minhash(name, lake, DedupRecipe(), ["made"], data), workers=1, memory=memory
        )
    peak = max(int(m.facts["peak_bytes"]) for m in lake.lineages("decisions").values())
    return time.perf_counter() - started, peak


def _datatrove(source: pa.Array, plan: corpora.Planned) -> tuple[float, npt.NDArray[np.bool_]]:
    """The four steps one after the other, each in this process."""
    from datatrove.data import Document
    from datatrove.pipeline.dedup import (
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )

    documents = [text for part in corpora.parts(source, plan) for text in part.to_pylist()]
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        MinhashDedupSignature(f"{folder}/1").run((Document(t, str(i)) for i, t in enumerate(documents)), 0, 1)
        for bucket in range(14):
            MinhashDedupBuckets(f"{folder}/1", f"{folder}/2").run(None, bucket, 14)
        MinhashDedupCluster(f"{folder}/2", f"{folder}/3", save_cluster_id=True).run(None, 0, 1)
        kept = MinhashDedupFilter(f"{folder}/3").run((Document(t, str(i)) for i, t in enumerate(documents)), 0, 1)
        sum(1 for _ in kept)
        seconds = time.perf_counter() - started
        pairs = np.frombuffer(Path(f"{folder}/3/000000.clusters").read_bytes(), np.uint32).reshape(-1, 2)
        cluster = dict(pairs.tolist())
    return seconds, np.array([d in cluster and cluster[d] == cluster.get(int(plan.base[d])) for d in plan.copies])


def growth(source: pa.Array) -> Iterator[Claim]:
    """The exponent of time against size, from 10 MB to 1 GB."""
    from corpus.lake import Lake

    sizes, seconds = [], []
    for n_documents in _GROWTH:
        with tempfile.TemporaryDirectory() as folder:
            lake = Lake(folder)
            sizes.append(corpora.write(lake, source, corpora.planned(n_documents)))
            seconds.append(_dedup(lake)[0])
    exponent = float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])
    shown = ", ".join(f"{size / 1e6:.0f} MB {s:.1f} s" for size, s in zip(sizes, seconds, strict=True))
    yield Claim("dedup.growth", exponent, 1.1, "linear, with a tenth to spare", "exponent of time against bytes",
                1.1 / max(exponent, 1e-9), 1.0, exponent <= 1.1, shown)  # fmt: skip
