"""The patterns by which answers decline, from refusals.yaml beside this file, compiled once.

They are Python's, and looked for in a few hundred characters only, so none of them can take long.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

_FILE = Path(__file__).parent / "refusals.yaml"


@dataclass(frozen=True, slots=True)
class Phrases:
    """What is looked for in an answer, in small letters."""

    rules: tuple[tuple[str, re.Pattern[str]], ...]  # by name: a sentence that declines
    given: re.Pattern[str]  # after it: something is given nevertheless
    turns: re.Pattern[str]  # after it: it turns to something else, ...
    advice: re.Pattern[str]  # ... unless this is what it turns to
    offered: re.Pattern[str]  # other help
    sorry_only: re.Pattern[str]  # a whole answer
    letter: re.Pattern[str]  # its beginning


@cache
def phrases() -> Phrases:
    """Returns all patterns."""
    written = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    parts = {name: _any(several) for name, several in written["parts"].items()}
    rules = [
        (name, re.compile(_filled("".join(pattern), parts)))
        for name, patterns in written["rules"].items()
        for pattern in patterns
    ]
    turns = rf"\b{_any(written['turns'])},? (?!{_any(written['turns_to'])})"
    return Phrases(
        tuple(rules),
        re.compile(rf"\b{_any(written['given'])}"),
        re.compile(turns),
        re.compile(rf"\b{_any(written['advice'])}\b"),
        re.compile(rf"\b{_any(written['offered'])}\b"),
        re.compile(written["sorry_only"]),
        re.compile(_any(written["letter"])),
    )


def _any(patterns: Sequence[str]) -> str:
    return f"(?:{'|'.join(patterns)})"


def _filled(pattern: str, parts: dict[str, str]) -> str:
    for name, part in parts.items():
        pattern = pattern.replace(f"{{{name}}}", part)
    return pattern
