"""The documents most like one: every stored signature compared with its own, and a diff of the words."""

import difflib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from corpus.dedup.near.minhash import Sketch, agreements, from_binary, signatures
from corpus.errors import UserError
from corpus.lake import Lake
from pomona.explain import find

_MAX_FILE_BYTES = 32 << 20
_MAX_WORDS = 4000  # of each side of a diff
_CONTEXT = 6  # words shown around a change
_MOST_HUNKS = 12  # of a diff that are shown; --json has them all
_RED, _GREEN, _OFF = "\x1b[31m", "\x1b[32m", "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Similar:
    """A document and how much it is like the one asked for."""

    id: str
    source: str
    uri: str
    estimate: float
    changes: list[tuple[str, str]] | None  # (kind, words): same, only here, only there; None where none was asked for

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def similar(lake: Lake, wanted: str, top: int = 10, diff: int = 1) -> list[Similar]:
    """The `top` documents by estimated Jaccard similarity to a document (id, URI) or a text file; `diff` with changes.

    Reads all signatures once, part by part; nothing is dropped for being below a threshold.
    """
    made = lake.current("signatures", "signatures")
    if made is None:
        raise UserError(f"lake {lake.url} has no signatures yet; run `pomona dedup` first")
    sketch = Sketch(**made.config)
    own, text = _text(lake, wanted)
    query, _ = signatures(pa.array([text], pa.large_string()), sketch)
    best = _best(lake, sketch, query[0], own, top)
    ids = [id_ for _, id_, _ in best]
    documents = lake.scan("documents").filter(pl.col("id").is_in(ids)).select("id", "uri", "text").collect()
    by_id = {id_: (uri, other) for id_, uri, other in documents.iter_rows()}
    found = []
    for i, (estimate, id_, source) in enumerate(best):
        uri, other = by_id[id_]
        found.append(Similar(id_, source, uri, estimate, changes(text, other) if i < diff else None))
    return found


def _text(lake: Lake, wanted: str) -> tuple[str | None, str]:
    """(id, text) of a document, or (None, text) of a file."""
    found = find(lake, wanted)
    if found is not None:
        return found, lake.scan("documents").filter(pl.col("id") == found).select("text").head(1).collect().item()
    path = Path(wanted)
    if not path.is_file():
        raise UserError(f"{wanted!r} is neither a document's id or URI nor a file")
    if path.stat().st_size > _MAX_FILE_BYTES:
        raise UserError(f"{wanted} is larger than {_MAX_FILE_BYTES >> 20} MiB; give a part of it")
    return None, path.read_text(encoding="utf-8", errors="replace")


def _best(lake: Lake, sketch: Sketch, query: Any, own: str | None, top: int) -> list[tuple[float, str, str]]:
    best: list[tuple[float, str, str]] = []
    for part in lake.parts("signatures"):
        rows = lake.open_part("signatures", part).read(["id", "source", "n_shingles", "signature"])
        estimates = agreements(from_binary(rows["signature"], sketch.n_hashes), query)
        estimates[rows["n_shingles"].to_numpy() == 0] = 0.0
        for i in np.argsort(-estimates, kind="stable")[: top + 1]:
            id_ = rows["id"][int(i)].as_py()
            if id_ != own:
                best.append((float(estimates[i]), id_, rows["source"][int(i)].as_py()))
        best = sorted(best, key=lambda row: (-row[0], row[1]))[:top]
    return [row for row in best if row[0] > 0]


def changes(left: str, right: str) -> list[tuple[str, str]]:
    """Runs of words: `same`, `-` (only in the left text) or `+` (only in the right); of the first words of each."""
    a, b = left.split()[:_MAX_WORDS], right.split()[:_MAX_WORDS]
    found = []
    for kind, i, i_end, j, j_end in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(("same", " ".join(a[i:i_end])))
            continue
        if i_end > i:
            found.append(("-", " ".join(a[i:i_end])))
        if j_end > j:
            found.append(("+", " ".join(b[j:j_end])))
    return found


def render(found: list[Similar], *, color: bool) -> str:
    """For a person at a terminal."""
    from pomona import output

    if not found:
        return "no document shares a shingle with it, as far as signatures tell"
    rows = [(f"{row.estimate:.3f}", row.id[:12], row.source, row.uri) for row in found]
    lines = [output.visible(output.table(rows, ("jaccard", "id", "source", "uri")))]
    for row in found:
        if row.changes is not None:
            lines += ["", output.visible(f"how {row.uri} differs:"), *_hunks(row.changes, color)]
    return "\n".join(lines)


def _hunks(found: list[tuple[str, str]], color: bool) -> list[str]:
    """A line for each run of changes: the number of its first word, and some words around it."""
    hunks: list[list[str]] = []
    at = 1  # the word of the text asked for
    for i, (kind, text) in enumerate(found):
        words = _printable(text).split()
        is_near = i > 0 and (kind != "same" or len(words) <= 2 * _CONTEXT)
        if kind == "same" and not is_near:
            if hunks:
                hunks[-1].append(" ".join([*words[:_CONTEXT], "..."]))
            if i + 1 < len(found):
                n_before = min(_CONTEXT, len(words))
                more = ["..."] if len(words) > n_before else []
                hunks.append([f"  word {at + len(words) - n_before:,}:", *more, " ".join(words[-n_before:])])
        else:
            if not hunks:
                hunks.append([f"  word {at:,}:"])
            hunks[-1].append(" ".join(words) if kind == "same" else _marked(kind, _clipped(words), color))
        at += 0 if kind == "+" else len(words)
    lines = [" ".join(hunk) for hunk in hunks[:_MOST_HUNKS]]
    if len(hunks) > _MOST_HUNKS:
        lines.append(f"  and {len(hunks) - _MOST_HUNKS:,} more places")
    return lines or ["  in nothing but white space"]


def _clipped(words: list[str]) -> str:
    """A long run: its ends, and how much is between."""
    n_between = len(words) - 4 * _CONTEXT
    if n_between <= 0:
        return " ".join(words)
    return " ".join([*words[: 2 * _CONTEXT], f"... {n_between:,} words ...", *words[-2 * _CONTEXT :]])


def _marked(kind: str, words: str, color: bool) -> str:
    if color:
        return f"{_RED if kind == '-' else _GREEN}{words}{_OFF}"
    return f"[{kind} {words}]"


def _printable(text: str) -> str:
    """Without control characters: a document must not steer the terminal."""
    return "".join(char if char.isprintable() else " " for char in text)
