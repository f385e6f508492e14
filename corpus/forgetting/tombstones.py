"""What was asked to be forgotten: the table `tombstones`, and which documents it is about.

A request names a document by id, an address, or a domain with everything below it. For a document that the lake has, it
also remembers the hash of its normal text: so it cannot come back under another name or from another source.
"""

import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from corpus import schema
from corpus.lake import Lake
from corpus.lineage import Lineage
from corpus.mixture.predicates import domain
from corpus.task import digest

Kind = Literal["id", "uri", "domain", "text"]
KINDS: tuple[Kind, ...] = ("id", "uri", "domain", "text")
REASON = "forgotten"  # of a reject


@dataclass(frozen=True, slots=True)
class Forgotten:
    """All requests, as sets of what they name. It goes to workers with a step."""

    ids: frozenset[str] = frozenset()
    uris: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()  # hashes of normal texts

    def __bool__(self) -> bool:
        return bool(self.ids or self.uris or self.domains or self.texts)

    def matches(self, documents: pa.RecordBatch) -> npt.NDArray[np.bool_]:
        """Returns which rows of `documents` (id, uri, text) are to be forgotten."""
        frame = pl.from_arrow(documents.select(["id", "uri"]))
        assert isinstance(frame, pl.DataFrame)
        named = pl.col("id").is_in(list(self.ids)) | pl.col("uri").is_in(list(self.uris))
        for name in self.domains:
            named |= of_domain(name)
        matching: npt.NDArray[np.bool_] = frame.select(_=named)["_"].to_numpy().copy()
        if self.texts:
            matching |= np.isin(text_hashes(documents["text"]), list(self.texts))
        return matching


NOTHING = Forgotten()


def text_hashes(text: pa.Array | pa.ChunkedArray) -> list[str]:
    """Returns the 128-bit hash of each text in lower case, with each run of white space as one blank."""
    from corpus.text.hashing import hash128  # a kernel: its compiler takes long to load

    series = pl.from_arrow(text)
    assert isinstance(series, pl.Series)
    normal = series.str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars(" ")
    hashes: list[str] = hash128(normal.to_arrow()).to_pylist()
    return hashes


def of_domain(name: str) -> pl.Expr:
    """Returns whether the host of `uri` is a domain or below it."""
    host = domain(pl.col("uri")).str.strip_chars_end(".")
    return (host == name) | host.str.ends_with(f".{name}")


def read(lake: Lake) -> Forgotten:
    """Returns all requests that a lake has been given."""
    if not lake.exists("tombstones"):
        return Forgotten()
    rows = lake.scan("tombstones").select("kind", "value").collect()
    values = {kind: frozenset(rows.filter(pl.col("kind") == kind)["value"]) for kind in KINDS}
    return Forgotten(values["id"], values["uri"], values["domain"], values["text"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request."""

    number: int
    kind: Kind
    value: str
    reason: str = ""  # as it was given
    documents: int = 0  # of the lake that it named
    ids: tuple[str, ...] = field(default=())  # of these documents, so that a later vacuum can erase them
    texts: tuple[str, ...] = field(default=())  # hashes of their normal texts


def record(lake: Lake, request: Request) -> None:
    """Writes a request down. The same one again changes nothing, unless documents have come back meanwhile."""
    table, now = schema.TOMBSTONES, datetime.now(UTC).isoformat(timespec="seconds")
    if not request.ids and _has(lake, request):
        return
    common = {"reason": request.reason, "time": now, "number": request.number}
    rows = [common | {"kind": request.kind, "value": request.value, "documents": request.documents}]
    rows += [common | {"kind": "id", "value": name, "documents": 1} for name in request.ids if name != request.value]
    rows += [common | {"kind": "text", "value": text, "documents": 1} for text in request.texts]
    key = digest([request.number, request.kind, request.value, sorted(request.texts), sorted(request.ids)])
    slot = f"{request.kind}/{key}"
    if lake.current(table.name, slot):
        return
    with lake.part_writer(table.name, slot, key, table.schema) as writer:
        writer.write(pa.RecordBatch.from_pylist(rows, table.schema))
    lake.commit(table.name, {slot: [key]}, Lineage("forget", slot, key, {"kind": request.kind}))


def _has(lake: Lake, request: Request) -> bool:
    if not lake.exists("tombstones"):
        return False
    same = (pl.col("kind") == request.kind) & (pl.col("value") == request.value)
    return bool(lake.scan("tombstones").filter(same).select(pl.len()).collect().item())


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it was recorded."""

    number: int
    time: str  # ISO 8601, UTC
    kind: Kind
    value: str
    documents: int  # that the lake had then
    reason: str


def requests(lake: Lake) -> list[Asked]:
    """Returns all requests, the oldest first. The first row of each is the request; others are what it named."""
    if not lake.exists("tombstones"):
        return []
    columns = ["number", "time", "kind", "value", "documents", "reason"]
    rows = lake.scan("tombstones").select(columns).collect().group_by("number", maintain_order=True).first()
    return [Asked(*row) for row in rows.select(columns).sort("number").iter_rows()]


def next_number(lake: Lake) -> int:
    """Returns the number of the next request."""
    if not lake.exists("tombstones"):
        return 1
    return 1 + int(lake.scan("tombstones").select(pl.col("number").max()).collect().item() or 0)


def kind_of(lake: Lake, wanted: str) -> tuple[Kind, str]:
    """Returns what a request names, and its value: an id of 32 hex digits, an address of the lake, else a domain, else
    an address. A domain may be written with a scheme, a slash or a dot at its end, and in letters of any alphabet."""
    if len(wanted) == 32 and not set(wanted) - set("0123456789abcdef"):
        return "id", wanted
    if not _has_uri(lake, wanted):
        host = re.sub(r"^[A-Za-z][A-Za-z0-9+.-]*://", "", wanted).rstrip("/").rstrip(".").lower()
        with suppress(UnicodeError):
            host = host.encode("idna").decode()
        if "." in host and not set(host) - set("abcdefghijklmnopqrstuvwxyz0123456789.-"):
            return "domain", host.removeprefix("www.")
    return "uri", wanted


def named(lake: Lake, kind: Kind, value: str) -> pl.DataFrame:
    """Returns id, uri and source of the documents that a request names; of a single document, its copies as well."""
    condition = of_domain(value) if kind == "domain" else pl.col(kind) == value
    every = lake.scan("documents")
    found = every.filter(condition).select("id", "uri", "source", "text").collect(engine="streaming")
    if kind == "domain" or not found.height:
        return found.drop("text")

    # Its text under another name: the same as what a later ingest would refuse.
    texts, ids = set(text_hashes(found["text"].to_arrow())), [found["id"]]
    for part in lake.parts("documents"):
        parquet = lake.open_part("documents", part)
        for group in range(parquet.metadata.num_row_groups):
            rows = parquet.read_row_group(group, columns=["id", "text"])
            is_copy = np.isin(text_hashes(rows["text"]), list(texts))
            ids.append(pl.Series("id", rows["id"].filter(pa.array(is_copy)).to_pylist(), dtype=pl.String))
    return every.filter(pl.col("id").is_in(pl.concat(ids).unique().to_list())).select("id", "uri", "source").collect()


def _has_uri(lake: Lake, uri: str) -> bool:
    return bool(lake.scan("documents").filter(pl.col("uri") == uri).select(pl.len()).collect().item())
