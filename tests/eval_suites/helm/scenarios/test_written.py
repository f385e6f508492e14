"""Scenarios whose answers are written: rows, shuffles that are those of the hub's library, and columns that are missing."""

from pathlib import Path

import pytest
from datasets import Dataset, DatasetDict

from corpus.errors import UserError
from eval_suites.helm.scenarios import written
from tests.eval_suites.helm import punkt


def test_solutions_of_gsm_stand_on_one_line() -> None:
    row = {"question": "How many?", "answer": "2+3 = <<2+3=5>>5\nSo five.\n#### 5"}
    made = written.gsm({"train": Dataset.from_list([row]), "test": Dataset.from_list([row])})
    assert made.asked[0].correct == ("2+3 = <<2+3=5>>5 So five. The answer is 5.",)


def test_problems_are_sorted_shuffled_and_filtered_as_by_the_library() -> None:
    rows = [
        {"problem": f"p{i * 37 % 101}é", "solution": f"s{i}", "type": "Geometry" if i % 2 else "Algebra",
         "level": f"Level {i % 3}"}
        for i in range(101)
    ]  # fmt: skip
    expected = DatasetDict({"test": Dataset.from_list(rows)}).sort("problem").shuffle(seed=42)["test"]
    wanted = [row["problem"] for row in expected if (row["type"], row["level"]) == ("Geometry", "Level 1")]
    made = written.math({"test": Dataset.from_list(rows)}, subject="Geometry", level="Level 1")
    assert [one.input for one in made.asked] == wanted
    with pytest.raises(UserError, match="no problem of the type 'Music' and the level 'Level 1'"):
        written.math({"test": Dataset.from_list(rows)}, subject="Music", level="Level 1")


def test_lines_of_legalbench() -> None:
    rows = Dataset.from_list([{"bill_title": "T", "company": None, "answer": "Yes"}])
    made = written.legalbench({"test": rows}, fields=[["Title", "bill_title"], ["Firm", "company"]])
    assert made.asked[0].input == "Title: T\nFirm: "
    with pytest.raises(UserError, match="no column 'text'"):
        written.legalbench({"test": rows}, fields=[["Text", "text"]])


def test_pairs_of_a_large_training_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    punkt.install(tmp_path, monkeypatch)
    monkeypatch.setattr(written, "_MOST_PAIRS", 30)
    rows = Dataset.from_list([{"translation": {"cs": f"c{i}", "en": f"e{i % 20}"}} for i in range(50)])
    made = written.wmt_14({"train": rows, "test": rows}, source="cs", target="en")
    shown = rows.shuffle(seed=42)[:30]["translation"]
    assert [one.correct[0] for one in made.train] == list(dict.fromkeys(pair["en"] for pair in shown))
    assert made.asked[3].input == "c3"
    with pytest.raises(UserError, match="no de or no en"):
        written.wmt_14({"test": rows}, source="de", target="en")


def test_validation_pairs_are_drawn_from_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    punkt.install(tmp_path, monkeypatch)
    rows = Dataset.from_list([{"translation": {"cs": "c", "en": "e"}}] * 1500)
    made = written.wmt_14({"validation": rows, "test": rows}, source="cs", target="en")
    assert 400 < len(made.asked) < 600
