from pathlib import Path

import polars as pl
import pytest

from corpus.errors import UserError
from corpus.lake import Lake
from pomona import kept_documents, runner
from pomona.export import FORMATS, export
from pomona.recipe import load
from tests.pomona.corpora import raw, recipe


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    root = raw(tmp_path_factory.mktemp("raw"))
    lake = Lake(root / "lake")
    list(runner.run_recipe(lake, load(recipe(root, root / "lake")), workers=1))
    return lake


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_holds_the_kept_documents(ran: Lake, tmp_path: Path, suffix: str) -> None:
    found = export(ran, str(tmp_path / f"x{suffix}"))
    path = tmp_path / f"x{suffix}"
    frame = pl.read_parquet(path) if suffix == ".parquet" else pl.read_ndjson(path)
    assert set(frame["id"]) == set(kept_documents.ids(ran).collect()["id"])
    assert frame.height == found["documents"]
    assert frame.columns == ["id", "source", "uri", "text", "license", "metadata"]
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"x{suffix}", f"x{suffix}.md"]


def test_the_card_says_what_and_how(ran: Lake, tmp_path: Path) -> None:
    export(ran, str(tmp_path / "x.parquet"))
    card = (tmp_path / "x.parquet.md").read_text()
    for part in ("| site | 30 |", "not stated", "gopher_quality.min_words", "Made by Pomona"):
        assert part in card


def test_nothing_to_export_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no kept document"):
        export(Lake(tmp_path / "none"), str(tmp_path / "x.parquet"))
    assert list(tmp_path.iterdir()) == []
