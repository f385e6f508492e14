"""Measures this machine's rates on text that every Python installation has.

It also compiles every kernel into Numba's cache.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from corpus.lake import Lake
from pomona import pipeline
from pomona.budget import rates_path
from pomona.runner import run_wanted
from pomona.stages import Wanted, source_family

_TEXT_BYTES = 8 << 20


def calibrate() -> dict[str, float]:
    """Measures MB/s on one core by kind of work, and saves the rates for `pomona plan`."""
    _run_every_stage()
    text = _library_text()
    rates: dict[str, float] = {}
    for room in dict.fromkeys(family.room for family in pipeline.FAMILIES):
        family = next(family for family in pipeline.FAMILIES if family.room == room)
        rates |= family.rates(text)

    path = rates_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({name: round(rate, 2) for name, rate in rates.items()}, indent=1))
    return rates


def _run_every_stage() -> None:
    """Runs every kernel once: on two similar texts and on one text with benchmark items."""
    from decontam.benchmarks import load

    with TemporaryDirectory() as folder:
        Path(folder, "leak.txt").write_text("\n".join(item.question for item in load("humaneval").items[:3]))
        for name in ("a", "b"):
            Path(folder, f"{name}.txt").write_text(f"{name} so many words that there is a shingle in it " * 9)

        reading = source_family()
        assert reading.settings is not None
        source = reading.settings.model_validate({"name": "x", "path": folder})
        settings: dict[str, Any] = {reading.name: (source,)}
        settings |= {family.name: family.example() for family in pipeline.FAMILIES if not family.per_entry}
        shared = {family.within.name: family.within.settings() for family in pipeline.FAMILIES if family.within}
        list(run_wanted(Lake(f"{folder}/lake"), Wanted(settings, shared, ("x",)), workers=1))


def _library_text() -> pa.Array:
    from corpus.sources.python import find

    texts, size = [], 0
    for file in find("library"):
        with file.open() as stream:
            texts.append(stream.read().decode("utf-8", "replace"))
        size += file.n_bytes
        if size > _TEXT_BYTES:
            break
    return pa.array(texts, pa.large_string())
