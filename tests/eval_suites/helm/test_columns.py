"""Columns of data sets, and records in both forms."""

import pytest
from datasets import Dataset

from corpus.errors import UserError
from eval_suites.helm.columns import several, texts, values

ROWS = Dataset.from_list([{"a": {"b": {"c": f"x{i}"}}, "n": i, "t": None if i == 1 else "y"} for i in range(600)])


def test_fields_within_fields() -> None:
    assert list(values(ROWS, "a", "b", "c")) == [f"x{i}" for i in range(600)]
    assert list(values(ROWS.select([5, 3]), "n")) == [5, 3]
    assert list(texts(ROWS, "t"))[:3] == ["y", "", "y"]


def test_columns_that_are_not_there() -> None:
    with pytest.raises(UserError, match="no column 'b'; they have a, n, t"):
        list(values(ROWS, "b"))
    with pytest.raises(UserError, match=r"column 'a' of the data has no field 'b.d'"):
        list(values(ROWS, "a", "b", "d"))
    with pytest.raises(UserError, match="column 'n' of the data has no field"):
        list(values(ROWS, "n", "x"))


def test_a_record_of_lists_is_a_list_of_records() -> None:
    records = [{"text": "a", "at": 1}, {"text": "b", "at": 2}]
    assert several({"text": ["a", "b"], "at": [1, 2]}) == several(records) == records
    assert several({"text": [], "at": []}) == several(None) == several({}) == []
    assert several({"text": ["a"], "at": None}) == [{"text": "a"}]
    assert several([None, {"text": "a"}]) == [{"text": "a"}]
