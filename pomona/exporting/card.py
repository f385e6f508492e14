"""Writes the card of an export: it describes the documents, the drops and the stages that made the export.

It is a Hugging Face dataset card: YAML for `datasets` and the Hub, then Markdown for a person. Sources: Hugging Face,
"Create a dataset card"; Gebru et al. 2018, arXiv:1803.09010, for the contents of a datasheet.
"""

import json
import re
from datetime import UTC, datetime
from typing import Any

import polars as pl

from corpus.lake import Lake
from corpus.storage import public
from pomona import kept_documents, stages, summary
from pomona.exporting.counts import NOT_STATED, Counts
from pomona.exporting.shards import arrow_schema
from pomona.output import visible
from pomona.version import __version__

MARK = "Made by Pomona"  # identifies an export
_MOST_LISTED = 20
_LEAST_SHARE = 0.01  # of the documents, for a language to count as one of the dataset's
_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"),
          (10**8, "10M<n<100M"), (10**9, "100M<n<1B"), (10**10, "1B<n<10B"), (10**11, "10B<n<100B"),
          (10**12, "100B<n<1T"))  # fmt: skip
_MARKUP = re.compile(r"([\\`*\[\]|!~])")  # Markdown's special characters, except underscores, which names contain
_MOST_CHARACTERS = 120  # of a cell
_CREATIVE_COMMONS = re.compile(
    r"creativecommons\.org/(?:licenses/([a-z-]+)/(\d\.\d)|publicdomain/(zero))", re.IGNORECASE
)
_LICENSES = frozenset(
    """afl-3.0 agpl-3.0 apache-2.0 artistic-2.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear bsl-1.0 cc cc-by-2.0
    cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0
    cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cc-by-nd-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc0-1.0 cdla-permissive-1.0
    cdla-permissive-2.0 cdla-sharing-1.0 ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 gfdl gpl gpl-2.0 gpl-3.0
    isc lgpl lgpl-2.1 lgpl-3.0 lppl-1.3c mit mpl-2.0 ms-pl ncsa odbl odc-by ofl-1.1 osl-3.0 pddl postgresql unlicense
    wtfpl zlib""".split()
)  # the Hub's names, as docs/hub/repositories-licenses lists them


def text(lake: Lake, name: str, counts: Counts, data_files: str | None) -> str:
    """Writes the card of the export `name`; `data_files` is the pattern of a folder's files, None for one file."""
    import yaml

    languages = _languages(lake)
    head = _head(name, counts, languages, data_files)
    front = yaml.safe_dump(head, sort_keys=False, allow_unicode=True)
    sections = [
        f"# {_cell(name)}",
        f"{counts.documents:,} documents, {counts.text_bytes:,} bytes of text. {MARK} {__version__} on "
        f"{datetime.now(UTC):%Y-%m-%d}.",
        _table(("source", "documents", "bytes of text"), ((n, *size) for n, size in sorted(counts.sources.items()))),
        _table(("language", "documents"), languages[:_MOST_LISTED] or [("not measured", counts.documents)]),
        _table(("license", "documents"), counts.licenses.most_common(_MOST_LISTED)),
        "## How to read it",
        _reading(name, counts, data_files),
        "## What was dropped, and why",
        _ingested(lake),
        _dropped(lake),
        "## What made it",
        _made(lake),
    ]
    return f"---\n{front}---\n\n" + "\n\n".join(section for section in sections if section) + "\n"


def license_id(stated: str) -> str:
    """Returns the Hub's name of a license that a source states; `other` if the Hub does not have a name for it."""
    if stated == NOT_STATED:
        return "unknown"
    if cc := _CREATIVE_COMMONS.search(stated):
        name = "cc0-1.0" if cc[3] else f"cc-{cc[1]}-{cc[2]}".lower()
    else:
        name = re.sub(r"-(only|or-later)$", "", stated.strip().lower().replace(" ", "-"))
    return name if name in _LICENSES else "other"


def _head(name: str, counts: Counts, languages: list[tuple[str, int]], data_files: str | None) -> dict[str, Any]:
    known = [code for code, n in languages if code != "und" and n >= _LEAST_SHARE * counts.documents]
    licenses = sorted({license_id(stated) for stated in counts.licenses})

    head: dict[str, Any] = {"pretty_name": name}
    head |= {"language": known} if known else {}
    head |= {"license": licenses[0] if len(licenses) == 1 else licenses}
    if licenses == ["other"] and len(counts.licenses) == 1:
        head |= {"license_name": next(iter(counts.licenses)).lower()[:_MOST_CHARACTERS]}
    head |= {
        "size_categories": [next((label for limit, label in _SIZES if counts.documents < limit), "n>1T")],
        "task_categories": ["text-generation"],
        "tags": ["pomona"],
    }
    if data_files is None:
        return head

    split = {"name": "train", "num_bytes": counts.memory_bytes, "num_examples": counts.documents}
    return head | {
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": data_files}]}],
        "dataset_info": {
            "features": [_feature(field) for field in arrow_schema(counts.metadata_keys)],
            "splits": [split],
            "download_size": counts.file_bytes,
            "dataset_size": counts.memory_bytes,
        },
    }


def _feature(field: Any) -> dict[str, Any]:
    """Describes a column as `datasets` does in a card."""
    if field.name != "metadata":
        return {"name": field.name, "dtype": str(field.type)}
    return {"name": field.name, "struct": [{"name": inner.name, "dtype": str(inner.type)} for inner in field.type]}


def _languages(lake: Lake) -> list[tuple[str, int]]:
    """Returns (code, kept documents), the most frequent first; an empty list if languages were not measured."""
    if not lake.exists("signals"):
        return []
    measured = lake.scan("signals").select("id", "language").join(kept_documents.ids(lake), on="id", how="semi")
    counted = measured.group_by("language").agg(n=pl.len()).sort("n", "language", descending=[True, False])
    return [(str(code), int(n)) for code, n in counted.collect(engine="streaming").rows()]


def _reading(name: str, counts: Counts, data_files: str | None) -> str:
    if data_files is None:
        return "One document per row: `id`, `source`, `uri`, `text`, `license`, and `metadata` by key."
    kind = "parquet" if data_files.endswith(".parquet") else "jsonl"
    place, data = json.dumps(name, ensure_ascii=False), json.dumps(f"{name}/data", ensure_ascii=False)
    lines = [
        "from datasets import load_dataset",
        f'documents = load_dataset({place}, split="train")  # or with streaming=True',
        "",
        f"from datatrove.pipeline.readers import {'ParquetReader' if kind == 'parquet' else 'JsonlReader'} as Reader",
        f"documents = Reader({data})",
    ]
    if kind == "parquet":
        lines += ["", "import pandas", f"documents = pandas.read_parquet({data})"]
    files = f"{counts.files} file{'s' if counts.files != 1 else ''}"
    return f"{files}, `{data_files}`.\n\n```python\n" + "\n".join(lines) + "\n```"


def _ingested(lake: Lake) -> str:
    """Lists the raw records that did not become documents."""
    rejects = lake.scan("rejects").group_by(what="reason").agg(n=pl.len())
    passed = lake.scan("passed_over").group_by(what="kind").agg(n=pl.col("records").sum())
    rows = [
        (what, name, n)
        for what, frame in (("rejected", rejects), ("passed over", passed))
        for name, n in frame.sort("n", "what", descending=[True, False]).head(_MOST_LISTED).collect().rows()
    ]
    return _table(("raw records that are not documents", "why", "records"), rows) if rows else ""


def _dropped(lake: Lake) -> str:
    """Lists the documents that each stage saw, dropped and cut, and its main reasons."""
    slots = stages.decided(lake)
    if not slots:
        return "No stage has decided: the export contains every document that was ingested."
    decided = lake.scan("decisions").group_by("stage").agg(saw=pl.len(), kept=pl.col("kept").sum()).collect()
    counts = {stage: (saw, saw - kept) for stage, saw, kept in decided.rows()}
    cut = {
        slot: lake.scan("cuts", slot=slot).select((pl.col("end") - pl.col("start")).sum()).collect().item() or 0
        for slot in slots
        if lake.parts("cuts", slot)
    }

    table = _table(
        ("stage", "documents it saw", "dropped", "characters cut"),
        ((slot, *counts.get(slot, (0, 0)), cut.get(slot, 0)) for slot in slots),
    )
    reasons = [(reason, n, alone) for slot in slots for reason, n, alone in summary.reasons(lake, slot)]
    main_reasons = _table(("main reasons", "documents", "only for this reason"), reasons) if reasons else ""
    return "\n\n".join(filter(None, (table, main_reasons)))


def _made(lake: Lake) -> str:
    """Lists the settings of each stage and the versions of the tables, so that a document can be traced back."""
    tables = {"documents": sorted(lake.lineages("documents")), "decisions": stages.decided(lake)}
    lines = []
    for table, slots in tables.items():
        if slots:
            lines.append(f"- `{table}`, version {lake.version(table)}")
        lineages = [lake.lineages(table)[slot] for slot in slots]
        lines += [f"  - {one.stage}: `{json.dumps(_public(one.config), sort_keys=True)}`" for one in lineages]
    return "\n".join(lines)


def _public(value: Any) -> Any:
    """Removes this machine's folders and the passwords of URLs from settings, because a card may be published."""
    if isinstance(value, dict):
        return {name: _public(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_public(inner) for inner in value]
    if isinstance(value, str) and value.startswith(("/", "file://")):
        return value.rstrip("/").rpartition("/")[2]
    return public(value) if isinstance(value, str) else value


def _table(headers: tuple[str, ...], rows: Any) -> str:
    """Formats rows as Markdown: names on the left, numbers on the right."""
    rows = list(rows)
    sides = ["---:" if all(isinstance(row[i], int) for row in rows) else "---" for i in range(len(headers))]
    shown = [[_cell(value) for value in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in [list(headers), sides, *shown])


def _cell(value: Any) -> str:
    """Escapes a value from documents, which may hold anything: it stays in its cell, without link, picture or HTML."""
    if isinstance(value, int):
        return f"{value:,}"
    text = visible(" ".join(str(value).split()))
    text = text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
    return _MARKUP.sub(r"\\\1", text).replace("<", "&lt;")
