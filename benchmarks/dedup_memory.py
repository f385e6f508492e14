"""Memory: near-duplicates of a corpus twenty times larger than the budget, with the result of an unlimited run.

Takes a quarter of an hour and 15 GB of disk, so `./dev bench` runs it only when it is named.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import corpora
from benchmarks.claims import Claim
from benchmarks.pages import texts

_BUDGET = 1 << 30
_TIMES = 20
_BYTES_A_DOCUMENT = 870
_CODE = """
import json, sys
from benchmarks.dedup import _dedup
from corpus.lake import Lake
from corpus.execution import peak_bytes
from corpus.task import digest
import polars as pl
lake = Lake(sys.argv[1])
seconds, _ = _dedup(lake, int(sys.argv[2]) or None)
peak = peak_bytes()
rows = lake.scan("decisions", slot="minhash").filter(~pl.col("kept")).select("id").collect().sort("id")
print(json.dumps({"seconds": seconds, "peak": peak, "dropped": rows.height, "digest": digest(rows["id"].to_list())}))
"""


def run(path: Path | None) -> Iterator[Claim]:
    """Peak memory of the process under --memory, and the same kept set without one."""
    from corpus.lake import Lake

    plan = corpora.planned(_TIMES * _BUDGET // _BYTES_A_DOCUMENT)
    with tempfile.TemporaryDirectory() as folder:
        total = corpora.write(Lake(folder), texts(path), plan)
        bounded = _run(folder, _BUDGET)
        for table in (
            "decisions",
            "duplicates",
            "pairs",
            *(f"minhash_{t}" for t in ("bands", "edges", "components", "members")),
        ):
            subprocess.run(["rm", "-rf", f"{folder}/{table}"], check=True)
        free = _run(folder, 0)
    same = bounded["digest"] == free["digest"]
    note = (
        f"{total / 1e9:.1f} GB of text, {len(plan.base):,} documents, {float(bounded['seconds']):.0f} s; "
        f"{'the same' if same else 'NOT the same'} {bounded['dropped']:,} documents dropped as without a budget "
        f"({float(free['seconds']):.0f} s, without the signatures)"
    )
    peak = float(bounded["peak"]) / (1 << 20)
    yield Claim("dedup_memory.peak", peak, _BUDGET / (1 << 20), f"--memory {_BUDGET >> 20}MiB", "MiB peak", _BUDGET / float(bounded["peak"]),
                1.0, float(bounded["peak"]) <= _BUDGET and same, note)  # fmt: skip


def _run(folder: str, budget: int) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", _CODE, folder, str(budget)], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])
