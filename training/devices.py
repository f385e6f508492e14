"""Which device a process computes on, in which type, and how fast that is at best."""

import os
import time
from functools import lru_cache

import torch

_PEAK = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12, "L4": 121e12, "4090": 165e12}  # bf16, dense
_FASTER = 1.5  # bfloat16 must be so much faster than float32 to be used
_SIZE = 1024  # of the matrices that are multiplied to measure


def device() -> torch.device:
    """Returns the device of this process."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)) % torch.cuda.device_count())
    return torch.device("cpu")


def precision(wanted: str, where: torch.device | None = None) -> str:
    """Returns float32 or bfloat16 for `auto`: bfloat16 where matrix products are clearly faster with it."""
    if wanted != "auto":
        return wanted
    where = where or device()
    if where.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    return "bfloat16" if _rate(torch.bfloat16) > _FASTER * _rate(torch.float32) else "float32"


def peak_flops(kind: str, where: torch.device) -> float:
    """Returns the FLOPs a second that matrix products reach at best: of a GPU as published, of a CPU as measured."""
    if where.type == "cuda":
        name = torch.cuda.get_device_name(where)
        return next((flops for model, flops in _PEAK.items() if model in name), float("nan"))
    return _rate(torch.bfloat16 if kind == "bfloat16" else torch.float32)


@lru_cache(maxsize=4)
def _rate(dtype: torch.dtype) -> float:
    """Returns the FLOPs a second of a product of two matrices on the CPU, the best of some."""
    a, b = (torch.ones(_SIZE, _SIZE, dtype=dtype) for _ in range(2))
    best = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - started)
    return float(2 * _SIZE**3 / best)


def name(kind: str, where: torch.device, n_processes: int) -> str:
    """Returns what computes, for a person."""
    what = torch.cuda.get_device_name(where) if where.type == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    return f"{what}, {kind}" + (f", {n_processes} processes" if n_processes > 1 else "")
