"""Candidates of a mixture: every kept document once, with what predicates read."""

from pathlib import Path

import polars as pl
import pytest

from corpus.errors import UserError
from corpus.lake import Lake
from corpus.mixture.candidates import Candidates, write
from corpus.mixture.settings import Mixture


def test_each_kept_document_is_a_candidate_with_its_group(mixed: Lake) -> None:
    mixture = Mixture(name="X", groups={"short": "n_characters < 400"}, by="source")
    rows = pl.concat(Candidates(mixed, mixture, (), exact=True)())
    signals = mixed.scan("signals").select("id", "source", "n_characters", "text_hash", "row_group", "row").collect()
    expected = signals.with_columns(
        group=pl.when(pl.col("n_characters") < 400).then(pl.lit("short")).otherwise("source")
    ).sort("id")
    got = rows.sort("id")
    for name in ("id", "group", "text_hash", "row_group", "row"):
        assert got[name].to_list() == expected[name].to_list(), name


def test_no_documents_is_an_error(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the lake keeps no document"):
        write(Candidates(lake, Mixture(name="X"), (), exact=False), tmp_path / "x.parquet")
