"""Runs a step over work items on datatrove's executors, and skips the items that are finished.

A part with an item's key is a finished item, so a run that was killed continues where it stopped. On this machine
datatrove's LocalPipelineExecutor runs the tasks in a process pool of our own, because datatrove's pool does not notice
a worker that dies. Ray and Slurm run the same tasks (corpus.engines).
"""

import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TextIO

import pyarrow as pa

from corpus import owner
from corpus.engines import LOCAL, Engine, elsewhere
from corpus.lake import Lake
from corpus.task import Output, Step, Task, WorkItem, write_plan


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run came to: items that ran, and the peak memory of the largest process that ran them."""

    items: int
    peak_bytes: int


Progress = Callable[[int, int, WorkItem], None]  # items done, items in all, the item that just ended


def pending(lake: Lake, outputs: Sequence[Output], items: Sequence[WorkItem]) -> list[WorkItem]:
    """The items that lack a whole part in one of the outputs: such an item is made again, all of it."""
    done = set.intersection(*(lake.finished(output.table, output.slot) for output in outputs))
    return [item for item in items if item.key not in done]


def run(
    lake: Lake,
    step: Step,
    outputs: Sequence[Output],
    items: Sequence[WorkItem],
    *,
    workers: int = 1,
    progress: Progress | None = None,
    engine: Engine = LOCAL,
    token: str = "",
) -> Ran:
    """Runs what is not finished. Raises what a step raised, when all workers stopped.

    `token` is that of the lease which the run holds; by default one of this process.
    """
    todo = pending(lake, outputs, items)
    if not todo:
        return Ran(0, peak_bytes())
    folder = f"{lake.root}/.pomona/{outputs[0].table}/{outputs[0].slot}"
    lake.make_folder(folder)
    plan = write_plan(lake, folder, todo)
    task = Task(lake, step, tuple(outputs), plan, token or owner.new_token())
    done, peak = len(items) - len(todo), 0
    logs = f"{folder}/logs" if lake.is_local else tempfile.mkdtemp(prefix="pomona-logs-")
    if engine.name == "local":
        ended = _execute(task, len(todo), min(workers, len(todo)), logs)
    else:
        ended = elsewhere(engine, task, [item.key for item in todo], min(workers, len(todo)), logs)
    for rank, worker_peak in ended:
        done, peak = done + 1, max(peak, worker_peak)
        if progress:
            progress(done, len(items), todo[rank])
    return Ran(len(todo), max(peak, peak_bytes()))


def _execute(task: Task, n_tasks: int, workers: int, logs: str) -> Iterator[tuple[int, int]]:
    """(rank, peak bytes of its process) in the order in which they end."""
    with _quiet():
        from datatrove.executor.local import LocalPipelineExecutor
        from datatrove.utils.logging import logger

        logger.remove()
        executor = LocalPipelineExecutor([task], tasks=n_tasks, workers=workers, logging_dir=logs, skip_completed=False)
    if workers == 1:
        for rank in range(n_tasks):
            with _quiet():
                executor._run_for_rank(rank, local_rank=1)
            yield rank, peak_bytes()
        return
    yield from _pooled(executor, n_tasks, workers)


def _pooled(executor: Any, n_tasks: int, workers: int) -> Iterator[tuple[int, int]]:
    """datatrove's own pool waits for ever when a worker is killed; this one raises, and stops the others."""
    from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
    from concurrent.futures.process import BrokenProcessPool

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["corpus.preload"])
    pool = ProcessPoolExecutor(workers, context, initializer=_start_worker)
    ranks = iter(range(n_tasks))
    running: dict[Any, int] = {}
    try:
        while True:
            while len(running) < workers and (rank := next(ranks, None)) is not None:
                running[pool.submit(_run_rank, executor, rank)] = rank
            if not running:
                break
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                rank = running.pop(future)
                yield rank, future.result()
    except BrokenProcessPool as error:
        raise RuntimeError(
            "a worker process died, most likely killed for want of memory; "
            "run the same command again with fewer --workers or a smaller --memory"
        ) from error
    finally:
        for process in list((pool._processes or {}).values()):
            if running:
                process.kill()
        pool.shutdown(wait=True, cancel_futures=True)


def _run_rank(executor: Any, rank: int) -> int:
    executor._run_for_rank(rank, local_rank=1)
    return peak_bytes()


def _start_worker() -> None:
    """A worker leaves Ctrl-C to its parent, ends with it, keeps to one core and off the terminal."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["POLARS_MAX_THREADS"] = "1"  # there is a worker for each core
    pa.set_cpu_count(1)
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - for the life of the process
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


@contextmanager
def _quiet() -> Iterator[None]:
    """datatrove's logger writes to whatever standard error is when a task starts; the log files keep it all."""
    with redirect_stderr(_nowhere()):
        yield


@lru_cache(maxsize=1)
def _nowhere() -> TextIO:
    """Never closed: a library that is imported meanwhile keeps it for its own log."""
    return open(os.devnull, "w")


@dataclass(slots=True)
class Clock:
    """Wall and processor seconds of a stage, workers included once they have ended."""

    started: float = field(default_factory=time.perf_counter)
    cpu: float = field(default_factory=lambda: _cpu_seconds())

    def read(self) -> dict[str, float]:
        """Seconds since the clock was made."""
        return {"seconds": time.perf_counter() - self.started, "cpu_seconds": _cpu_seconds() - self.cpu}


def peak_bytes() -> int:
    """Largest resident set of this process so far. The kernel's own count: rusage inherits that of the parent."""
    try:
        with open("/proc/self/status") as status:
            line = next(line for line in status if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    except (OSError, StopIteration):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
