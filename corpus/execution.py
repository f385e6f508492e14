"""Runs a step over work items on datatrove's executors, and skips the items that are finished.

An item is finished if a part with its key exists, so a run that was killed continues where it stopped. On this machine,
datatrove's LocalPipelineExecutor runs the tasks in this module's own process pool, because datatrove's pool does not
notice a worker that dies. Ray and Slurm run the same tasks (corpus.engines).
"""

import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stderr
from dataclasses import dataclass, field
from functools import lru_cache
from types import ModuleType
from typing import Any, TextIO

import pyarrow as pa

from corpus import owner
from corpus.engines import LOCAL, Engine, elsewhere
from corpus.lake import WORKING, Lake
from corpus.task import Output, Step, Task, WorkItem, write_plan

_one_at_a_time = threading.RLock()  # a run changes what belongs to the whole process: standard error, the main module
_END_SECONDS = 5.0  # for a process of a broken pool to end


@dataclass(frozen=True, slots=True)
class Ran:
    """The result of a run."""

    items: int  # items that ran
    peak_bytes: int  # peak memory of the largest process that ran them


Progress = Callable[[int, int, WorkItem], None]  # items done, items in total, the item that has ended


def pending(lake: Lake, outputs: Sequence[Output], items: Sequence[WorkItem]) -> list[WorkItem]:
    """Returns the items that lack a whole part in at least one output. All parts of such an item are made again."""
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
    """Runs the items that are not finished. Raises a step's exception after all workers have stopped.

    `token` is the token of the lease that the run holds; by default, a new token of this process.
    """
    with _one_at_a_time:
        return _run(lake, step, outputs, items, workers, progress, engine, token)


def _run(
    lake: Lake, step: Step, outputs: Sequence[Output], items: Sequence[WorkItem], workers: int,
    progress: Progress | None, engine: Engine, token: str,
) -> Ran:  # fmt: skip
    todo = pending(lake, outputs, items)
    if not todo:
        return Ran(0, peak_bytes())

    folder = f"{lake.root}/{WORKING}/{outputs[0].table}/{outputs[0].slot}"
    lake.make_folder(folder)
    plan = write_plan(lake, folder, todo)
    task = Task(lake, step, tuple(outputs), plan, token or owner.new_token())

    done, peak = len(items) - len(todo), 0
    logs = f"{folder}/logs" if lake.is_local else tempfile.mkdtemp(prefix="pomona-logs-")
    is_here = engine.name == "local"
    try:
        if is_here:
            ended = _execute(task, len(todo), min(workers, len(todo)), logs)
        else:
            ended = elsewhere(engine, task, [item.key for item in todo], min(workers, len(todo)), logs)

        for rank, worker_peak in ended:
            done, peak = done + 1, max(peak, worker_peak)
            if progress:
                progress(done, len(items), todo[rank])
    finally:
        if is_here and not lake.is_local:  # a lake on this machine removes them with its working folder
            shutil.rmtree(logs, ignore_errors=True)
    return Ran(len(todo), max(peak, peak_bytes()))


def _execute(task: Task, n_tasks: int, workers: int, logs: str) -> Iterator[tuple[int, int]]:
    """Yields (rank, peak bytes of its process) in the order in which the tasks end."""
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
    """Runs the tasks in a process pool.

    datatrove's own pool waits forever when a worker is killed. This pool raises an error and stops the other workers.
    """
    from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
    from concurrent.futures.process import BrokenProcessPool

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["corpus.preload"])
    pool = ProcessPoolExecutor(workers, context, initializer=_start_worker)
    ranks = iter(range(n_tasks))
    running: dict[Any, int] = {}
    processes: dict[int, Any] = {}

    try:
        while True:
            while len(running) < workers and (rank := next(ranks, None)) is not None:
                with nullcontext() if _is_of_the_script(executor) else main_not_imported():
                    running[pool.submit(_run_rank, executor, rank)] = rank
                processes |= pool._processes or {}

            if not running:
                break
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                rank = running.pop(future)
                yield rank, future.result()
    except BrokenProcessPool as error:
        for process in processes.values():
            process.join(_END_SECONDS)
        if any(process.exitcode == 1 for process in processes.values()):  # Python itself ended it, with an error
            raise RuntimeError(
                "a worker process could not start; `python -c 'import corpus.preload'` may show why"
            ) from error
        raise RuntimeError(
            "a worker process died, most likely because memory ran out; "
            "run the same command again with fewer --workers or a smaller --memory"
        ) from error
    finally:
        for process in list((pool._processes or {}).values()):
            if running:
                process.kill()
        pool.shutdown(wait=True, cancel_futures=True)


def _is_of_the_script(executor: Any) -> bool:
    """Returns whether a step is defined in the script that runs, which processes then need."""
    return any(type(task.step).__module__ == "__main__" for task in executor.pipeline)


@contextmanager
def main_not_imported() -> Iterator[None]:
    """For the block, processes that start do not import the script that runs.

    They need nothing of it, and a script without `if __name__ == "__main__":` would run once more in each of them, and
    wait there for itself.
    """
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def _run_rank(executor: Any, rank: int) -> int:
    executor._run_for_rank(rank, local_rank=1)
    return peak_bytes()


def _start_worker() -> None:
    """Prepares a worker process.

    The worker leaves Ctrl-C to its parent, ends when the parent ends, uses one core, and does not write to the
    terminal.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["POLARS_MAX_THREADS"] = "1"  # one worker runs per core
    pa.set_cpu_count(1)
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - open until the process ends
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silences standard error for the block.

    datatrove's logger writes to the standard error of the moment when a task starts. The log files keep all messages.
    """
    with redirect_stderr(_nowhere()):
        yield


@lru_cache(maxsize=1)
def _nowhere() -> TextIO:
    """Returns the null device. It stays open, because a library that is imported meanwhile keeps it for its own log."""
    return open(os.devnull, "w")


@dataclass(slots=True)
class Clock:
    """Measures wall and processor seconds of a stage. Workers are included after they have ended."""

    started: float = field(default_factory=time.perf_counter)  # wall seconds
    cpu: float = field(default_factory=lambda: _cpu_seconds())  # processor seconds

    def read(self) -> dict[str, float]:
        """Returns the seconds since the clock was made."""
        return {"seconds": time.perf_counter() - self.started, "cpu_seconds": _cpu_seconds() - self.cpu}


def peak_bytes() -> int:
    """Returns the largest resident set of this process so far, in bytes.

    Reads the kernel's own count, because rusage inherits the parent's.
    """
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
