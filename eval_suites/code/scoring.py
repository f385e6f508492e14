"""Scores answers by running them: the share of samples that pass, pass@k, and how the others ended.

All answers of a task are run together, several at a time; an answer keeps its text and gets its ending.

    pass@k = 1 - C(n - c, k) / C(n, k)        n samples, of which c pass

Source: Chen et al. 2021, arXiv:2107.03374, equation 1.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from eval_suites.code import sandbox
from eval_suites.code.sandbox import Outcome

_KS = (10, 100)  # of pass@k, where there are as many samples
_ENDINGS = ("wrong", "error", "syntax", "timeout", "memory", "crash")


class Ran(str):
    """An answer that was run."""

    __slots__ = ("outcome",)
    outcome: Outcome


def run_all(
    responses: Iterable[Sequence[str]], documents: Iterable[Mapping[str, Any]],
    program: Callable[[Mapping[str, Any], str], str],
) -> list[list[Ran]]:  # fmt: skip
    """Runs all samples of all documents; `program` makes a program with its tests of a document and an answer."""
    rows = [(document, list(samples)) for samples, document in zip(responses, documents, strict=True)]
    programs = [program(document, sample) for document, samples in rows for sample in samples]
    outcomes = iter(sandbox.run(programs))
    ran: list[list[Ran]] = []
    for _, samples in rows:
        ran.append([])
        for sample in samples:
            one = Ran(sample)
            one.outcome = next(outcomes)
            ran[-1].append(one)
    return ran


def score(samples: Sequence[Ran]) -> dict[str, float]:
    """Returns the metrics of an item: pass@1, pass@k for enough samples, and the share of each other ending."""
    n = len(samples)
    passed = sum(one.outcome.ending == "passed" for one in samples)
    metrics = {"pass@1": passed / n}
    metrics |= {f"pass@{k}": pass_at_k(n, passed, k) for k in _KS if k <= n}
    return metrics | {name: sum(one.outcome.ending == name for one in samples) / n for name in _ENDINGS}


def pass_at_k(n: int, passed: int, k: int) -> float:
    """Returns how likely at least one of k samples passes, without bias. Raises ValueError for k above n samples."""
    if not 1 <= k <= n or not 0 <= passed <= n:
        raise ValueError(f"pass@{k} needs at least {k} samples and no more passes than samples; got {passed} of {n}")
    return 1.0 - math.comb(n - passed, k) / math.comb(n, k)
