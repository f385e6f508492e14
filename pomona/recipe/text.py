"""Formats a recipe's fields as text for `pomona recipe` and docs/reference/recipe.md."""

import re
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from corpus.settings import inner_model, is_list
from pomona.recipe import model


def fields() -> Iterator[tuple[str, str, str, str]]:
    """Yields (path, type, default, meaning) of every field for docs and `pomona recipe`; nested paths have dots."""
    yield from _fields(model(), "")


def _fields(section: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    for name, info in section.model_fields.items():
        path = f"{prefix}{name}"
        inner = inner_model(info.annotation)
        kind = _type_name(info.annotation)
        default = (
            "required"
            if info.is_required()
            else "see below"
            if inner
            else _default(info.get_default(call_default_factory=True))
        )
        yield path, kind, default, info.description or ""
        if inner:
            yield from _fields(inner, f"{path}[]." if is_list(info.annotation) else f"{path}.")


def _default(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(str, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value) if value != {} else "{}"


def _type_name(annotation: Any) -> str:
    text = str(annotation).replace("typing.", "").replace("NoneType", "null").replace("None", "null")
    text = re.sub(
        r"[a-z_]+(?:\.[a-z_]+)+\.(?=[A-Z])|<class '([^']+)'>", lambda m: (m[1] or "").rpartition(".")[2], text
    )
    return re.sub(r"tuple\[([^,\]]+(?:\[[^\]]*\])?), \.\.\.\]", r"list[\1]", text)


def commented() -> str:
    """Writes a recipe with every field and its default; comments say meaning, unit and bounds.

    A section that is off by default is commented out.
    """
    lines = [
        "# A Pomona recipe. Every field is shown with its default; only `sources` is required.",
        "# A section behind `# ` is off; delete these two characters to turn it on.",
        "",
    ]
    lines += _commented(model(), "")
    return "\n".join(lines) + "\n"


_EXAMPLES = {"name": "docs", "path": "./html", "sources": "", "overrides": "", "benchmarks": "[humaneval]"}
_OF_SECTION = {
    "Mixture": {"name": "core"},
    "Run": {"name": "first", "mixture": "core"},
    "Score": {"name": "first-offline", "model": "first"},
    "Study": {
        "name": "which-text",
        "baseline": "plain",
        "variants": "{plain: {weights: {docs: 1}}, short: {weights: {docs: 1}, where: n_words < 500}}",
    },
    "Judge": {"name": "first-graded", "a": "answers.jsonl", "judge": "http://localhost:8000/v1"},
}


def _commented(section: type[BaseModel], indent: str, first: str = "") -> list[str]:
    lines: list[str] = []
    lead = first or indent
    for name, info in section.model_fields.items():
        lines.append(f"{indent}# {info.description}")
        inner = inner_model(info.annotation)
        default = None if info.is_required() else info.get_default(call_default_factory=True)
        several = is_list(info.annotation)
        if inner and (not several or not indent):
            deeper, first_line = (indent + "    ", indent + "  - ") if several else (indent + "  ", "")
            written = [f"{lead}{name}:", *_commented(inner, deeper, first_line)]
            is_off = not info.is_required() and default in (None, ())
            lines += [f"# {line}" for line in written] if is_off else written
        elif info.is_required():
            lines.append(f"{lead}{name}: {(_EXAMPLES | _OF_SECTION.get(section.__name__, {}))[name]}")
        else:
            lines.append(f"{lead}{name}: {_default(default)}")
        lead = indent
    return lines
