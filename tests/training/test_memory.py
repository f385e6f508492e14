"""Kept memory: in a process of its own, since it cannot be undone."""

import subprocess
import sys

CODE = """
import resource, torch
from training import memory
def faults(n):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(n):
        torch.empty(2**24).fill_(1.0)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
usual = faults(60)
if memory.keep_freed():
    assert faults(60) < usual / 3, usual
"""


def test_freed_memory_is_used_again_with_fewer_faults() -> None:
    subprocess.run([sys.executable, "-c", CODE], check=True)
