"""Sizes as people write them: 64MB, 8GiB."""

import re

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}


def parse_bytes(value: object) -> int:
    """Returns the bytes of `64MB`, `8GiB` or a number; raises ValueError for anything else."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]I?)?B?\s*", str(value).upper())
    if not match:
        raise ValueError(f"{value!r} is not a size; write a number of bytes, or a size such as 64MB or 8GiB")
    return int(float(match[1]) * _UNITS[match[2] or ""])
