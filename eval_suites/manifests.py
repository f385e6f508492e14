"""Why two numbers differ: what their manifests do not have in common."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from corpus.lake import Lake
from eval_suites import views

# What never explains a number: how long it took, and what was known before.
_NO_REASON = {"seconds", "reused", "requests", "model_key", "cut",
              "model.read", "model.written", "model.tries", "model.cost"}  # fmt: skip
_MEANING = {
    "model.fingerprint": "other weights, configuration or tokenizer",
    "model.endpoint": "another endpoint",
    "model.served": "another model of the endpoint",
    "refused": "texts that were refused, and count as empty",
    "model.dtype": "another precision",
    "model.max_length": "another context length: other prompts are cut",
    "model.device": "another device",
    "model.guardrails": "other rules around the model",
    "suite.version": "another version of the suite",
    "prompt_hash": "other rendered prompts",
    "items_hash": "other items, or other right answers",
    "shots": "another number of examples",
    "version": "another version of the task",
    "primary": "another metric counts",
    "items": "other items",
    "unparsed": "another share of answers that could not be read",
    "packages": "another version of a package",
    "settings": "another setting",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """An entry that differs."""

    entry: str  # its path in the manifest
    a: Any
    b: Any
    meaning: str


def differences(lake: Lake, a: str, b: str) -> list[Reason]:
    """Returns what differs between the manifests of two scores; nothing if they must give the same numbers."""
    first, second = (views.run(lake, one).manifest for one in (a, b))
    return [
        Reason(path, old, new, _meaning(path))
        for path, old, new in _different(first, second)
        if path not in _NO_REASON and not path.startswith("membership.") and not path.startswith("membership.")
    ]


def _different(a: Any, b: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yields (path, value in a, value in b) of the leaves that differ; None where one has no such entry."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        for key in dict.fromkeys([*a, *b]):
            yield from _different(a.get(key), b.get(key), f"{path}.{key}" if path else str(key))
    elif a != b:
        yield path, a, b


def _meaning(path: str) -> str:
    for name, meaning in _MEANING.items():
        if path == name or path.startswith(f"{name}.") or path.endswith(f".{name}"):
            return meaning
    return ""
