"""Plans of tiny runs over the token shards of a small lake."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import torch

from corpus.lake import Lake
from corpus.shards import packing, stages
from corpus.shards.stream import Stream
from corpus.tokenizer import stages as tokenizer_stages
from corpus.tokenizer import steps as tokenizer_steps
from training.plan import Plan, Reads, make
from training.processes import Processes
from training.settings import Run
from training.shape import Shape

ALONE = Processes(0, 1, torch.device("cpu"))
TINY = Shape(d_model=16, n_layers=2, n_heads=2, n_kv_heads=1, head_dim=8, d_ffn=42, vocab_size=560)


def plan(lake: Lake, mixture: str = "all", **changes: object) -> Plan:
    """A run of 12 steps of 8 sequences of 32 tokens; `changes` are fields of the plan."""
    shards = stages.folder(lake, stages.current(lake, mixture))
    run = Run(
        name="tiny", mixture=mixture, model="1M", sequence_length=32, batch_tokens=256, tokens=12 * 256, seed=3,
        evaluations=2, evaluation_tokens=200, precision="float32", save_minutes=1000,
    )  # fmt: skip
    reads = Reads(
        shards=shards, packing=None, tokenizer=tokenizer_steps.folder(lake, tokenizer_stages.current(lake)), pad=0,
        length=32, n_sequences=packing.concatenated(Stream(shards), 32).n_sequences,
    )  # fmt: skip
    made = make(run, "0" * 32, reads, start="", shape=TINY, precision="float32")
    return replace(made, **changes)  # type: ignore[arg-type]


def with_packing(lake: Lake, folder: Path, length: int = 32) -> str:
    """The folder of a best-fit packing of the mixture `all`."""
    packing.save(packing.best_fit(Stream(stages.folder(lake, stages.current(lake, "all"))), length), folder)
    return str(folder)


def run_processes(planned: Plan, folder: Path, n: int, module: str = "training.worker") -> int:
    """Runs a plan in several processes, with gloo over sockets of this machine; returns the exit code."""
    folder.mkdir(exist_ok=True)
    (folder / "plan.json").write_text(planned.to_json())
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(n)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    ended = subprocess.run(
        [*command, "-m", module, str(folder / "plan.json"), str(folder)],
        env=environment, capture_output=True, timeout=240, check=False,
    )  # fmt: skip
    return ended.returncode
