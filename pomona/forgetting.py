"""Honors a request to forget documents: removes them, keeps them away, and says which models have read them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from corpus import artifacts, lease
from corpus.errors import UserError
from corpus.forgetting import journal, rewriting, tombstones
from corpus.forgetting.tombstones import Request
from corpus.lake import Lake
from corpus.shards import stages as shard_stages
from corpus.shards.erasing import erase
from corpus.shards.layout import id_bytes, keys
from corpus.shards.stream import Stream
from pomona.ablation import branches, held_out
from pomona.views.trace import opened, rows_of_runs
from training import reading, teacher_ids
from training.stages import ancestors, in_order
from training.steps import drop_unfinished

_MOST_NAMED = 20  # documents that are listed


@dataclass(frozen=True, slots=True)
class ReadBy:
    """A checkpoint that has read forgotten documents."""

    run: str
    name: str
    checkpoint: str  # folder
    documents: int  # -1: unknown, since its token shards are lost
    tokens: int  # read by the run itself
    tokens_before: int  # read by the runs that it started from


@dataclass(frozen=True, slots=True)
class Forgot:
    """What a request did, or would do."""

    kind: str  # id, uri or domain
    value: str
    done: bool  # False for a dry run
    documents: int
    named: list[str]  # addresses of some of them
    rows: dict[str, int]  # removed, by table
    mixtures: list[dict[str, Any]]  # mixture, documents, tokens with repeats
    shards: list[dict[str, Any]]  # mixture, folder, documents: files of tokens that hold some
    runs: list[ReadBy]
    files_deleted: int  # of older versions; 0 without vacuum
    occurrences_erased: int  # in token shards; 0 without vacuum


def forget(lake: Lake, wanted: str, *, reason: str = "", vacuum: bool = False, dry_run: bool = False) -> Forgot:
    """Forgets a document by id or URI, or all of a domain; raises `UserError` for an empty name."""
    if not wanted.strip():
        raise UserError("forget takes an id, a URI or a domain")
    with lease.alone(lake, purpose=f"pomona forget {wanted}"):
        _finish(lake)
        kind, value = tombstones.kind_of(lake, wanted)
        named = tombstones.named(lake, kind, value)
        ids = frozenset(named["id"])

        seen = _Seen(lake, ids)
        mixtures, shards, runs = list(seen.mixtures()), list(seen.shards()), list(seen.runs())

        rows: dict[str, int] = {}
        deleted, erased = 0, 0
        if not dry_run:
            request = Request(
                number=tombstones.next_number(lake), kind=kind, value=value, reason=reason, documents=len(ids),
                ids=tuple(sorted(ids)), texts=tuple(_texts(lake, ids, kind)),
            )  # fmt: skip
            if ids:
                journal.begin(lake, journal.Work(request, wanted, rewriting.rows_of(lake, ids)))
            rows = _finish(lake)
            tombstones.record(lake, request)
            rewriting.delete_unnamed(lake, tombstones.read(lake))
            drop_unfinished(lake, {str(one["artifact"]).rpartition("/")[2] for one in shards})
            if vacuum:
                erased = _erased(lake)
                deleted = len(list(rewriting.files_of_older_versions(lake)))

    addresses = named["uri"].sort().to_list()[:_MOST_NAMED]
    done = Forgot(kind, value, not dry_run, len(ids), addresses, rows, mixtures, shards, runs, deleted, erased)
    if not dry_run:  # of all requests: one that was stopped before this point is made good by the next
        branches.forget_unfinished(lake)
        held_out.erase(lake, tombstones.read(lake).ids | ids)
    for branch in branches.branches(lake):
        again = forget(branch, wanted, reason=reason, vacuum=vacuum, dry_run=dry_run)
        if not dry_run:
            held_out.erase(lake, tombstones.read(branch).ids)
        done = _together(done, again)
    return done


def _together(one: Forgot, branch: Forgot) -> Forgot:
    """Returns what a request did to a lake and to a branch of it."""
    tables = one.rows.keys() | branch.rows.keys()
    return replace(
        one,
        rows={table: one.rows.get(table, 0) + branch.rows.get(table, 0) for table in sorted(tables)},
        mixtures=one.mixtures + branch.mixtures,
        shards=one.shards + branch.shards,
        runs=one.runs + branch.runs,
        files_deleted=one.files_deleted + branch.files_deleted,
        occurrences_erased=one.occurrences_erased + branch.occurrences_erased,
    )


def _finish(lake: Lake) -> dict[str, int]:
    """Does what the journal says, of this request or of one that was stopped; returns the rows removed, by table."""
    work = journal.read(lake)
    if work is None:
        return {}
    tombstones.record(lake, work.asked)
    rows = rewriting.remove(lake, work)
    rewriting.delete_unnamed(lake, tombstones.read(lake))
    journal.end(lake)
    return rows


def _texts(lake: Lake, ids: frozenset[str], kind: str) -> list[str]:
    """Returns hashes of the texts of single documents. A domain's pages may be copies of others', which stay."""
    if kind == "domain" or not ids:
        return []
    texts = lake.scan("documents").filter(pl.col("id").is_in(list(ids))).select("text").collect()["text"]
    return sorted(set(tombstones.text_hashes(texts.to_arrow())))


def _erased(lake: Lake) -> int:
    """Overwrites the tokens of all documents that were ever forgotten in all token shards; returns the occurrences.

    What teachers said of their tokens may be the same tokens: it is deleted, and made again when it is needed.
    """
    artifacts.sweep(lake)
    artifacts.delete(lake, teacher_ids.KIND)
    ids = tombstones.read(lake).ids
    return sum(erase(lake, folder, f"{lake.root}/{path}", ids) for path, folder in _folders_of_shards(lake))


def _folders_of_shards(lake: Lake) -> Iterator[tuple[str, Path]]:
    """Yields path and folder of all token shards that the lake still has, also of damaged ones on this machine."""
    if not lake.exists("artifact_lineage"):
        return
    made = lake.scan("artifact_lineage").filter(pl.col("kind") == shard_stages.KIND).select("key", "path").collect()
    for key, path in made.iter_rows():
        folder = artifacts.find(lake, shard_stages.KIND, key)
        if folder is None and lake.is_local and Path(lake.root, path).is_dir():
            folder = Path(lake.root, path)
        if folder is not None:
            yield path, folder


@dataclass(frozen=True, slots=True)
class _Seen:
    """What has seen some documents."""

    lake: Lake
    ids: frozenset[str]

    def mixtures(self) -> Iterator[dict[str, Any]]:
        """Yields the mixtures that have some of them."""
        if not self.ids or not self.lake.exists("mixtures"):
            return
        about = self.lake.scan("mixtures").filter(pl.col("id").is_in(list(self.ids)))
        tokens = (pl.col("tokens") * pl.col("repeats")).filter(pl.col("split") == "train").sum()
        yield from about.group_by("mixture").agg(documents=pl.len(), tokens=tokens).sort("mixture").collect().to_dicts()

    def shards(self) -> Iterator[dict[str, Any]]:
        """Yields the token shards that have some of them, also those that no current mixture names."""
        if not self.ids:
            return
        wanted = keys(id_bytes(sorted(self.ids)))
        for path, folder in _folders_of_shards(self.lake):
            stream = Stream(folder)
            held = sum(int(shard.among(wanted).sum()) for shard in (*stream.shards, stream.held_out))
            if held:
                yield {"mixture": stream.about.mixture, "artifact": path, "folder": str(folder), "occurrences": held}

    def runs(self) -> Iterator[ReadBy]:
        """Yields the runs that have read some of them, or started or learned from one that has."""
        rows = rows_of_runs(self.lake) if self.ids else {}
        wanted = keys(id_bytes(sorted(self.ids)))
        own: dict[str, int] = {}  # tokens that each run has read of them
        unknown: set[str] = set()
        root = self.lake.root if self.lake.is_local else self.lake.url
        for key in in_order(self.lake):
            if key not in rows:
                continue
            row = rows[key]
            tokens, documents = 0, set()
            came_from = ancestors(rows, key, teachers=True)[1:]
            before = sum(own.get(one, 0) for one in came_from)
            try:
                stream, packing = opened(self.lake, row)
            except UserError:  # its token shards are lost: nobody can say what it has read
                unknown.add(key)
                yield ReadBy(key, row["name"], f"{root}/{row['checkpoint']}", -1, -1, before)
                continue

            counts = reading.tokens_of_documents(stream, packing, row["sequences"])
            for shard, read in zip(stream.shards, counts, strict=True):
                chosen = np.flatnonzero(shard.among(wanted) & (read > 0))
                tokens += int(read[chosen].sum())
                documents |= {bytes(one) for one in shard.ids[chosen]}

            own[key] = tokens
            if before + tokens:
                yield ReadBy(key, row["name"], f"{root}/{row['checkpoint']}", len(documents), tokens, before)
            elif unknown.intersection(came_from):
                yield ReadBy(key, row["name"], f"{root}/{row['checkpoint']}", -1, -1, 0)
