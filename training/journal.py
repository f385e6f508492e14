"""What a run tells while it goes on: a line for a person, a JSON line per step, curves (training.curves).

The JSON lines are the truth: tables and reports come from them. After a kill, lines of steps that will be taken again
are removed, so each step has one line.
"""

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from training.curves import Curves

NAME = "log.jsonl"
_EVERY_SECONDS = 0.2  # between two lines on a terminal
_EVERY_SECONDS_ELSEWHERE = 15.0  # between two lines in a file
_DISTURBED = 5.0  # times as slow as at best


class Journal:
    """Writes the log of one run. Only the first process of a run has one."""

    def __init__(
        self, folder: Path, name: str, *, after_step: int, n_steps: int, curves: Sequence[Curves] = (),
        out: TextIO | None = None,
    ) -> None:  # fmt: skip
        self._name, self._n_steps, self._out = name, n_steps, out or sys.stderr
        self._path = folder / NAME
        kept = [line for line in read(folder) if line["step"] <= after_step]
        temporary = folder / f".{NAME}"
        temporary.write_text("".join(json.dumps(line) + "\n" for line in kept))
        os.replace(temporary, self._path)
        self._file = open(self._path, "a")  # noqa: SIM115
        self._curves = curves
        self._said, self._noted = 0.0, set[str]()

    def write(self, **values: Any) -> None:
        """Logs some values of a step; `step` is one of them."""
        self._file.write(json.dumps(values) + "\n")
        for curves in self._curves:
            curves.add(values["step"], dict(_numbers(values)))

    def say(self, step: int, text: str, *, last: bool = False) -> None:
        """Shows how far the run is: on a terminal in one line that changes, in a file now and then."""
        is_terminal = self._out.isatty()
        now = time.monotonic()
        if not last and now - self._said < (_EVERY_SECONDS if is_terminal else _EVERY_SECONDS_ELSEWHERE):
            return
        self._said = now
        line = f"{self._name}: step {step:,}/{self._n_steps:,}  {text}"
        self._out.write(f"\r{line}\x1b[K" + ("\n" if last else "") if is_terminal else line + "\n")
        self._out.flush()

    def note(self, text: str) -> None:
        """Says something that the user should know, once."""
        if text not in self._noted:
            self._noted.add(text)
            self._out.write(("\r\x1b[K" if self._out.isatty() else "") + f"{self._name}: {text}\n")
            self._out.flush()

    def flush(self) -> None:
        """Brings what was logged to disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        for curves in self._curves:
            curves.flush()

    def close(self) -> None:
        """Closes the files."""
        self._file.close()
        for curves in self._curves:
            curves.close()


def read(folder: Path) -> Iterator[dict[str, Any]]:
    """Yields the lines of a run's log; a last line that was cut off by a kill is left out."""
    try:
        lines = (folder / NAME).read_text().split("\n")
    except FileNotFoundError:
        return
    for line in lines:
        try:
            values = json.loads(line)
        except ValueError:
            continue
        if isinstance(values, dict) and "step" in values:
            yield values


def _numbers(values: dict[str, Any]) -> Iterator[tuple[str, float]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from ((f"{name}/{inner}", number) for inner, number in _numbers(value))
        elif isinstance(value, (int, float)) and name != "step":
            yield name, float(value)


@dataclass
class Rate:
    """Tokens a second, over the last steps and over the whole run."""

    tokens: int = 0
    seconds: float = 0.0
    recent: float = 0.0  # tokens a second, smoothed
    best: float = 0.0  # highest recent rate

    def add(self, tokens: int, seconds: float) -> None:
        """Counts a step."""
        self.tokens, self.seconds = self.tokens + tokens, self.seconds + seconds
        now = tokens / max(seconds, 1e-9)
        self.recent = now if not self.recent else 0.9 * self.recent + 0.1 * now
        self.best = max(self.best, self.recent)

    def is_disturbed(self) -> bool:
        """Returns whether steps have become much slower than they were."""
        return self.recent < self.best / _DISTURBED
