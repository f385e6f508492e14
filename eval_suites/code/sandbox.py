"""Runs strangers' programs, each in a process of its own that locks itself (eval_suites.code.jail), several at a time.

A program and its tests share a process, so one that looks for the word that says "passed" may find it. Programs with
names that serve to look into the frames around them are not run. That keeps a model from stumbling on it, not one that
sets out to attack its score: look at answers before believing a surprising one.

Source of the measure: Chen et al. 2021, arXiv:2107.03374, section 2 (a program is right if it passes the tests).
"""

import json
import os
import re
import secrets
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from corpus.errors import UserError
from eval_suites.code import jail

Ending = Literal["passed", "wrong", "error", "syntax", "timeout", "memory", "crash"]

SECONDS = 5.0  # of a program
MEMORY_BYTES = 1 << 30
_START_SECONDS = 5.0  # of a process, on a busy machine
_MOST_ANSWER = 1000  # bytes that are read of what a process writes
_MOST_PROGRAM = 1 << 20  # characters
_LOOKS_AROUND = re.compile(
    r"_getframe|_current_frames|f_locals|f_back|[gct]\w_frame|get_referrers|get_objects|currentframe|settrace|setprofile"
)
_ENDINGS: dict[str, Ending] = {
    "AssertionError": "wrong", "SyntaxError": "syntax", "IndentationError": "syntax", "TabError": "syntax",
    "MemoryError": "memory",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended."""

    ending: Ending
    detail: str = ""  # the error that it raised


def run(programs: Sequence[str], *, seconds: float = SECONDS, memory_bytes: int = MEMORY_BYTES) -> list[Outcome]:
    """Runs each program. Raises `UserError` if this machine cannot lock a process."""
    if not programs:
        return []
    require()
    with ThreadPoolExecutor(max(os.cpu_count() or 1, 1)) as pool:
        return list(pool.map(lambda program: _run(program, seconds, memory_bytes), programs))


def require() -> None:
    """Raises `UserError` if this machine cannot lock a process: tried with a program that does nothing."""
    if not sys.platform.startswith("linux"):
        raise UserError("programs that models write are run on Linux only, where a process can be locked")
    outcome = _run("pass", SECONDS, MEMORY_BYTES)
    if outcome.ending != "passed":
        raise UserError(f"a process cannot be locked on this machine ({outcome.detail}), so no program is run")


def _run(program: str, seconds: float, memory_bytes: int) -> Outcome:
    if len(program) > _MOST_PROGRAM or "\0" in program:
        return Outcome("syntax", "longer than a program may be" if "\0" not in program else "it holds a null byte")
    if name := _LOOKS_AROUND.search(program):
        return Outcome("crash", f"not run: it looks into the frames around it ({name[0]})")
    word = secrets.token_hex(16)
    order = {"program": program, "word": word, "seconds": seconds, "memory_bytes": memory_bytes}
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-B", str(Path(jail.__file__))], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, env={}, cwd="/", start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    is_late = threading.Event()

    def end() -> None:
        is_late.set()
        process.kill()

    # The limit of its own is on computing time; this one ends a program that sleeps.
    timer = threading.Timer(seconds + _START_SECONDS, end)
    timer.start()
    try:
        with process.stdin as pipe:
            pipe.write(json.dumps(order).encode("utf-8", "surrogatepass"))
        answer = process.stdout.read(_MOST_ANSWER).decode("utf-8", "replace")
    except BrokenPipeError:
        answer = ""
    finally:
        process.stdout.close()
        process.kill() if is_late.is_set() else None
        code = process.wait()
        timer.cancel()
    return _outcome(answer, word, code, is_late=is_late.is_set())


def _outcome(answer: str, word: str, code: int, *, is_late: bool) -> Outcome:
    if answer == word and code == 0:
        return Outcome("passed")
    if is_late or code == -24:  # SIGXCPU
        return Outcome("timeout")
    if answer and code == 1:
        name, _, detail = answer.partition(" ")
        return Outcome(_ENDINGS.get(name, "error"), f"{name}: {' '.join(detail.split())}"[:200])
    if code == jail.UNLOCKED:
        return Outcome("crash", answer.removeprefix("unlocked "))
    return Outcome("timeout" if code == -9 else "crash", f"exit code {code}")
