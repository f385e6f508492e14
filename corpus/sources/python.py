"""Reads text that every Python installation has: real prose and code for a first run without a network.

`path` names the part: `library` (the standard library's source), `docs` (reference prose of `pydoc_data`, and the
documentation strings of the library's modules) or `readmes` (README and license texts of installed packages).
Source files are parsed, never imported or run.
"""

import ast
import re
import site
import sys
import sysconfig
import warnings
from collections.abc import Iterator
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from corpus.errors import unknown
from corpus.records import Passed, Reject, Text
from corpus.sources.code import to_code
from corpus.sources.files import File
from corpus.sources.text import to_text
from corpus.text.strings import valid

PARTS = ("library", "docs", "readmes")
SUFFIXES: tuple[str, ...] = ()
_LICENSE = "PSF-2.0"
_PROSE = re.compile(r"(readme|licen[cs]e|notice|copying|authors|change|history|news|contribut)", re.IGNORECASE)
_TESTS = frozenset({"test", "tests", "idle_test"})  # their documentation strings are single lines
_SKIPPED = frozenset({"site-packages", "dist-packages", "__pycache__", "lib2to3", "idlelib", "lib-dynload"})


def find(part: str) -> list[File]:
    """Returns the files of one part, sorted by path. Raises `UserError` for an unknown part."""
    if part not in PARTS:
        raise unknown("part of Python", part, PARTS)

    if part == "readmes":
        found = [path for folder in site.getsitepackages() for path in Path(folder).glob("*.dist-info/**/*")]
        found = [path for path in found if path.is_file() and _is_prose(path)]
    else:
        library = Path(sysconfig.get_path("stdlib"))
        skipped = _SKIPPED | _TESTS if part == "docs" else _SKIPPED
        found = [path for path in library.rglob("*.py") if not skipped.intersection(path.relative_to(library).parts)]
    return [
        File(str(path), path.stat().st_size, f"{part} {sys.version}", _address(path, part)) for path in sorted(found)
    ]


def _is_prose(path: Path) -> bool:
    return path.name == "METADATA" or _PROSE.match(path.name) is not None


def cut(file: File, n_bytes: int) -> list[tuple[int, int] | None]:
    """Returns [None]: these files are small and are not cut."""
    return [None]


def read(file: File, span: tuple[int, int] | None, options: dict[str, Any]) -> Iterator[Text | Reject | Passed]:
    """Yields the file's texts, with addresses that are the same on every machine with this Python."""
    part = file.stamp.split(" ")[0]
    uri = file.name
    if file.n_bytes > options["max_record_bytes"]:
        yield Reject(uri, "", "too_large", f"{file.n_bytes} bytes; at most {options['max_record_bytes']}")
        return
    with file.open() as stream:
        raw = stream.read()

    if part == "library":
        record = to_code(uri, "", raw)
        yield record if isinstance(record, Reject) else Text(uri, "", record.text, _LICENSE, record.metadata)
    elif part == "docs":
        yield from _docs(uri, raw)
    elif file.path.endswith("METADATA"):
        yield from _readme(uri, raw)
    else:
        yield to_text(uri, "", raw)


def _address(path: Path, part: str) -> str:
    """Returns `python/<part>/<path below the library or site-packages>`."""
    roots = [Path(sysconfig.get_path("stdlib"))] if part != "readmes" else [Path(p) for p in site.getsitepackages()]
    below = next(path.relative_to(root) for root in roots if path.is_relative_to(root))
    return f"python/{part}/{below.as_posix()}"


def _docs(uri: str, raw: bytes) -> Iterator[Text | Passed]:
    """Yields a module's documentation strings, joined in order. Each topic of pydoc_data is a separate document."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(raw)
    except (SyntaxError, ValueError, RecursionError):
        yield Passed("python:does not parse")  # some test files have errors on purpose
        return

    if uri.endswith("pydoc_data/topics.py"):
        for n, (name, text) in enumerate(_topics(tree)):
            yield Text(f"{uri}#{name}", f"{n} {name}", text, _LICENSE)
        return

    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    strings = [ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, documented)]
    text = "\n\n".join(string for string in strings if string)
    if text.strip():
        yield Text(uri, "docstrings", valid(text), _LICENSE)
    else:
        yield Passed("python:no documentation")


def _topics(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(value, ast.Constant) and isinstance(value.value, str):
                    yield str(key.value), valid(value.value)


def _readme(uri: str, raw: bytes) -> Iterator[Text | Reject | Passed]:
    """Yields the long description of a package as a document. A package without one has no document."""
    message = BytesParser().parsebytes(raw)
    body = message.get_payload(decode=False)
    text = body if isinstance(body, str) and body.strip() else message.get("Description", "")
    if not text.strip():
        yield Passed("python:no description")
        return

    license = message.get("License-Expression") or message.get("License")
    name, version = message.get("Name", ""), message.get("Version", "")
    record = to_text(uri, "", text.encode("utf-8", "surrogateescape"), package=f"{name} {version}".strip())
    if isinstance(record, Text) and license and len(license) < 100:
        record = Text(uri, "", record.text, valid(str(license)), record.metadata)
    yield record
