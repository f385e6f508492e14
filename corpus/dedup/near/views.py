"""Views of near-duplicates for people: pairs near the threshold, and the documents most similar to a given one."""

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from corpus.dedup.near.banding import Banding
from corpus.dedup.near.family import FAMILY
from corpus.dedup.near.minhash import Sketch, agreements, from_binary, signatures
from corpus.errors import UserError
from corpus.lake import Lake
from corpus.views import find

_MAX_FILE_BYTES = 32 << 20
_MAX_WORDS = 4000  # on each side of a diff
_PAIRS = 5  # that are shown on each side of the threshold

Change = tuple[Literal["same", "-", "+"], str]  # words of both texts, of the first only, or of the second only


@dataclass(frozen=True, slots=True)
class Pair:
    """Two documents that were compared."""

    left: str
    right: str
    similarity: float  # Jaccard
    merged: bool
    left_uri: str | None
    right_uri: str | None


@dataclass(frozen=True, slots=True)
class NearMisses:
    """The probability that a pair is a candidate, and the pairs nearest to the threshold on both sides."""

    bands: int
    rows: int
    threshold: float
    verify: str
    curve: tuple[tuple[float, float], ...]  # (Jaccard similarity, probability that such a pair is a candidate)
    pairs: tuple[Pair, ...]  # the most similar first
    unlinked: int  # documents of large buckets that were compared with only 1,000 others and are like none


@dataclass(frozen=True, slots=True)
class Similar:
    """A document, and its similarity to the requested one."""

    id: str
    source: str
    uri: str
    estimate: float  # of the Jaccard similarity, from the signatures
    changes: list[Change] | None  # None if they were not requested


def near_misses(lake: Lake) -> NearMisses | None:
    """Returns the pairs nearest to the threshold; None if the lake was not searched for near-duplicates."""
    lineage = lake.current("decisions", FAMILY.name)
    if lineage is None:
        return None
    config = lineage.config
    chosen = Banding(config["bands"], config["rows"], config["threshold"])
    pairs = lake.scan("pairs").with_columns(distance=(pl.col("similarity") - chosen.threshold).abs())
    uris = lake.scan("documents").select("id", "uri")

    shown: list[Pair] = []
    for merged in (True, False):
        nearest = pairs.filter(pl.col("merged") == merged).sort("distance", "left", "right").head(_PAIRS)
        for side in ("left", "right"):
            nearest = nearest.join(uris.rename({"id": side, "uri": f"{side}_uri"}), on=side, how="left")
        rows = nearest.select("left", "right", "similarity", "merged", "left_uri", "right_uri").collect()
        shown += [Pair(*row) for row in rows.iter_rows()]
    shown.sort(key=lambda pair: -pair.similarity)

    return NearMisses(
        bands=chosen.bands,
        rows=chosen.rows,
        threshold=chosen.threshold,
        verify=config["verify"],
        curve=tuple(chosen.curve()),
        pairs=tuple(shown),
        unlinked=unlinked(lake),
    )


def unlinked(lake: Lake) -> int:
    """Returns the number of documents of large buckets that were compared with only 1,000 others and are like none.

    Near copies of these documents may stay.
    """
    return lake.counts("decisions", FAMILY.name).get("unlinked", 0)


def similar(lake: Lake, wanted: str, top: int = 10, diff: int = 1) -> list[Similar]:
    """Returns the `top` documents that are most similar to a document (id or URI) or a text file.

    The first `diff` of them have changes. Every signature is read once, part by part. No threshold applies. Raises
    `UserError` if the lake has no signatures.
    """
    lineage = lake.current("signatures", "signatures")
    if lineage is None:
        raise UserError(f"lake {lake.url} has no signatures yet; run `pomona dedup` first")

    sketch = Sketch(**lineage.config)
    own_id, text = _text(lake, wanted)
    query, _ = signatures(pa.array([text], pa.large_string()), sketch)
    best = _best(lake, sketch, query[0], own_id, top)  # of a source that was dropped, signatures are still there

    ids = [id_ for _, id_, _ in best]
    documents = lake.scan("documents").filter(pl.col("id").is_in(ids)).select("id", "uri", "text").collect()
    by_id = {id_: (uri, other) for id_, uri, other in documents.iter_rows()}
    results = []
    for i, (estimate, id_, source) in enumerate(row for row in best if row[1] in by_id):
        uri, other = by_id[id_]
        results.append(Similar(id_, source, uri, estimate, changes(text, other) if i < diff else None))
    return results


def _text(lake: Lake, wanted: str) -> tuple[str | None, str]:
    """Returns (id, text) of a document, or (None, text) of a file."""
    id_ = find(lake, wanted)
    if id_ is not None:
        return id_, lake.scan("documents").filter(pl.col("id") == id_).select("text").head(1).collect().item()
    path = Path(wanted)
    if not path.is_file():
        raise UserError(f"{wanted!r} is neither a document's id or URI nor a file")
    if path.stat().st_size > _MAX_FILE_BYTES:
        raise UserError(f"{wanted} is larger than {_MAX_FILE_BYTES >> 20} MiB; give a part of it")
    return None, path.read_text(encoding="utf-8", errors="replace")


def _best(lake: Lake, sketch: Sketch, query: Any, own: str | None, top: int) -> list[tuple[float, str, str]]:
    """Returns (estimate, id, source) of the most similar documents; the estimates are above 0."""
    best: list[tuple[float, str, str]] = []
    stages = (lineage.stage for lineage in lake.lineages("documents").values())  # ingest:web
    sources = pa.array([stage.partition(":")[2] for stage in stages], pa.string())
    for part in lake.parts("signatures"):
        rows = lake.open_part("signatures", part).read(["id", "source", "n_shingles", "signature"])
        estimates = agreements(from_binary(rows["signature"], sketch.n_hashes), query)
        estimates[rows["n_shingles"].to_numpy() == 0] = 0.0
        estimates[~pc.is_in(rows["source"], value_set=sources).to_numpy()] = 0.0
        for i in np.argsort(-estimates, kind="stable")[: top + 1]:
            id_ = rows["id"][int(i)].as_py()
            if id_ != own:
                best.append((float(estimates[i]), id_, rows["source"][int(i)].as_py()))
        best = sorted(best, key=lambda row: (-row[0], row[1]))[:top]
    return [row for row in best if row[0] > 0]


def changes(left: str, right: str) -> list[Change]:
    """Returns runs of words of two texts: `same`, `-` (only on the left) or `+` (only on the right).

    Only the first words of each text are compared.
    """
    a, b = left.split()[:_MAX_WORDS], right.split()[:_MAX_WORDS]
    runs: list[Change] = []
    for kind, i, i_end, j, j_end in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if kind == "equal":
            runs.append(("same", " ".join(a[i:i_end])))
            continue
        if i_end > i:
            runs.append(("-", " ".join(a[i:i_end])))
        if j_end > j:
            runs.append(("+", " ".join(b[j:j_end])))
    return runs
