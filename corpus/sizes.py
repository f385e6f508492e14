"""Sizes and counts as people write them: 64MB, 8GiB; 400K, 2M, 1.5B."""

import re

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KI": 2**10, "MI": 2**20, "GI": 2**30, "TI": 2**40}


def parse_bytes(value: object) -> int:
    """Returns the bytes of `64MB`, `8GiB` or a number; raises ValueError for anything else."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]I?)?B?\s*", str(value).upper())
    if not match:
        raise ValueError(f"{value!r} is not a size; write a number of bytes, or a size such as 64MB or 8GiB")
    return int(float(match[1]) * _UNITS[match[2] or ""])


_COUNTS = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "G": 10**9, "T": 10**12}


def parse_count(value: object) -> int:
    """Returns the number that `400K`, `2M`, `1.5B` or a number stands for; raises ValueError for anything else."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?(?:E\d+)?)\s*([KMBGT]?)\s*", str(value).upper().replace("_", ""))
    if not match:
        raise ValueError(f"{value!r} is not a count; write a number, or one such as 400K, 2M or 1.5B")
    return round(float(match[1]) * _COUNTS[match[2]])


def count_text(n: int) -> str:
    """Returns a count in short: 412, 400K, 2M, 1.5B."""
    for unit in ("T", "B", "M", "K"):
        if n >= _COUNTS[unit]:
            return f"{n / _COUNTS[unit]:.3g}{unit}"
    return str(n)
