"""One meaning of kept: export, report, explain, sql and Python agree, document by document."""

import json
from pathlib import Path

import polars as pl
import pytest

import pomona
from corpus.lake import Lake
from pomona import query, runner
from pomona.exporting import export
from pomona.recipe import load
from pomona.views.explanation import Explanation, explain
from pomona.views.overview import verdicts_of
from tests.pomona.corpora import EVERY_STAGE, raw, recipe


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    root = raw(tmp_path_factory.mktemp("raw"), n=12)
    lake = Lake(root / "lake")
    list(runner.run_recipe(lake, load(recipe(root, root / "lake", EVERY_STAGE)), workers=1))
    return lake


def brute_force(lake: Lake) -> dict[str, str]:
    """Text by id: every document that no decision drops, without the characters of its cuts."""
    dropped = set(lake.scan("decisions").filter(~pl.col("kept")).collect()["id"])
    cuts: dict[str, list[tuple[int, int]]] = {}
    for id_, start, end in lake.scan("cuts").select("id", "start", "end").collect().iter_rows():
        cuts.setdefault(id_, []).append((start, end))
    left = {}
    for id_, text in lake.scan("documents").select("id", "text").collect().iter_rows():
        if id_ not in dropped:
            gone = {i for start, end in cuts.get(id_, ()) for i in range(start, end)}
            left[id_] = "".join(char for i, char in enumerate(text) if i not in gone)
    return left


def plain(text: str) -> str:
    """Without the line ends that a cut leaves."""
    return text.replace("\n", "")


def test_all_readers_agree(lake: Lake, tmp_path: Path) -> None:
    want = brute_force(lake)
    rows = pomona.kept(lake).collect()
    kept = dict(rows.select("id", "text").iter_rows())
    assert {id_: plain(text) for id_, text in kept.items()} == {id_: plain(text) for id_, text in want.items()}

    export(lake, str(tmp_path / "kept.jsonl"))
    n_bytes = sum(len(text.encode()) for text in kept.values())
    card = (tmp_path / "kept.jsonl.md").read_text()
    by_source = card.split("| source | documents | bytes of text |\n")[1].split("\n\n")[0]
    table = [line.split("|")[3] for line in by_source.splitlines()[1:]]
    assert f"{n_bytes:,} bytes of text" in card
    assert sum(int(cell.replace(",", "")) for cell in table) == n_bytes  # without what was cut
    exported = [json.loads(line) for line in (tmp_path / "kept.jsonl").read_text().splitlines()]
    assert {row["id"]: row["text"] for row in exported} == kept

    columns, answer = query.query(lake, "select id, text from kept")
    assert columns == ["id", "text"]
    assert dict(answer) == kept  # type: ignore[arg-type]

    verdicts = verdicts_of(lake)
    assert set(verdicts.filter("kept")["id"]) == set(kept)
    for id_ in lake.scan("documents").select("id").collect()["id"]:
        explained = explain(lake, id_)
        assert isinstance(explained, Explanation)
        assert explained.kept == (id_ in kept)


def test_columns_predicates_and_limits_reach_the_reader(lake: Lake) -> None:
    kept = pomona.kept(lake)
    whole = kept.collect()
    assert whole.columns == ["id", "source", "uri", "text", "license", "metadata", "cluster", "copies"]
    assert kept.select("source").collect()["source"].to_list() == whole["source"].to_list()
    assert kept.filter(pl.col("source") == "rows").collect().height == whole.filter(source="rows").height
    assert kept.head(2).collect().equals(whole.head(2))
    by_source = kept.group_by("source").agg(pl.len()).collect()
    assert by_source["len"].sum() == whole.height


def test_copies_add_up_to_the_documents_that_copies_dropped(lake: Lake) -> None:
    kept = pomona.kept(lake).collect()
    dropped = lake.scan("decisions").filter(~pl.col("kept")).collect()
    by_copies = dropped.filter(pl.col("stage").is_in(["exact", "minhash", "semantic"]))["id"].n_unique()
    others = dropped.filter(~pl.col("stage").is_in(["exact", "minhash", "semantic"]))["id"].n_unique()
    n_documents = sum(part.n_rows for part in lake.parts("documents"))
    assert n_documents == kept.height + by_copies + others
    assert kept["copies"].sum() <= n_documents
    assert kept.filter(pl.col("copies") > 1)["cluster"].null_count() == 0
    assert kept.filter(pl.col("copies") == 1)["cluster"].null_count() == kept.filter(pl.col("copies") == 1).height


def test_a_view_that_is_read_twice_in_one_query(lake: Lake) -> None:
    _, [(n, m)] = query.query(lake, "select count(*), (select count(*) from kept) from kept")
    assert n == m == pomona.kept(lake).collect().height


def test_predicates_on_metadata_and_projections_of_no_column(lake: Lake) -> None:
    n = pomona.kept(lake).collect().height
    stated = pomona.kept(lake).filter(pl.col("metadata").list.len() > 0).select("id").collect()
    assert stated.height == pomona.kept(lake).collect().filter(pl.col("metadata").list.len() > 0).height
    assert pomona.kept(lake).select(pl.len()).collect().item() == n
    assert pomona.kept(lake).with_row_index().select("index").collect().height == n
