"""Mixtures of a real lake: against the kept documents, by source, domain, language and predicate."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

from corpus.errors import UserError
from corpus.lake import Lake
from corpus.mixture import views
from corpus.mixture.settings import Mixture
from corpus.mixture.stages import recorded, slot
from corpus.task import digest
from pomona import making
from pomona.kept_documents import kept


@pytest.fixture
def own(mixed: Lake, tmp_path: Path) -> Lake:
    """A copy of the lake that a test may change."""
    shutil.copytree(mixed.root, tmp_path / "lake")
    return Lake(tmp_path / "lake")


def mix(lake: Lake, **fields: object) -> pl.DataFrame:
    settings = Mixture.model_validate({"name": "X", **fields})
    list(making.mixture(lake, settings, workers=1))
    return lake.scan("mixtures", slot=slot("X")).collect()


def test_rows_are_kept_documents_with_their_exact_tokens(mixed: Lake) -> None:
    rows = mixed.scan("mixtures", slot=slot("all")).collect()
    documents = kept(mixed).select("id", "source").collect()
    tokens = mixed.scan("tokens").select("id", "tokens", "row_group", "row").collect()
    assert rows["id"].sort().to_list() == documents["id"].sort().to_list()
    joined = rows.join(tokens, on="id", how="left", suffix="_of_tokens")
    for name in ("tokens", "row_group", "row"):
        assert joined[name].to_list() == joined[f"{name}_of_tokens"].to_list()
    assert rows.equals(rows.sort("row_group", "row")), "in the order of documents"


def test_the_view_adds_up(mixed: Lake) -> None:
    view = views.mixture(mixed, "M")
    rows = mixed.scan("mixtures", slot=slot("M")).filter(pl.col("split") == "train").collect()
    assert view.tokens == int((rows["tokens"] * rows["repeats"]).sum()) <= 30_000
    assert view.tokens > 29_000
    assert {one.group: round(one.weight, 9) for one in view.groups} == {"a": 0.7, "b": 0.3}
    for one in view.groups:
        of_source = mixed.scan("tokens").filter(pl.col("source") == one.group).collect()
        assert (one.documents, one.tokens) == (of_source.height, of_source["tokens"].sum())
        assert one.share == pytest.approx(one.weight, abs=0.02)
    assert (view.left_out_groups, view.left_out_documents) == (1, 12)


def test_repeats_are_within_the_cap(mixed: Lake) -> None:
    rows = mixed.scan("mixtures", slot=slot("twice")).filter((pl.col("group") == "c") & (pl.col("split") == "train"))
    assert set(rows.collect()["repeats"]) <= {3, 4}


def test_groups_by_domain_language_and_predicate(own: Lake) -> None:
    rows = mix(own, by="domain", weights={"(none)": 1})
    assert rows.height == 192, "addresses of these files are no URLs"
    rows = mix(own, groups={"long": "n_words > 100", "first": "source = 'a'"}, weights={"long": 1, "first": 1})
    words = own.scan("signals").select("id", "n_words").collect()
    joined = rows.join(words, on="id")
    assert set(joined.filter(pl.col("n_words") > 100)["group"]) == {"long"}
    assert set(joined.filter(pl.col("n_words") <= 100)["source"]) == {"a"}
    rows = mix(own, where="text like 'b 1%' and license is null")
    assert rows.height == 11
    rows = mix(own, by="language")
    assert set(rows["group"]) == set(own.scan("signals").collect()["language"])


def test_a_mixture_of_the_same_name_takes_the_place_of_the_one_before(own: Lake) -> None:
    mix(own, weights={"a": 1})
    rows = mix(own, weights={"b": 1})
    assert set(rows["source"]) == {"b"}
    assert recorded(own, "X") == Mixture(name="X", weights={"b": 1})
    assert views.names(own) == ["M", "X", "all", "twice"]


def test_tokens_are_estimated_before_there_is_a_tokenizer(tmp_path: Path, mixed: Lake) -> None:
    shutil.copytree(mixed.root, tmp_path / "lake")
    for table in ("tokenizers", "tokens", "mixtures", "shards"):
        shutil.rmtree(tmp_path / "lake" / table)
    lake = Lake(tmp_path / "lake")
    rows = mix(lake)
    texts = kept(lake).select("id", n=pl.col("text").str.len_bytes()).collect()
    joined = rows.join(texts, on="id")
    assert joined["tokens"].to_list() == [-(-n // 4) + 1 for n in joined["n"]]
    assert views.mixture(lake, "X").tokens_are == "estimated"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"where": "n_words > 1000000"}, "is empty"),
        ({"where": "nothing = 3"}, "unknown column 'nothing'"),
        ({"weights": {"a": 1, "nobody": 1}}, "no kept document to train on in 'nobody'"),
        ({"tokens": "5M"}, "short of text"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(own: Lake, fields: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        mix(own, **fields)
    assert views.names(own) == ["M", "all", "twice"]


def test_unknown_names() -> None:
    with pytest.raises(UserError, match="no mixture 'X' yet; make it: pomona mix --name X"):
        views.mixture(Lake("/nowhere"), "X")


def test_documents_of_a_file_are_left_out_of_both_sides(own: Lake, tmp_path: Path) -> None:
    every = mix(own, weights={"a": 1}, held_out=0.3)
    ids = sorted(every["id"])[::3]
    path = Path(own.root, "out.parquet")
    pl.DataFrame({"id": ids, "why": ["x"] * len(ids)}).write_parquet(path)
    fields = {"weights": {"a": 1}, "held_out": 0.3}
    less = mix(own, **fields, leave_out="out.parquet")  # below the lake
    assert set(less["id"]) == set(every["id"]) - set(ids)
    assert set(less["split"]) == {"train", "held_out"}

    pl.DataFrame({"id": ids[:1]}).write_parquet(path)  # another file of the same name is another mixture
    assert set(mix(own, **fields, leave_out=str(path))["id"]) == set(every["id"]) - set(ids[:1])
    assert "leave_out" not in Mixture(name="m").definition()
    assert "order_of_groups" not in Mixture(name="m", groups={"x": "true"}).definition()
    one, other = (
        Mixture(name="m", groups=groups) for groups in ({"x": "true", "a": "1 = 1"}, {"a": "1 = 1", "x": "true"})
    )
    assert digest(one.definition()) != digest(other.definition())  # a document is in the first one that it fits
    stored = json.loads(json.dumps(one.definition(), sort_keys=True))
    assert list(Mixture.defined("m", stored).groups) == ["x", "a"]
    for bad in (tmp_path / "none.parquet", own.parts("documents")[0].path):
        with pytest.raises(UserError, match="it is no Parquet file with a column id"):
            mix(own, **fields, leave_out=str(bad))


def test_of_long_documents_a_piece_is_read(own: Lake) -> None:
    every = mix(own, weights={"a": 1})
    pieces = mix(own, weights={"a": 1}, document_tokens=100, tokens=5000)
    assert pieces["tokens"].max() == 101  # and the token that ends it
    assert pieces.filter(pl.col("split") == "train").height > 40  # whole documents would be some twenty
    joined = pieces.join(every, on="id", suffix="_whole")
    assert (joined["tokens"] == joined["tokens_whole"].clip(upper_bound=101)).all()
    assert "document_tokens" not in Mixture(name="m").definition()
