"""What is exported is what is kept, as the tools that it is for read it."""

import json
import time
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from huggingface_hub import DatasetCard

from corpus.errors import UserError
from corpus.lake import Lake
from pomona import kept_documents, runner
from pomona.cli import main
from pomona.exporting import export
from pomona.exporting.shards import FORMATS
from pomona.recipe import load
from tests.pomona.corpora import PROSE, raw, recipe

COLUMNS = ["id", "source", "uri", "text", "license", "metadata"]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Sources whose documents have no metadata, some, and other ones."""
    root = raw(tmp_path_factory.mktemp("raw"))
    texts = [f"{i}. {PROSE}\n\nThese few words stand at the end of every one of them." for i in range(9)]
    lines = [{"text": text} | ({"topic": f"t{i}", "a.b": "x"} if i % 2 else {}) for i, text in enumerate(texts)]
    (root / "topics.jsonl").write_text("\n".join(map(json.dumps, lines)))
    extra = "dedup: {minhash: null, paragraphs: {min_words: 5, min_words_left: 5}}"
    path = recipe(root, root / "lake", extra)
    more = f"  - {{name: topics, path: {root}/topics.jsonl, metadata_columns: [topic, a.b], license: MIT}}\nfilter:"
    path.write_text(path.read_text().replace("filter:", more))
    lake = Lake(root / "lake")
    list(runner.run_recipe(lake, load(path), workers=1))
    return lake


def kept(lake: Lake) -> pl.DataFrame:
    return kept_documents.kept(lake).select("id", "text").collect().sort("id")


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_holds_the_kept_documents(ran: Lake, tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"x.{kind}"
    found = export(ran, str(path))
    frame = pl.read_parquet(path) if kind == "parquet" else pl.read_ndjson(path)
    assert frame.select("id", "text").sort("id").equals(kept(ran))
    assert frame.height == found["documents"]
    assert frame.columns == COLUMNS
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"x.{kind}", f"x.{kind}.md"]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_folder_opens_in_datasets_datatrove_and_pandas(ran: Lake, tmp_path: Path, kind: str) -> None:
    import datasets
    import pandas
    from datatrove.pipeline.readers import JsonlReader, ParquetReader

    folder = tmp_path / "corpus"
    found = export(ran, str(folder), kind=kind, shard_bytes=4_000)
    want = kept(ran)
    assert found["files"] > 1

    whole = datasets.load_dataset(str(folder), split="train", cache_dir=str(tmp_path / "cache"))
    assert dict(zip(whole["id"], whole["text"], strict=True)) == dict(want.iter_rows())
    topics = {row["metadata"]["topic"] for row in whole if row["source"] == "topics"}
    assert topics >= {None, "t1", "t3"}
    streamed = datasets.load_dataset(str(folder), split="train", streaming=True)
    assert sum(1 for _ in streamed) == want.height

    reader = ParquetReader if kind == "parquet" else JsonlReader
    documents = list(reader(str(folder / "data")).run())
    assert {d.id: d.text for d in documents} == dict(want.iter_rows())
    assert all(d.metadata["source"] for d in documents)
    assert {d.metadata["a.b"] for d in documents if d.metadata["topic"] == "t3"} == {"x"}

    if kind == "parquet":
        assert len(pandas.read_parquet(folder / "data")) == want.height


def test_files_are_about_as_large_as_asked(ran: Lake, tmp_path: Path) -> None:
    export(ran, str(tmp_path / "x"), kind="jsonl", shard_bytes=8_000)
    sizes = [path.stat().st_size for path in sorted((tmp_path / "x" / "data").iterdir())]
    assert max(sizes) < 2 * 8_000
    assert min(sizes[:-1]) > 8_000 / 2
    assert sum(sizes) > 4 * 8_000


def test_equal_exports_are_equal_files(ran: Lake, tmp_path: Path) -> None:
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        export(ran, str(tmp_path / name))
        time.sleep(1.1)  # a time in whole seconds must not be in the file
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()


def test_the_card_is_one_of_hugging_face(ran: Lake, tmp_path: Path) -> None:
    export(ran, str(tmp_path / "corpus"), shard_bytes=4_000)
    card = DatasetCard.load(tmp_path / "corpus" / "README.md")
    n = kept(ran).height
    assert card.data.license == ["mit", "unknown"]
    assert card.data.language == ["en"]
    assert card.data.size_categories == ["n<1K"]
    info = card.data.to_dict()["dataset_info"]
    assert info["splits"][0]["num_examples"] == n
    shards = sorted((tmp_path / "corpus" / "data").iterdir())
    assert info["download_size"] == sum(path.stat().st_size for path in shards)
    assert [f["name"] for f in info["features"]] == pq.read_schema(shards[0]).names == COLUMNS


def test_the_card_says_what_was_dropped_by_which_stage(ran: Lake, tmp_path: Path) -> None:
    export(ran, str(tmp_path / "x.parquet"))
    card = (tmp_path / "x.parquet.md").read_text()
    decided = {slot: ran.scan("decisions", slot=slot).collect() for slot in ("filter", "exact", "paragraphs")}
    counts = {slot: (rows.height, rows.height - int(rows["kept"].sum())) for slot, rows in decided.items()}
    assert counts["exact"][1] > 0
    cut = ran.scan("cuts", slot="paragraphs").select((pl.col("end") - pl.col("start")).sum()).collect().item()
    assert cut > 0
    for part in (
        "| site | ", "not stated", "gopher_quality.min_words", "Made by Pomona", "| rejected | invalid_json | 1 |",
        *(f"| {slot} | {saw} | {dropped} | {cut if slot == 'paragraphs' else 0:,} |" for slot, (saw, dropped) in counts.items()),
    ):  # fmt: skip
        assert part in card, part
    assert str(Path(ran.url).parent) not in card  # a card is published: it tells nobody this machine's folders


def test_nothing_to_export_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no kept document"):
        export(Lake(tmp_path / "none"), str(tmp_path / "x.parquet"))
    with pytest.raises(UserError, match="holds no kept document"):
        export(Lake(tmp_path / "none"), str(tmp_path / "x"))
    assert list(tmp_path.iterdir()) == []


def test_a_lake_that_changes_meanwhile_gives_no_export(
    ran: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = iter(["before", "after"])
    monkeypatch.setattr("pomona.standing.key", lambda lake: next(keys))
    with pytest.raises(UserError, match="was changed by another command meanwhile"):
        export(ran, str(tmp_path / "x"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "{}/x.csv"], "cannot tell the format of"),
        (["--out", "{}/no/x.parquet"], "the folder {}/no does not exist; make it first"),
        (["--out", "{}/x.parquet", "--shard-bytes", "1MB"], "--format and --shard-bytes are for a folder"),
        (["--out", "{}/x.parquet", "--format", "jsonl"], "--format and --shard-bytes are for a folder"),
        (["--out", "{}/x", "--format", "csv"], "unknown --format 'csv'"),
        (["--out", "{}/x", "--shard-bytes", "5"], "--shard-bytes 5 is 5 bytes, too little"),
        (["--out", "{}/x", "--shard-bytes", "huge"], "--shard-bytes: 'huge' is not a size"),
        (["--out", "{}/full"], "is not empty; name a new one, or use --replace"),
        (["--out", "{}/full", "--replace"], "holds mine, so it is not an export; name a new one"),
        (["--out", ""], "the name is empty"),
        (["--out", "xyz://bucket/x"], "is not a place to write to; name a path, or a bucket"),
    ],
)
def test_mistakes(
    ran: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("x")
    filled = [argument.replace("{}", str(tmp_path)) for argument in arguments]
    assert main(["export", "--lake", ran.url, *filled]) == 2
    told = capsys.readouterr().err
    assert message.replace("{}", str(tmp_path)) in told
    assert told.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["full"]


def test_the_card_is_of_the_same_state_as_the_files(ran: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process decides anew after the last shard was written, before the card is."""
    import shutil

    from pomona.exporting import card

    shutil.copytree(ran.url, tmp_path / "lake")
    lake = Lake(tmp_path / "lake")
    real = card.text

    def late(*arguments: object) -> str:
        assert main(["filter", "--rules", "gopher_quality,gopher_quality.min_words=95", "--lake", lake.url]) == 0
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("pomona.exporting.card.text", late)
    with pytest.raises(UserError, match="was changed by another command meanwhile"):
        export(lake, str(tmp_path / "x"))
    assert not (tmp_path / "x").exists()


def test_a_version_in_a_name_is_no_format(ran: Lake, tmp_path: Path) -> None:
    assert export(ran, str(tmp_path / "corpus-v1.0"))["folder"] == str(tmp_path / "corpus-v1.0")


def test_odd_names_stay_in_their_place(ran: Lake, tmp_path: Path) -> None:
    export(ran, str(tmp_path / 'q"uo\nte'))
    card = DatasetCard.load(tmp_path / 'q"uo\nte' / "README.md")
    assert card.data.pretty_name == 'q"uo te'
    assert 'load_dataset("q\\"uo te", split="train")' in card.content
