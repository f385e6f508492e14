"""Writes the kept documents for other tools, to one file or to a folder that `datasets`, datatrove and pandas open.

A folder is a Hugging Face dataset: `data/train-00000.parquet` and so on, and a card, README.md, which describes the
documents and the stages that made them. A file has its card next to it. Both appear only when they are complete.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from corpus.errors import UserError, unknown
from corpus.lake import Lake
from corpus.storage import is_remote
from pomona import standing
from pomona.destination import Layout, new_file, new_folder
from pomona.exporting import card
from pomona.exporting.counts import Counts
from pomona.exporting.shards import FORMATS, Shards, format_of, metadata_keys
from pomona.kept_documents import COLUMNS, batches

SHARD_BYTES = 500_000_000  # Hugging Face uses the same size for a large dataset
_CARD, _DATA = "README.md", "data"
_OURS = re.compile(rf"{_DATA}/train-\d{{5,}}\.({'|'.join(map(re.escape, FORMATS))})|{re.escape(_CARD)}")
LAYOUT = Layout(_CARD, card.MARK, lambda path: _OURS.fullmatch(path) is not None)


def export(
    lake: Lake, out: str, *, kind: str | None = None, shard_bytes: int | None = None, replace: bool = False
) -> dict[str, Any]:
    """Writes the kept documents, without what was cut, to a file or, if `out` has no suffix, to a folder.

    `kind` is one of `FORMATS`. `shard_bytes` is the approximate size of each file in a folder. Raises `UserError` if
    nothing is kept, a stage is out of date, or the lake changes meanwhile; then nothing is left at `out`.
    """
    is_folder = _is_folder(out)
    if kind is not None and kind not in FORMATS:
        raise unknown("--format", kind, FORMATS)
    if not is_folder and format_of(out) is None:
        names = ", ".join(f".{name}" for name in FORMATS)
        raise UserError(f"cannot tell the format of {out}; end the name with one of {names}, or with / for a folder")
    if not is_folder and (kind is not None or shard_bytes is not None):
        raise UserError(f"{out} is one file, and its name says its format; --format and --shard-bytes are for a folder")
    if is_folder:
        return _to_folder(lake, out, kind or FORMATS[0], shard_bytes or SHARD_BYTES, replace)
    return _to_file(lake, out)


def _is_folder(out: str) -> bool:
    """Whether a name does not end like a format, e.g. `corpus`, `corpus-v1.0`, or is an existing folder."""
    name = out.rpartition("/")[2]
    return not Path(name).suffix[1:].isalpha() or (not is_remote(out) and Path(out).is_dir())


def _to_file(lake: Lake, out: str) -> dict[str, Any]:
    card_out = f"{out}.md"
    with new_file(card_out) as card_path, new_file(out) as path:
        counts, text = _write(lake, _name(out), None, str(format_of(out)), lambda _: path, None, lambda _: None)
        card_path.write_text(text, encoding="utf-8")
    return {"file": out, "card": card_out} | _told(counts)


def _to_folder(lake: Lake, out: str, kind: str, shard_bytes: int, replace: bool) -> dict[str, Any]:
    with new_folder(out, LAYOUT, replace=replace) as folder:
        data = folder.root / _DATA
        data.mkdir()
        counts, text = _write(
            lake, _name(out), f"{_DATA}/train-*.{kind}", kind, lambda i: data / f"train-{i:05}.{kind}", shard_bytes,
            folder.done,
        )  # fmt: skip
        (folder.root / _CARD).write_text(text, encoding="utf-8")
    return {"folder": out, "card": f"{out.rstrip('/')}/{_CARD}", "files": counts.files} | _told(counts)


def _name(out: str) -> str:
    """Returns the name of an export, in one line."""
    name = out.rstrip("/").rpartition("/")[2] if is_remote(out) else Path(os.path.abspath(out)).name
    return " ".join(name.split()) or "corpus"


def _told(counts: Counts) -> dict[str, int]:
    return {"documents": counts.documents, "text_bytes": counts.text_bytes, "file_bytes": counts.file_bytes}


def _write(
    lake: Lake,
    name: str,
    data_files: str | None,
    kind: str,
    path: Callable[[int], Path],
    n_bytes: int | None,
    done: Callable[[Path], None],
) -> tuple[Counts, str]:
    """Writes the kept documents; returns their counts and the card, both from one snapshot of the lake.

    Raises `UserError` if nothing is kept, or another command changes the lake meanwhile.
    """
    frozen = Lake(lake.url, lake.storage_options)
    with frozen.snapshot():
        standing.require(frozen)
        before = standing.key(frozen)
        counts = Counts(metadata_keys=metadata_keys(frozen))

        with Shards(counts.metadata_keys, kind, path, n_bytes, done) as shards:
            for rows in batches(frozen, COLUMNS):
                counts.add(rows)
                shards.write(rows.to_arrow())

        if not counts.documents:
            raise UserError(f"lake {lake.url} holds no kept document; nothing was exported")
        counts.files, counts.file_bytes, counts.memory_bytes = shards.n_files, shards.file_bytes, shards.memory_bytes
        text = card.text(frozen, name, counts, data_files)

    if standing.key(lake) != before:
        raise UserError(f"lake {lake.url} was changed by another command meanwhile; export again when it has ended")
    return counts, text
