"""The documents that all models of a study are measured on: the same texts, whatever a variant's mixture or filter is.

Of each group, the documents with the least hashes are taken, which are those that mixtures hold out, too; of a long
document a piece, so that there are many. They and all their copies are left out of every variant. They are
written as texts, once, and as tokens for each tokenizer.
"""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from corpus import durable
from corpus.dedup.joined import clusters
from corpus.errors import UserError, counted, unknown
from corpus.lake import Lake
from corpus.mixture import candidates, choosing
from corpus.mixture.settings import Mixture
from corpus.shards import layout
from corpus.tokenizer.encoding import Encoder
from corpus.tokenizer.loading import load
from pomona import kept_documents
from pomona.ablation import branches
from pomona.stages import decided

FOLDER = "held-out"  # beside the branches of a study
TEXTS, LEFT_OUT = "held_out.parquet", "left_out.parquet"
_MOST = 0.1  # of a group's tokens, in whole documents, which nothing trains on
_FEWEST = 2  # documents
_LEAST_TOKENS = 16  # of a document, on average: so many at most are looked at
_PLACE = 0x91ECE  # seed of the places of pieces
_PARTS = 64  # a document has at most this part of the tokens of its group


def write(lake: Lake, folder: Path, mixture: Mixture, wanted: Sequence[str], tokens: int) -> None:
    """Writes the texts (id, group, text), and the ids that variants leave out; raises `UserError` for a group without
    enough documents."""
    if (folder / LEFT_OUT).is_file():
        return
    with tempfile.TemporaryDirectory(prefix="pomona-held-out-") as scratch:
        path = Path(scratch) / "candidates.parquet"
        candidates.write(candidates.Candidates(lake, mixture, tuple(decided(lake)), exact=False), path)
        every = choosing.with_unit(lake, pl.scan_parquet(path)).with_columns(hash=choosing.held_out_hash("unit"))
        chosen = _chosen(every, wanted, tokens)
    ids = pl.concat([chosen["id"], _copies(lake, chosen)]).unique().sort()
    texts = kept_documents.kept(lake).select("id", "text").join(chosen.lazy(), on="id", how="inner").collect()
    most = int(_longest(tokens) * candidates.BYTES_PER_TOKEN)
    room = (pl.col("text").str.len_chars().cast(pl.Int64) - most).clip(lower_bound=0)
    place = (choosing.hashed("id", _PLACE) % (room + 1).cast(pl.UInt64)).cast(pl.Int64)
    piece = pl.col("text").str.slice(place, most)
    durable.make_folders(str(folder))
    _publish(texts.select("id", "group", piece).sort("group", "id"), folder / TEXTS)
    _publish(ids.to_frame("id"), folder / LEFT_OUT)


def groups(of_baseline: Mapping[str, Any]) -> Mixture:
    """Returns what the groups are that documents are taken from: those of the baseline's mixture, with all of them that
    the corpus has."""
    kept = {name: value for name, value in of_baseline.items() if name in ("by", "groups", "where")}
    return Mixture.model_validate(kept | {"name": "groups"})


def shards(texts: Path, tokenizer: Path, folder: Path) -> Path:
    """Writes the texts as token shards that have nothing but held-out documents; returns their folder."""
    if (folder / layout.NAME).is_file():
        return folder
    frame, vocabulary = pl.read_parquet(texts), load(tokenizer)
    names = sorted(set(frame["group"]))

    encoded, lengths = Encoder(vocabulary)(frame["text"].to_arrow().cast(pa.large_string()))
    # The token that ends a document stands before each, too: its first token is foreseen like all others, so that bytes
    # count alike whatever the tokenizer.
    end = np.array([vocabulary.end], vocabulary.dtype)
    documents = [np.concatenate([end, each, end]) for each in np.split(encoded, np.cumsum(lengths)[:-1])]

    held_out = folder / layout.HELD_OUT
    held_out.mkdir(parents=True, exist_ok=True)
    tokens = np.concatenate(documents)
    tokens.astype(tokens.dtype.newbyteorder("<")).tofile(held_out / layout.TOKENS)

    sizes = np.array([len(each) for each in documents], np.int64)
    ids = frame["id"].to_list()
    np.save(held_out / layout.STARTS, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))
    np.save(held_out / layout.IDS, layout.id_bytes(ids))
    np.save(held_out / layout.GROUPS, np.array([names.index(one) for one in frame["group"]], np.int32))
    np.save(held_out / layout.BY_ID, np.array(sorted(range(len(ids)), key=ids.__getitem__), np.int64))

    layout.About(
        1, "", "", np.dtype(vocabulary.dtype).name, vocabulary.size, vocabulary.end, tuple(names), (), (),
        len(tokens), len(ids),
    ).write(folder)  # fmt: skip
    return folder


def erase(lake: Lake, ids: frozenset[str]) -> None:
    """Removes documents from the texts of all studies. Their tokens are made again when a study goes on."""
    for path in sorted(Path(lake.root, branches.FOLDER).glob(f"*/{FOLDER}/{TEXTS}")) if lake.is_local else ():
        frame = pl.read_parquet(path)
        left = frame.filter(~pl.col("id").is_in(list(ids)))
        if left.height < frame.height:
            for tokens in path.parent.glob("tokens-*"):
                shutil.rmtree(tokens)
            _publish(left, path)


def _chosen(every: pl.LazyFrame, wanted: Sequence[str], tokens: int) -> pl.DataFrame:
    """Returns id, text_hash and group of the documents of some groups with the least hashes, until they have the
    tokens. Of each group, no more rows are held than that may be."""
    totals = every.group_by("group").agg(n=pl.len(), tokens=pl.col("tokens").sum()).collect(engine="streaming")
    of = {group: (n, total) for group, n, total in totals.iter_rows()}
    parts = []
    for group in wanted:
        if group not in of:
            raise unknown("held_out group", group, sorted(of))
        n, total = of[group]
        if n < 2 * _FEWEST:
            raise UserError(
                f"held_out {group!r} has {counted(n, 'document')}; a group needs {2 * _FEWEST} at least, to measure on "
                "some and train on others"
            )
        first = every.filter(pl.col("group") == group).select("id", "text_hash", "group", "tokens", "hash")
        most = tokens // _LEAST_TOKENS + _FEWEST
        least = first.bottom_k(most, by="hash").collect(engine="streaming").sort("hash", "id")
        read = least["tokens"].clip(upper_bound=_longest(tokens))
        read_before, before = (each.cum_sum() - each for each in (read, least["tokens"]))
        is_taken = (read_before < tokens) & (before < float(total) * _MOST)
        parts.append(least.filter(is_taken | (pl.int_range(pl.len()) < _FEWEST)))
    return pl.concat(parts).select("id", "text_hash", "group")


def _longest(tokens: int) -> int:
    """Returns the most tokens of a document that are measured."""
    return max(tokens // _PARTS, 64)


def _copies(lake: Lake, chosen: pl.DataFrame) -> pl.Series:
    """Returns the documents that are copies of some, also dropped ones: those of one cluster, or of the same text."""
    several = [pl.Series("id", [], pl.String)]
    if lake.parts("duplicates"):
        members = clusters(lake).select("id", "cluster")
        wanted = members.filter(pl.col("id").is_in(chosen["id"].implode())).select("cluster").unique()
        several.append(members.join(wanted, on="cluster", how="semi").select("id").collect()["id"])
    if lake.exists("signals"):
        hashes = chosen["text_hash"].implode()
        same = lake.scan("signals").filter(pl.col("text_hash").is_in(hashes)).select("id")
        several.append(same.collect(engine="streaming")["id"])
    return pl.concat(several)


def _publish(frame: pl.DataFrame, path: Path) -> None:
    temporary = path.with_name(f".{path.name}")
    frame.write_parquet(temporary)
    durable.publish(str(temporary), str(path))
