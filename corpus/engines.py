"""Engines that run work items: local processes, a Ray cluster, or Slurm jobs.

Tasks, tables and resume are the same with every engine. An engine is named by one string: `local`, `ray`,
`ray:address=auto,memory=8`, `slurm:partition=cpu,time=4:00:00`. Ray and Slurm run datatrove's executors. An item is
finished if its part exists, no matter which engine made it. So a run can continue where it stopped with another engine
or with more tasks. Every node must be able to reach the lake.
"""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TextIO

from corpus.errors import UserError, unknown

if TYPE_CHECKING:
    from corpus.task import Task  # for types only: the command line loads this module for the engines' names

_SETTINGS: dict[str, dict[str, str]] = {
    "local": {},
    "ray": {
        "address": "the cluster's address; by default, a cluster on this machine",
        "memory": "GB per task",
        "cpus": "cores per task",
        "tasks_per_job": "work items that one actor runs side by side",
    },
    "slurm": {
        "partition": "the partition; required",
        "time": "time limit per job, HH:MM:SS",
        "memory": "GB per task",
        "cpus": "cores per task",
        "qos": "quality of service",
        "tasks_per_job": "work items that one job runs, one after the other",
        "setup": "a command to run before the work, e.g. to load modules; default: this Python's environment",
    },
}
ENGINES = tuple(_SETTINGS)
_POLL_SECONDS = float(os.environ.get("POMONA_POLL_SECONDS", "5"))


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine and its settings."""

    name: str = "local"
    settings: dict[str, str] = field(default_factory=dict)


LOCAL = Engine()


def parse(text: str) -> Engine:
    """Returns the engine that a string names. Raises `UserError` if it does not exist or lacks a required setting."""
    name, _, rest = text.partition(":")
    if name not in ENGINES:
        raise unknown("executor", name, ENGINES)
    settings = {}
    for entry in filter(None, rest.split(",")):
        key, equals, value = entry.partition("=")
        if key not in _SETTINGS[name]:
            raise unknown(f"setting of executor {name}", key, _SETTINGS[name] or ("none",))
        if not equals or not value:
            raise UserError(f"executor {name}: {key} needs a value: {key}=..., {_SETTINGS[name][key]}")
        settings[key] = value
    for key in ("memory", "cpus", "tasks_per_job"):
        if key in settings and (not settings[key].isdigit() or int(settings[key]) < 1):
            raise UserError(
                f"executor {name}: {key} must be a whole number above 0 ({_SETTINGS[name][key]}), got {settings[key]}"
            )
    if name == "slurm" and "partition" not in settings:
        raise UserError("executor slurm needs a partition: --executor slurm:partition=NAME")
    return Engine(name, settings)


def describe() -> str:
    """Returns a text that lists every engine with its settings, for help and docs."""
    return "; ".join(
        name + (f" ({', '.join(f'{key}: {doc}' for key, doc in keys.items())})" if keys else "")
        for name, keys in _SETTINGS.items()
    )


def elsewhere(engine: Engine, task: "Task", keys: Sequence[str], workers: int, logs: str) -> Iterator[tuple[int, int]]:
    """Runs the task on Ray or Slurm, and yields (rank, 0) of each item when its part appears.

    Raises RuntimeError if the engine ends before all parts exist.
    """
    launched = (
        _ray(engine, task, len(keys), workers, logs)
        if engine.name == "ray"
        else _slurm(engine, task, len(keys), workers, logs)
    )
    waiting = {key: rank for rank, key in enumerate(keys)}
    running = True
    while waiting and running:
        running = launched.running()  # before the parts are listed, so that no part of an ended engine is missed
        done = set.intersection(*(task.lake.finished(output.table, output.slot) for output in task.outputs))
        for key in [key for key in waiting if key in done]:
            yield waiting.pop(key), 0
        if waiting and running:
            launched.wait(_POLL_SECONDS)
    if waiting:
        cause = f": {launched.error}" if launched.error else ""
        raise RuntimeError(
            f"{engine.name} ended with {len(waiting)} of {len(keys)} work items not done{cause}; "
            f"their logs are in {logs}; the same command continues with them"
        )
    launched.wait(None)


class _Ray:
    """Runs datatrove's executor in a thread, so that parts can be watched meanwhile."""

    def __init__(self, executor: Any) -> None:
        self.error: BaseException | None = None
        self._executor = executor
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._executor.run()
        except BaseException as error:  # noqa: BLE001 - reported by `elsewhere`, which waits
            self.error = error

    def running(self) -> bool:
        return self._thread.is_alive()

    def wait(self, seconds: float | None) -> None:
        self._thread.join(seconds)


def _ray(engine: Engine, task: "Task", n_tasks: int, workers: int, logs: str) -> _Ray:
    try:
        import ray
    except ImportError as error:
        raise UserError("executor ray needs Ray: pip install 'pomona[ray]'") from error
    with _logged(logs) as log:
        from datatrove.executor.ray import RayPipelineExecutor

        if not ray.is_initialized():
            with redirect_stdout(log), redirect_stderr(log):
                ray.init(
                    address=engine.settings.get("address"),
                    num_cpus=None if "address" in engine.settings else workers,
                    include_dashboard=False,
                    log_to_driver=False,
                    configure_logging=False,
                )
    executor = RayPipelineExecutor(
        [task],
        tasks=n_tasks,
        workers=workers,
        skip_completed=False,
        logging_dir=logs,
        cpus_per_task=int(engine.settings.get("cpus", 1)),
        mem_per_cpu_gb=_memory_per_cpu(engine.settings, 1),
        tasks_per_job=int(engine.settings.get("tasks_per_job", 1)),
    )
    return _Ray(executor)


def _memory_per_cpu(settings: Mapping[str, str], default: int) -> int:
    """GB per CPU, which is what datatrove takes: the task's memory over its CPUs, rounded up."""
    return -(-int(settings.get("memory", default)) // int(settings.get("cpus", 1)))


class _Slurm:
    """Jobs that sbatch has accepted, watched with squeue."""

    error = None

    def __init__(self, name: str) -> None:
        self._name = name

    def running(self) -> bool:
        queue = subprocess.run(
            ["squeue", "--noheader", f"--name={self._name}", "--format=%i"], capture_output=True, text=True, check=False
        )
        return queue.returncode != 0 or bool(queue.stdout.strip())  # an overloaded controller does not mean the end

    def wait(self, seconds: float | None) -> None:
        if seconds:
            time.sleep(seconds)


def _slurm(engine: Engine, task: "Task", n_tasks: int, workers: int, logs: str) -> _Slurm:
    for command in ("sbatch", "squeue"):
        if shutil.which(command) is None:
            raise UserError(f"executor slurm needs the command {command}; run this on a node that can submit jobs")
    with _logged(logs):
        executor = slurm_executor(engine, task, n_tasks, workers, logs)
        executor.run()
    return _Slurm(executor.job_name)


@contextmanager
def _logged(logs: str) -> Iterator[TextIO]:
    """Sends the messages of an engine and datatrove to a file beside the tasks' logs, from here on."""
    os.makedirs(logs, exist_ok=True)
    path = os.path.join(logs, "engine.log")
    with open(path, "a", encoding="utf-8") as log:
        with redirect_stderr(log):
            from datatrove.utils.logging import logger

            logger.remove()
            logger.add(path)
        yield log


def slurm_executor(engine: Engine, task: "Task", n_tasks: int, workers: int, logs: str) -> Any:
    """Returns datatrove's executor, which writes the sbatch script and submits it."""
    from datatrove.executor.slurm import SlurmPipelineExecutor

    settings = engine.settings
    return SlurmPipelineExecutor(
        [task],
        tasks=n_tasks,
        workers=workers,
        time=settings.get("time", "24:00:00"),
        partition=settings["partition"],
        qos=settings.get("qos", ""),
        cpus_per_task=int(settings.get("cpus", 1)),
        mem_per_cpu_gb=_memory_per_cpu(settings, 4),
        tasks_per_job=int(settings.get("tasks_per_job", 1)),
        job_name=f"pomona-{task.outputs[0].slot.replace('/', '-')}-{os.getpid()}",
        env_command=settings.get("setup", f"export PATH={os.path.dirname(sys.executable)}:$PATH"),
        logging_dir=logs,
        slurm_logs_folder=f"{logs}/slurm",
        skip_completed=False,
    )
