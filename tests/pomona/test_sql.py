import pytest

from corpus.errors import UserError
from corpus.lake import Lake
from pomona.sql import connect
from tests.pomona.test_export import ran

__all__ = ["ran"]


def test_tables_are_views_with_joins(ran: Lake) -> None:
    query = "select count(*) from documents join signals using (id) join decisions using (id) where stage = 'filter'"
    assert connect(ran).sql(query).fetchall() == [(120,)]


def test_a_table_that_does_not_exist_yet_is_empty(lake: Lake) -> None:
    assert connect(lake).sql("select count(*) from duplicates").fetchall() == [(0,)]


def test_versions(ran: Lake) -> None:
    assert connect(ran, {"documents": 0}).sql("select count(distinct source) from documents").fetchall() == [(1,)]
    with pytest.raises(UserError, match="unknown table"):
        connect(ran, {"nothing": 0})
