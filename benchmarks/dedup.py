"""Near-duplicates: signatures against datatrove, datasketch and rensa; the whole against datatrove's four steps; growth."""

import re
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks import corpora, minhash
from benchmarks.claims import Claim, claim, named, one_core
from benchmarks.pages import texts

_PEER_DOCUMENTS = 8_000  # datatrove's four steps on so many made documents
_SEEDS = (1, 2, 3)  # of the corpora on which recall and precision are measured
_WARM_DOCUMENTS = 200
_DOCUMENTS = 1_000_000
_GROWTH = (12_000, 60_000, 240_000, 1_200_000)  # documents: 10 MB to 1 GB
_THRESHOLD = 0.8


def run(path: Path | None) -> Iterator[Claim]:
    """Signatures; all steps, with precision and recall on planted pairs; time and memory as the corpus grows."""
    source = texts(path)
    from datatrove.utils.logging import logger

    logger.remove()
    with one_core():
        yield from minhash.run(source)
        yield from whole(source)
        yield from growth(source)


def whole(source: pa.Array) -> Iterator[Claim]:
    """Signatures to decisions: ours on a million documents, datatrove's four steps on as many as one can wait for."""
    small, large = corpora.planned(_PEER_DOCUMENTS), corpora.planned(_DOCUMENTS)
    _datatrove(source, corpora.planned(_WARM_DOCUMENTS))
    _ours(source, corpora.planned(_WARM_DOCUMENTS))

    n_bytes = sum(part.nbytes for part in corpora.parts(source, small))
    theirs = n_bytes / min(_datatrove(source, small)[0] for _ in range(2)) / 1e6
    ours_small = n_bytes / min(_ours(source, small)[0] for _ in range(2)) / 1e6
    total = sum(part.nbytes for part in corpora.parts(source, large))
    ours = total / _ours(source, large)[0] / 1e6
    share = f"{len(small.copies) / _PEER_DOCUMENTS:.0%} of them edited copies, on both sides"
    parts = "Pomona from the lake's Parquet to decisions, the peer from texts in memory to kept documents"
    yield claim("dedup.whole", ours, theirs, named("datatrove"), "MB/s", 50.0,
                f"{_DOCUMENTS:,} documents, {total / 1e9:.2f} GB; the peer on {_PEER_DOCUMENTS:,} of the same kind; {share}; {parts}")  # fmt: skip
    yield claim("dedup.whole_small", ours_small, theirs, named("datatrove"), "MB/s", 10.0,
                f"both on the same {_PEER_DOCUMENTS:,} documents, {n_bytes / 1e6:.0f} MB; {share}; {parts}")  # fmt: skip
    yield from quality(source)


def quality(source: pa.Array) -> Iterator[Claim]:
    """Recall and precision over all pairs, against a truth in plain Python that knows nothing of our shingles."""
    n_true, n_documents = 0, 0
    found, both = {"ours": 0, "theirs": 0}, {"ours": 0, "theirs": 0}
    for seed in _SEEDS:
        plan = corpora.planned(_PEER_DOCUMENTS, share=0.2, seed=seed)
        documents = [text for part in corpora.parts(source, plan) for text in part.to_pylist()]
        truth = similar_pairs(documents, _THRESHOLD)
        n_true, n_documents = n_true + len(truth), n_documents + len(documents)
        for side, work in (("ours", _ours), ("theirs", _datatrove)):
            pairs = _pairs(work(source, plan)[1])
            found[side] += len(pairs)
            both[side] += len(pairs & truth)
    note = f"all pairs of {n_documents:,} documents, {n_true:,} with Jaccard {_THRESHOLD} or more by word 5-grams in plain Python"
    yield claim("dedup.recall", both["ours"] / n_true, both["theirs"] / n_true, named("datatrove"), "of those pairs", 0.99,
                f"{note}; both have 14 bands of 8 rows, so a difference of some pairs is chance")  # fmt: skip
    precision = {side: both[side] / max(found[side], 1) for side in found}
    yield claim("dedup.precision", precision["ours"], precision["theirs"], named("datatrove"), "of pairs in one cluster",
                1.0, f"{found['ours']:,} pairs against {found['theirs']:,}; Pomona checks pairs, the peer does not")  # fmt: skip


def similar_pairs(documents: list[str], threshold: float) -> set[tuple[int, int]]:
    """Every pair whose sets of word 5-grams have this Jaccard similarity or more: an inverted index, then a count."""
    sets = []
    for text in documents:
        words = re.findall(r"\w+", text.lower())
        sets.append({tuple(words[i : i + 5]) for i in range(max(1, len(words) - 4))})
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    shared: Counter[tuple[int, int]] = Counter()
    for d, shingles in enumerate(sets):
        for shingle in shingles:
            for other in holders[shingle]:
                shared[other, d] += 1
            holders[shingle].append(d)
    return {(a, b) for (a, b), both in shared.items() if both / (len(sets[a]) + len(sets[b]) - both) >= threshold}


def _pairs(clusters: dict[int, Any]) -> set[tuple[int, int]]:
    """All pairs of documents that share a cluster."""
    members: dict[Any, list[int]] = defaultdict(list)
    for document, cluster in sorted(clusters.items()):
        members[cluster].append(document)
    return {pair for group in members.values() for pair in combinations(group, 2)}


def _ours(source: pa.Array, plan: corpora.Planned) -> tuple[float, dict[int, Any]]:
    """(seconds, the cluster of each document that is in one)."""
    from corpus.lake import Lake

    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(folder)
        corpora.write(lake, source, plan)
        seconds = _dedup(lake)[0]
        rows = (
            lake.scan("duplicates", slot="minhash").join(lake.scan("documents").select("id", "uri"), on="id").collect()
        )
        return seconds, dict(zip(map(int, rows["uri"]), rows["cluster"], strict=True))


def _dedup(lake: Any, memory: int | None = None) -> tuple[float, int]:
    """(seconds, peak bytes) of all six steps, in this process."""
    from corpus.dedup.near.family import FAMILY
    from pomona import budget, runner
    from pomona.recipe import wanted

    asked = wanted({"dedup": {}}, ["made"])
    started = time.perf_counter()
    for name in FAMILY.names():
        stage = asked.plan(name, lake, budget.data_bytes(memory, 1))
        runner.run_planned(lake, stage, workers=1, memory=memory)
    peak = max(int(m.facts["peak_bytes"]) for m in lake.lineages("decisions").values())
    return time.perf_counter() - started, peak


def _datatrove(source: pa.Array, plan: corpora.Planned) -> tuple[float, dict[int, Any]]:
    """The same of the peer's four steps, one after the other, each in this process."""
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
        return seconds, dict(pairs.tolist())


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
