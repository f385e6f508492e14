"""Prints results on standard output, as text or as one JSON document, and progress on standard error."""

import json
import math
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pomona.runner import Report

_WIDEST = 120  # characters of a cell; --json prints all of them
_UNSEEN = re.compile(
    "[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)  # JSON itself escapes characters below the space
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def show(value: Any, text: str, as_json: bool, *, is_safe: bool = False) -> None:
    """Prints `value` as JSON, or `text`; makes control characters visible, unless the text `is_safe`."""
    if as_json:
        print(_UNSEEN.sub(_escaped, json.dumps(_finite(value), indent=2, default=str, ensure_ascii=False)))
    elif text:
        print(text if is_safe else visible(text))


def _finite(value: Any) -> Any:
    """Returns a value without NaN and infinity, which are no JSON: null stands for them."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return value


def visible(text: str) -> str:
    """Escapes control characters, and those that change the direction of writing, in text for a terminal.

    Line ends and tabs stay.
    """
    return _CONTROLS.sub(lambda m: f"\\x{ord(m[0]):02x}" if ord(m[0]) < 0x100 else _escaped(m), text)


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def table(rows: Iterable[Sequence[Any]], headers: Sequence[str]) -> str:
    """Formats rows under headers as plain text that can be piped, with numbers on the right."""
    cells = [[cell(value) for value in row] for row in rows]
    right = [bool(cells) and all(row[i][:1].isdigit() or not row[i] for row in cells) for i in range(len(headers))]
    widths = [max(len(row[i]) for row in [list(headers), *cells]) for i in range(len(headers))]
    lines = []
    for row in [list(headers), ["-" * width for width in widths], *cells]:
        padded = [value.rjust(w) if r else value.ljust(w) for value, w, r in zip(row, widths, right, strict=True)]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def cell(value: Any) -> str:
    """Returns a value as a cell of a table: one line, numbers with commas."""
    if isinstance(value, str):
        line = " ".join(value.split("\n"))
        return line if len(line) <= _WIDEST else f"{line[: _WIDEST - 1]}…"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: ""}[value]
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def size_text(value: float) -> str:
    """Formats bytes for a person, e.g. 1.2 MB."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError


@contextmanager
def progress() -> Iterator["Report"]:
    """Shows one bar per stage on standard error, or one line per stage if standard error is not a terminal."""
    if not sys.stderr.isatty():
        yield lambda stage, done, total, item: _plain(stage, done, total)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<20}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, Any] = {}

        def report(stage: str, done: int, total: int, item: Any) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield report


def _plain(stage: str, done: int, total: int) -> None:
    if done == total:
        print(f"{stage}: {done}/{total} work items", file=sys.stderr)
