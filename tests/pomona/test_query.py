import json
from pathlib import Path

import polars as pl
import pytest

from corpus.errors import UserError
from corpus.lake import Lake
from pomona import query as asking
from pomona.cli import main
from pomona.query import connect
from tests.pomona.corpora import PROSE


def test_tables_are_views_with_joins(ran: Lake) -> None:
    query = "select count(*) from documents join signals using (id) join decisions using (id) where stage = 'filter'"
    assert connect(ran).sql(query).fetchall() == [(120,)]


def test_a_table_that_does_not_exist_yet_is_empty(lake: Lake) -> None:
    assert connect(lake).sql("select count(*) from duplicates").fetchall() == [(0,)]


def test_versions(ran: Lake) -> None:
    assert connect(ran, {"documents": 0}).sql("select count(distinct source) from documents").fetchall() == [(1,)]
    with pytest.raises(UserError, match="unknown table"):
        connect(ran, {"nothing": 0})


@pytest.mark.parametrize(
    "query",
    [
        "select * from '{folder}/a.parquet'",
        "select * from read_csv('{folder}/a.csv')",
        "select * from read_text('/etc/hostname')",
        "copy (select 1) to '{folder}/out.csv'",
        "attach '{folder}/x.db'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "create table t as select 1; copy t to '{folder}/out.csv'",
        "export database '{folder}/out'",
    ],
)
def test_a_query_sees_the_lake_and_no_file(ran: Lake, tmp_path: Path, query: str) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(UserError):
        asking.query(ran, query.format(folder=tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.parquet"]


def test_files_are_there_when_they_are_asked_for(ran: Lake, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    asking.query(ran, f"copy (select count(*) as n from documents) to '{out}'", files=True)
    assert out.read_text().split() == ["n", "120"]
    assert asking.query(ran, f"select n from '{out}'", files=True) == (["n"], [(120,)])


def test_a_confined_query_joins_sorts_and_asks_for_kept(ran: Lake) -> None:
    text = "select d.source, count(*) from documents d semi join kept k on d.id = k.id group by 1 order by 1"
    columns, rows = asking.query(ran, text)
    assert columns == ["source", "count_star()"]
    assert sum(n for _, n in rows) > 0


def test_variables_of_this_program_are_no_tables(ran: Lake) -> None:
    secret = pl.DataFrame({"a": [1]})
    assert len(secret) == 1
    with pytest.raises(UserError, match="secret"):
        asking.query(ran, "select * from secret")


def test_an_earlier_version_is_not_mixed_with_what_is_kept_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        Path(f"{name}.jsonl").write_text(json.dumps({"text": f"{name} {PROSE}"}) + "\n")
        assert main(["ingest", f"{name}.jsonl", "--source", name, "--workers", "1"]) == 0
    capsys.readouterr()
    assert main(["sql", "select count(*) n from documents", "--at", "documents=0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"n": 1}]
    assert main(["sql", "select count(*) from kept", "--at", "documents=0"]) == 2
    assert "kept shows the newest versions" in capsys.readouterr().err

    # What a vacuum has deleted is said, and the same vacuum again is nothing new.
    assert main(["drop", "b"]) == 0
    for deleted in (True, False):
        capsys.readouterr()
        assert main(["lake", "--vacuum", "--json"]) == 0
        assert bool(json.loads(capsys.readouterr().out)["deleted"]) == deleted
    assert main(["sql", "select count(*) from documents", "--at", "documents=1"]) == 2
    assert "version 1 of documents was removed by `pomona lake --vacuum`" in capsys.readouterr().err
