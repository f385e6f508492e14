"""Breaks files of every format at random for some minutes, and checks what ingest makes of them.

    python -m tests.fuzz --minutes 60 --seed 1 --log fuzz.log

Every file holds records with a number each. After one to three wounds it is ingested whole and in pieces:
no wound ends the run; every string is valid; ids are unique; both cuts give the same rows; and a record whose own bytes
were not touched is a document, wherever its format lets a reader find it again (lines, members of a web archive).
"""

import argparse
import bz2
import gzip
import io
import json
import lzma
import random
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from corpus.ingest.listing import find_files
from corpus.ingest.steps import SourceSettings, plan, step
from tests.corpus.sources.warcs import http, page, record

WORDS = (
    "the a of and to in that it was for on as with he she they be at by this had not are but from or have an".split()
)


@dataclass
class Made:
    """A file, and where each record's bytes are where a wound elsewhere must leave it alone; None: nowhere."""

    name: str
    raw: bytes
    numbers: list[int]
    places: list[tuple[int, int]] | None
    options: dict[str, Any]


def text(draw: random.Random, n: int) -> str:
    return f"record number {n} " + " ".join(draw.choices(WORDS, k=draw.randint(20, 400)))


def joined(pieces: list[bytes]) -> tuple[bytes, list[tuple[int, int]]]:
    places, at = [], 0
    for piece in pieces:
        places.append((at, at + len(piece)))
        at += len(piece)
    return b"".join(pieces), places


def jsonl(draw: random.Random, n: int) -> Made:
    lines = [json.dumps({"text": text(draw, i), "n": i}).encode() + b"\n" for i in range(n)]
    raw, places = joined(lines)
    pack: dict[str, Callable[[bytes], bytes]] = {
        "": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress,
        ".zst": zstandard.ZstdCompressor().compress,
    }  # fmt: skip
    suffix = draw.choice(["", "", *pack])
    return Made(f"a.jsonl{suffix}", pack[suffix](raw), list(range(n)), None if suffix else places, {})


def warc(draw: random.Random, n: int) -> Made:
    records = []
    for i in range(n):
        body = page(i, draw.randint(5, 60)).replace(b"<p>", f"<p>record number {i} ".encode())
        records.append(record(f"http://x.org/{i}", http(body)))
    if draw.random() < 0.2:  # junk between records costs none of them; an empty line behind it is what a search needs
        at = draw.randrange(n)
        records[at] = draw.choice([b"junk line\r\n\r\n", b"\xef\xbb\xbf\n\n", b"two\nlines\n\n"]) + records[at]
    how = draw.choice(["plain", "gzip", "zstd", "one gzip", "one zstd", "gzip blocks", "zstd blocks"])
    if how == "plain":
        raw, places = joined(records)
        return Made("a.warc", raw, list(range(n)), places, {"extractor": "fast"})
    if how in ("gzip", "zstd"):
        pack = gzip.compress if how == "gzip" else zstandard.ZstdCompressor().compress
        raw, places = joined([pack(r) for r in records])
        return Made(f"a.warc.{how[:2] if how == 'gz' else {'gzip': 'gz', 'zstd': 'zst'}[how]}", raw, list(range(n)), places,
                    {"extractor": "fast"})  # fmt: skip
    if how.endswith("blocks"):
        return _in_blocks(
            draw, records, gzip.compress if how.startswith("gzip") else zstandard.ZstdCompressor().compress
        )
    raw = b"".join(records)
    packed = gzip.compress(raw) if how == "one gzip" else zstandard.ZstdCompressor().compress(raw)
    return Made(f"a.warc.{'gz' if how == 'one gzip' else 'zst'}", packed, list(range(n)), None, {"extractor": "fast"})


def _in_blocks(draw: random.Random, records: list[bytes], pack: Callable[[bytes], bytes]) -> Made:
    """Members of some bytes each, wherever records end; a record is where the members are that hold it."""
    raw, inside = joined(records)
    size = draw.choice([500, 2000, 10_000])
    packed, members = joined([pack(raw[i : i + size]) for i in range(0, len(raw), size)])
    places = [(members[begin // size][0], members[(end - 1) // size][1]) for begin, end in inside]
    suffix = "gz" if packed.startswith(b"\x1f\x8b") else "zst"
    return Made(f"a.warc.{suffix}", packed, list(range(len(records))), places, {"extractor": "fast"})


def parquet(draw: random.Random, n: int) -> Made:
    sink = io.BytesIO()
    table = pa.table({"text": [text(draw, i) for i in range(n)], "n": list(range(n))})
    pq.write_table(
        table, sink, row_group_size=draw.randint(1, n), compression=draw.choice(["none", "snappy", "zstd", "gzip"])
    )
    return Made("a.parquet", sink.getvalue(), list(range(n)), None, {})


def tarball(draw: random.Random, n: int) -> Made:
    suffix = draw.choice(["", ":gz", ":bz2", ":xz"])
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode=f"w{suffix}") as tar:  # type: ignore[call-overload]
        for i in range(n):
            raw = text(draw, i).encode()
            info = tarfile.TarInfo(f"d/{i}.py")
            info.size = len(raw)
            tar.addfile(info, io.BytesIO(raw))
    return Made(f"a.tar{suffix.replace(':', '.')}", sink.getvalue(), list(range(n)), None, {})


def html(draw: random.Random, n: int) -> Made:
    body = page(0, draw.randint(5, 300)).replace(b"<p>", b"<p>record number 0 ")
    return Made("a.html", body, [0], None, {"extractor": draw.choice(["fast", "blocks", "cascade"])})


def wounded(draw: random.Random, raw: bytes) -> tuple[bytes, list[tuple[int, int]], bool]:
    """(the file, ranges of the whole file that were touched, whether anything moved)."""
    hurt, touched, moved = bytearray(raw), [], False
    for _ in range(draw.randint(1, 3)):
        at = draw.randrange(len(hurt)) if hurt else 0
        how = draw.choice(["flip", "noise", "zero", "cut", "insert", "delete", "repeat"])
        n = draw.choice([1, 2, 8, 60, 1000])
        if how in ("flip", "noise", "zero") and hurt:
            end = min(at + n, len(hurt))
            new = {"flip": bytes([hurt[at] ^ (1 << draw.randrange(8))]), "noise": draw.randbytes(end - at),
                   "zero": bytes(end - at)}[how]  # fmt: skip
            hurt[at : at + len(new)] = new
            touched.append((at, at + len(new)))
            continue
        moved = True
        if how == "cut":
            del hurt[at:]
        elif how == "insert":
            hurt[at:at] = draw.randbytes(n)
        elif how == "delete":
            del hurt[at : at + n]
        else:
            hurt[at:at] = hurt[max(0, at - n) : at]
    return bytes(hurt), touched, moved


def rows(path: Path, options: dict[str, Any], item_bytes: int) -> tuple[Counter[str], list[str], Counter[str]]:
    """(numbers found, ids, rejects by reason)."""
    listing = find_files(str(path), None)
    found, ids, rejects = Counter[str](), [], Counter[str]()
    for item in plan(SourceSettings("s", listing.kind, **options), listing, item_bytes):
        for table, batch in step(item):
            batch.validate(full=True)
            if table == "documents":
                ids += batch["id"].to_pylist()
                for one in batch["text"].to_pylist():
                    at = one.find("record number ")
                    found[one[at : at + 24].split(" ")[2] if at >= 0 else "?"] += 1
            elif table == "rejects":
                rejects.update(batch["reason"].to_pylist())
    return found, ids, rejects


MAKERS = [jsonl, jsonl, warc, warc, warc, parquet, tarball, html]


def one_case(draw: random.Random, folder: Path) -> tuple[str, Counter[str]]:
    made = draw.choice(MAKERS)(draw, draw.randint(1, 30))
    raw, touched, moved = wounded(draw, made.raw)
    path = folder / made.name
    path.write_bytes(raw)
    (folder / "sound").mkdir(exist_ok=True)

    whole, ids, rejects = rows(path, made.options, 1 << 30)
    assert len(ids) == len(set(ids)), "ids repeat"
    pieces, other_ids, _ = rows(path, made.options, max(len(raw) // draw.randint(1, 12), 1))
    if made.places is not None:  # elsewhere a piece may be refused whole where the file would be read up to its wound
        assert sorted(ids) == sorted(other_ids), f"another cut, other documents: {whole} {pieces}"
    if made.places is not None and not moved:
        for n, (start, end) in zip(made.numbers, made.places, strict=True):
            before = 5 if "warc" in made.name else 1  # the mark, or line end, that a record begins behind
            if not any(a < end and b > start - before for a, b in touched):
                assert whole[str(n)] >= 1, f"record {n} is lost: touched {touched}, it is at {(start, end)}"
    path.unlink()
    return made.name, rejects


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--log", type=Path)
    arguments = parser.parse_args()
    started, n, seen, reasons = time.monotonic(), 0, Counter[str](), Counter[str]()
    failures: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() - started < 60 * arguments.minutes:
            seed = arguments.seed * 10_000_000 + n
            try:
                name, rejects = one_case(random.Random(seed), Path(folder))
                seen[name] += 1
                reasons += rejects
            except Exception as error:  # noqa: BLE001 - every failure is told with the seed that makes it again
                failures.append(f"seed {seed}: {type(error).__name__}: {str(error)[:300]}")
                print(failures[-1], flush=True)
            n += 1
            if arguments.log and n % 200 == 0:
                arguments.log.write_text(report(n, started, seen, reasons, failures))
    text_ = report(n, started, seen, reasons, failures)
    print(text_)
    if arguments.log:
        arguments.log.write_text(text_)
    raise SystemExit(1 if failures else 0)


def report(n: int, started: float, seen: Counter[str], reasons: Counter[str], failures: list[str]) -> str:
    minutes = (time.monotonic() - started) / 60
    lines = [f"{n} files in {minutes:.1f} minutes, {len(failures)} failures", f"formats: {dict(seen.most_common())}",
             f"rejects: {dict(reasons.most_common())}", *failures]  # fmt: skip
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
