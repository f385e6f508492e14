"""Kernels for the CPU: what is between matrix products, in as few passes over memory as possible.

PyTorch computes a norm or SwiGLU in up to ten passes over memory, each with a temporary; on a CPU with fast bfloat16
products these passes take longer than the products. A kernel here is one pass, forward or backward, on all cores, for
float32 and bfloat16. Each has a plain twin in PyTorch, which runs on other devices and types, and which tests compare.

`fits` says whether the kernels can be used. They read and write the memory of contiguous tensors, without a copy.
"""

import os
from functools import cache
from typing import Any

import numba
import torch
from numba.np.ufunc import parallel
from torch import Tensor

_SMALL = 16_384  # numbers: what one thread has done before another is awake
_TYPES = (torch.float32, torch.bfloat16)
_is_on = True  # tests switch it to compare with the plain twins


def fits(*tensors: Tensor) -> bool:
    """Whether all tensors are on the CPU, and float32 or bfloat16."""
    return _is_on and all(tensor.device.type == "cpu" and tensor.dtype in _TYPES for tensor in tensors)


def fits_updates(*tensors: Tensor) -> bool:
    """Whether kernels can change tensors in place: on the CPU, float32, contiguous."""
    return _is_on and all(
        tensor.device.type == "cpu" and tensor.dtype == torch.float32 and tensor.is_contiguous() for tensor in tensors
    )


def array(tensor: Tensor) -> Any:
    """Returns a contiguous tensor's memory as a NumPy array; NumPy has no bfloat16, so these are their bits, uint16."""
    tensor = tensor.detach()
    assert tensor.is_contiguous()
    return tensor.view(torch.uint16).numpy() if tensor.dtype == torch.bfloat16 else tensor.numpy()


@cache
def start_threads() -> None:
    """Starts Numba's threads, and leaves PyTorch as many as it had.

    Both use one OpenMP library. When Numba starts, it sets the number of threads to that of all cores, for PyTorch too.
    So OMP_NUM_THREADS=1 would be undone, and runs on the same cores would wait for each other's threads.
    """
    stated = os.environ.get("OMP_NUM_THREADS", "")
    n_threads = int(stated) if stated.isdigit() and int(stated) else torch.get_num_threads()
    parallel._launch_threads()
    torch.set_num_threads(n_threads)


def arrays(*tensors: Tensor) -> list[Any]:
    """Returns the memory of several tensors, and gives Numba as many threads as PyTorch has; one for small tensors."""
    start_threads()
    most: int = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]  # Numba's pool cannot grow
    is_small = max(tensor.numel() for tensor in tensors) < _SMALL
    n_threads = 1 if is_small else min(torch.get_num_threads(), most)
    if numba.get_num_threads() != n_threads:
        numba.set_num_threads(n_threads)
    return [array(tensor) for tensor in tensors]
