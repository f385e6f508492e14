from pathlib import Path

import pytest

from corpus.lake import Lake
from tests.corpus.dedup.made import commit
from tests.decontam.exams import ITEMS
from tests.decontam.test_steps import FILLER, decontaminate, exam

__all__ = ["exam"]


def test_a_document_is_listed_once_an_item_with_its_longest_ngram(lake: Lake, exam: str) -> None:
    q1, a1, q2 = ITEMS[0].question, ITEMS[0].answer, ITEMS[1].question
    text = f"{FILLER} {' '.join(q1.split()[:9])} {FILLER} é {a1} {q2}"
    commit(lake, [text, FILLER])
    decontaminate(lake, exam)
    rows = {row["item"]: row for row in lake.scan("contamination").collect().to_dicts()}
    assert set(rows) == {"q1", "q2", "q4"}  # q4 shares the first six words of q2
    assert (rows["q4"]["n"], rows["q4"]["share"]) == (6, pytest.approx(6 / 14))
    assert rows["q1"]["n"] == 13
    assert text[rows["q1"]["start"] : rows["q1"]["end"]] == " ".join(a1.split()[:13]).rstrip(",.")
    assert rows["q2"]["share"] == 1.0


def test_a_disguised_item_is_listed_as_the_document_writes_it(lake: Lake, exam: str) -> None:
    q1 = ITEMS[0].question
    text = f"é 漢 &amp; {FILLER} {q1.replace(' ', '&nbsp;').replace('o', 'о')} <i>so</i> {FILLER}"
    commit(lake, [FILLER, text, "R&amp;D"])
    decontaminate(lake, exam)
    [row] = lake.scan("contamination").collect().to_dicts()
    assert (row["item"], row["n"], row["share"]) == ("q1", 13, 1.0)
    assert text[row["start"] : row["end"]] == row["ngram"]
    assert row["ngram"].startswith("A&nbsp;train&nbsp;leaves&nbsp;the&nbsp;оld&nbsp;statiоn")


def test_afm_lists_items_by_short_ngrams(lake: Lake, exam: str, tmp_path: Path) -> None:
    commit(lake, ["They met where argon boron carbon dysprosium lay about.", FILLER])
    decontaminate(lake, exam, policy="afm")
    [row] = lake.scan("contamination").collect().to_dicts()
    assert (row["item"], row["n"], row["ngram"]) == ("q3", 4, "argon boron carbon dysprosium")
