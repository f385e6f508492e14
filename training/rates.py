"""Measures how fast this machine trains."""

from importlib.util import find_spec

import pyarrow as pa

_SHARE = 0.6  # of the rate of one large product that whole steps reach (docs/benchmarks.md, training.rate_*)


def rates(text: pa.Array) -> dict[str, float]:
    """Returns GFLOP/s of training steps, with all cores, in the faster type of products; nothing without PyTorch."""
    if find_spec("torch") is None:
        return {}
    from training import devices

    where = devices.device()
    return {"training": _SHARE * devices.peak_flops(devices.precision("auto", where), where) / 1e9}
