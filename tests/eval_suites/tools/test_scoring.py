"""Metrics of answers, from files to scores."""

import json
from pathlib import Path

import pytest

from eval_suites.tools import scoring
from eval_suites.tools.categories import CATEGORIES
from eval_suites.tools.mismatch import REASONS
from tests.eval_suites.tools import bfcl_files
from tests.eval_suites.tools.test_data import files

_NO_REASON = {f"wrong_{reason}": 0.0 for reason in REASONS}


@pytest.fixture
def documents(tmp_path: Path) -> dict[str, dict[str, str]]:
    folder = bfcl_files.write(tmp_path / "data")
    return {name: scoring.documents(name, files(folder, name))[0] for name in CATEGORIES}


def test_right_answers_of_all_categories(documents: dict[str, dict[str, str]]) -> None:
    for name, document in documents.items():
        assert scoring.score(document, bfcl_files.RIGHT[name]) == {"acc": 1, "acc_bfcl": 1, "parsed": 1} | _NO_REASON, (
            name
        )


@pytest.mark.parametrize(
    ("category", "answer", "acc", "acc_bfcl", "parsed", "reason"),
    [
        ("simple_python", '{"name": "shape.area", "arguments": {"base": 10, "height": 5}}', 1, 0, 1, ""),
        ("simple_python", "```python\n[shape.area(base=10, height=5)]\n```", 1, 0, 1, ""),
        ("simple_python", "[shape.area(base=10, height=5.5)]", 0, 0, 1, "value"),
        ("simple_python", "[shape.area(base=10.0, height=5)]", 0, 0, 1, "type"),
        ("simple_python", "[area(base=10, height=5)]", 0, 0, 1, "name"),
        ("simple_python", "[shape.area(base=10)]", 0, 0, 1, "missing"),
        ("simple_python", "[shape.area(base=10, height=5, x=1)]", 0, 0, 1, "unexpected"),
        ("simple_python", "I do not know.", 0, 0, 1, "count"),
        ("simple_python", "[]", 0, 0, 1, "count"),
        ("simple_python", "[shape.area(base=10", 0, 0, 0, ""),
        ("parallel", "[play(artist='Nina Simone', minutes=20)]", 0, 0, 1, "count"),
        ("simple_java", '[Cache.put(key="a", sizes=new int[]{1}, force=true)]', 0, 0, 1, "value"),
        ("irrelevance", "[shape.area(base=10, height=5)]", 0, 0, 1, ""),
        ("irrelevance", "Try [shape.area(base=10, height=5)]?", 1, 1, 0, ""),
        (
            "irrelevance",
            '{"name": "shape.area", "arguments": {}}',
            0,
            1,
            1,
            "",
        ),  # BFCL's decoder for prompts reads no JSON
        ("live_relevance", '{"name": "anything"}', 1, 0, 1, ""),
        ("live_relevance", "No.", 0, 0, 1, ""),
    ],
)
def test_scores(
    documents: dict[str, dict[str, str]], category: str, answer: str, acc: int, acc_bfcl: int, parsed: int, reason: str
) -> None:
    reasons = _NO_REASON | ({f"wrong_{reason}": 1.0} if reason else {})
    assert scoring.score(documents[category], answer) == {"acc": acc, "acc_bfcl": acc_bfcl, "parsed": parsed} | reasons


def test_documents_hold_texts_only(documents: dict[str, dict[str, str]]) -> None:
    for name, document in documents.items():
        assert all(isinstance(one, str) for one in document.values())
        assert document["question"] == f"A question of {name}."
    assert json.loads(documents["multiple"]["target"])[0].keys() == {"shape.area"}
    assert documents["irrelevance"]["target"] == "[]"
