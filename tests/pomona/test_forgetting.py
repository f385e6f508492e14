"""Requests to forget: what is gone, what stays exactly as it was, what cannot come back, and who has read it."""

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import pomona
from corpus import schema
from corpus.errors import UserError
from corpus.forgetting import journal, rewriting, tombstones
from corpus.lake import Lake
from corpus.mixture.stages import recorded
from corpus.shards import stages as shard_stages
from corpus.shards.stream import Stream
from pomona import forgetting, making, runner, standing
from pomona.cli import main
from pomona.kept_documents import kept
from pomona.recipe import load
from pomona.views import trace
from tests.pomona.corpora import raw, recipe
from tests.training.runs import settings, start, train
from training import loop

EVERY = """
dedup:
  minhash: {threshold: 0.97}
  paragraphs: {min_words: 5, min_words_left: 5}
decontaminate: {benchmarks: [humaneval], policy: gpt3}
tokenizer: {vocab_size: 400, fewer: true}
mixtures: [{name: all}]
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake after a recipe with every kind of table, over files of several kinds."""
    root = raw(tmp_path_factory.mktemp("whole"))
    list(runner.run_recipe(Lake(root / "lake"), load(recipe(root, root / "lake", EVERY)), workers=1))
    return root


@pytest.fixture
def lake(whole: Path, tmp_path: Path) -> Lake:
    """A copy that a test may change."""
    shutil.copytree(whole / "lake", tmp_path / "lake")
    return Lake(tmp_path / "lake")


def everything(lake: Lake) -> dict[str, pl.DataFrame]:
    """Tables with ids, without places: what must not change for other documents."""
    frames = {}
    for name in lake.tables():
        names = lake.schema(name).names
        if not schema.TABLES[name].numbered and {"id", "left"} & set(names):
            frame = lake.scan(name).drop("row_group", "row", strict=False).collect()
            key = [
                one
                for one in ("id", "left", "right", "stage", "cluster", "start", "mixture", "item", "policy")
                if one in names
            ]
            frames[name] = frame.sort(key)
    return frames


def without(frames: dict[str, pl.DataFrame], ids: set[str]) -> dict[str, pl.DataFrame]:
    left = {}
    for name, frame in frames.items():
        columns = [one for one in ("id", "left", "right") if one in frame.columns]
        left[name] = frame.filter(~pl.any_horizontal(pl.col(one).is_in(list(ids)) for one in columns))
    return left


def same(a: dict[str, pl.DataFrame], b: dict[str, pl.DataFrame]) -> None:
    assert a.keys() == b.keys()
    for name in a:
        assert a[name].equals(b[name]), name


def places_agree(lake: Lake) -> None:
    """Every row about a document is at the document's place."""
    from corpus.remaining import row_group_number

    at = {}
    for part in lake.parts("documents"):
        parquet = lake.open_part("documents", part)
        for group in range(parquet.metadata.num_row_groups):
            for row, id_ in enumerate(parquet.read_row_group(group, columns=["id"])["id"].to_pylist()):
                at[id_] = (row_group_number(part.path, group), row)
    for name in lake.tables():
        names = lake.schema(name).names
        if {"id", "row_group", "row"} <= set(names) and not schema.TABLES[name].numbered:
            for id_, group, row in lake.scan(name).select("id", "row_group", "row").collect().iter_rows():
                assert at[id_] == (group, row), name


def with_copies(lake: Lake, ids: list[str]) -> set[str]:
    """Documents with the same text as some, but for case and white space."""
    texts = lake.scan("documents").select("id", "text").collect()
    normal = {id_: " ".join(text.lower().split()) for id_, text in texts.iter_rows()}
    wanted = {normal[id_] for id_ in ids if id_ in normal}
    return {id_ for id_, text in normal.items() if text in wanted}


@pytest.mark.parametrize("n", [1, 7])
def test_documents_are_gone_from_every_table_and_others_are_as_before(lake: Lake, n: int) -> None:
    before, current = everything(lake), standing.out_of_date(lake)
    named = list(lake.scan("documents").sort("uri").collect()["id"][:: 60 // n][:n])
    ids = with_copies(lake, named)
    texts = dict(kept(lake).select("id", "text").collect().iter_rows())
    for id_ in named:
        copies = with_copies(lake, [id_])
        forgot = forgetting.forget(lake, id_, reason="asked")
        assert forgot.documents == forgot.rows.get("documents", 0) == len(copies)
    after = Lake(lake.root)
    same(everything(after), without(before, ids))
    places_agree(after)
    assert standing.out_of_date(after) == current == []
    assert dict(kept(after).select("id", "text").collect().iter_rows()) == {
        k: v for k, v in texts.items() if k not in ids
    }


def test_a_domain_goes_with_all_that_is_below_it(lake: Lake) -> None:
    uris = lake.scan("documents").filter(pl.col("source") == "site").collect()["uri"]
    host = uris[0].split("/")[2]
    forgot = forgetting.forget(lake, host)
    assert forgot.kind == "domain"
    assert forgot.documents == len(uris) > 3
    assert lake.scan("documents").filter(pl.col("source") == "site").collect().is_empty()
    places_agree(Lake(lake.root))


def test_what_was_forgotten_does_not_come_back(whole: Path, lake: Lake, tmp_path: Path) -> None:
    row = lake.scan("documents").filter(pl.col("source") == "lines").sort("uri").head(1).collect().to_dicts()[0]
    forgetting.forget(lake, row["uri"])
    recipe_path = recipe(whole, Path(lake.root), EVERY)
    states = {one.stage: one.state for one in runner.run_recipe(lake, load(recipe_path), workers=1)}
    assert states["ingest:lines"] == "current", "nothing is read again"
    assert row["id"] not in set(lake.scan("documents").collect()["id"])

    other = tmp_path / "other.jsonl"
    other.write_text(
        "\n".join(json.dumps({"text": text}) for text in (row["text"].upper(), "Something else, and long enough."))
    )
    for kind in (["--replace", "--source", "lines", str(whole / "lines.jsonl.gz")], ["--source", "other", str(other)]):
        assert main(["ingest", *kind, "--lake", lake.root, "--workers", "1"]) == 0
    again = Lake(lake.root)
    assert row["id"] not in set(again.scan("documents").collect()["id"])
    assert again.scan("documents").filter(pl.col("source") == "other").collect().height == 1, (
        "a copy of its text is refused"
    )
    rejects = again.scan("rejects").filter(pl.col("reason") == tombstones.REASON).collect()
    assert rejects.height == 2 or rejects.height == 1 + (rejects["source"] == "lines").sum()
    assert set(rejects["uri"]) == {""}, "a reject does not name what was forgotten"


def test_older_versions_have_it_until_a_vacuum(lake: Lake) -> None:
    row = lake.scan("documents").sort("uri").head(1).collect().to_dicts()[0]
    before = lake.version("documents")
    forgetting.forget(lake, row["id"])
    assert row["id"] in set(Lake(lake.root).scan("documents", version=before).collect()["id"])
    forgot = forgetting.forget(lake, row["id"], vacuum=True)
    assert forgot.files_deleted > 0
    needle = row["id"].encode()
    for path in Path(lake.root).rglob("*.parquet"):
        if "tombstones" not in str(path):
            assert needle not in path.read_bytes(), path


@pytest.mark.parametrize("table", ["signals", "decisions", "tokens", "mixtures", "documents"])
def test_a_request_that_was_stopped_is_finished_and_nobody_reads_meanwhile(
    lake: Lake, table: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(lake)
    first, second = sorted(lake.scan("documents").sort("uri").collect()["id"][3:5])
    ids = with_copies(lake, [first, second])
    original = rewriting._rewrite

    def stopped(lake: Lake, name: str, work: Any) -> int:
        if name == table:
            raise KeyboardInterrupt
        return original(lake, name, work)

    with monkeypatch.context() as patch:
        patch.setattr(rewriting, "_rewrite", stopped)
        with pytest.raises(KeyboardInterrupt):
            forgetting.forget(lake, first)
    with pytest.raises(UserError, match=f"stopped half-way; run it again: pomona forget {first}"):
        list(making.mixture(Lake(lake.root), _mixture(), workers=1))
    forgetting.forget(Lake(lake.root), second)
    after = Lake(lake.root)
    assert journal.read(after) is None
    same(everything(after), without(before, ids))
    places_agree(after)


def _mixture() -> Any:
    from corpus.mixture.settings import Mixture

    return Mixture(name="new")


def test_who_has_read_it_is_told_and_new_shards_do_not_have_it(mixed: Lake, tmp_path: Path) -> None:
    shutil.copytree(mixed.root, tmp_path / "lake")
    lake = Lake(tmp_path / "lake")
    train(lake, settings("core", model=str(start(tmp_path / "model")), tokens=2560))
    train(lake, settings("next", after="core", mixture="twice", tokens=256))
    stream = Stream(shard_stages.folder(lake, shard_stages.current(lake, "all")))
    document = stream.document_at(100)
    expected = {seen.name: (seen.tokens, seen.tokens_before) for seen in trace.trace_document(lake, document.id).runs}
    dry = forgetting.forget(lake, document.id, dry_run=True)
    assert not dry.done
    assert dry.rows == {}
    forgot = forgetting.forget(lake, document.id, vacuum=True)
    assert {run.name: (run.tokens, run.tokens_before) for run in forgot.runs} == expected
    assert expected["core"][0] > 0
    assert forgot.runs == dry.runs
    assert {one["mixture"] for one in forgot.mixtures} >= {"all"}
    assert forgot.occurrences_erased == sum(one["occurrences"] for one in forgot.shards) > 0

    old = Stream(stream.folder)
    assert set(old.tokens(document.start, document.end).tolist()) == {old.about.end}
    assert trace.trace_run(lake, "next").history[0].tokens == 2560, "the history stays"
    states = {one.stage: one.state for one in making.tokens(lake, "all", workers=1)}
    assert states["shards:all"] == "ran"
    new = Stream(shard_stages.folder(lake, shard_stages.current(lake, "all")))
    assert new.occurrences(document.id) == []
    assert new.n_documents == old.n_documents - 1


def test_a_request_about_nothing_is_recorded_too(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forget", "https://nowhere.org/x", "--lake", lake.root, "--reason", "opt-out", "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert (value["kind"], value["documents"], value["done"]) == ("uri", 0, True)
    assert main(["forget", "Nowhere.org", "--lake", lake.root]) == 0
    assert "domain nowhere.org: removed 0 documents" in capsys.readouterr().out
    assert main(["forget", "f" * 32, "--lake", lake.root, "--dry-run"]) == 0
    kinds = Lake(lake.root).scan("tombstones").sort("number").collect()
    assert kinds.select("kind", "value", "number").rows() == [
        ("uri", "https://nowhere.org/x", 1),
        ("domain", "nowhere.org", 2),
    ]
    assert main(["forget", " ", "--lake", lake.root]) == 2


def test_every_table_is_cleaned_emptied_or_about_no_document() -> None:
    about_none = {"rejects", "passed_over", "ngram_counts", "ngram_totals", "touched", "tokenizers", "shards", "runs",
                  "run_losses", "responses", "score_runs", "scores", "item_scores", "answers", "studies", "judged", "judgements", "ablations",
                  "ablation_values", "centroids", "artifact_lineage", "tombstones"}  # fmt: skip
    for name, table in schema.TABLES.items():
        names = set(table.schema.names)
        assert table.numbered or {"id", "left"} & names or name in about_none, name


def test_a_later_vacuum_erases_what_an_earlier_request_removed(mixed: Lake, tmp_path: Path) -> None:
    shutil.copytree(mixed.root, tmp_path / "lake")
    lake = Lake(tmp_path / "lake")
    list(making.tokens(lake, "all", workers=1))
    stream = Stream(shard_stages.folder(lake, shard_stages.current(lake, "all")))
    document = stream.document_at(100)
    assert forgetting.forget(lake, document.id).occurrences_erased == 0
    assert forgetting.forget(lake, document.id, vacuum=True).occurrences_erased > 0
    old = Stream(stream.folder)
    assert set(old.tokens(document.start, document.end).tolist()) == {old.about.end}


def test_no_new_shards_are_those_from_before_a_request(mixed: Lake, tmp_path: Path) -> None:
    """A mixture that is made again after a vacuum has the name that it had before."""
    shutil.copytree(mixed.root, tmp_path / "lake")
    lake = Lake(tmp_path / "lake")
    list(making.tokens(lake, "all", workers=1))
    before = shard_stages.current(lake, "all")
    document = Stream(shard_stages.folder(lake, before)).document_at(100)
    forgetting.forget(lake, document.id)
    definition = recorded(lake, "all")
    assert definition is not None
    list(making.mixture(lake, definition.model_copy(update={"seed": 99}), workers=1))
    for name in lake.tables(with_records=True):
        lake.vacuum(name, dry_run=False)
    list(making.mixture(lake, definition, workers=1))
    list(making.tokens(lake, "all", workers=1))
    assert shard_stages.current(lake, "all") != before
    assert Stream(shard_stages.folder(lake, shard_stages.current(lake, "all"))).occurrences(document.id) == []


def test_each_request_removes_what_it_names(lake: Lake, whole: Path) -> None:
    """Also after one that came twice: numbers of requests are never used again."""
    ids = lake.scan("documents").sort("uri").collect()["id"].to_list()
    for name in (ids[3], ids[3], ids[4], ids[5]):
        forgetting.forget(lake, name)
        assert name not in lake.scan("documents").collect()["id"].to_list()
    numbers = lake.scan("tombstones").collect()["number"]
    assert sorted(set(numbers.to_list())) == [1, 2, 3]


def test_requests_are_listed(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    """One line per request, whatever it named; an id that a domain named is no request."""
    assert main(["forget", "--list", "--lake", lake.root]) == 0
    assert "no request to forget yet" in capsys.readouterr().out
    name = lake.scan("documents").sort("uri").collect()["id"][3]
    forgetting.forget(lake, "nowhere.org", reason="by mail")
    forgetting.forget(lake, name)
    assert main(["forget", "--list", "--lake", lake.root, "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    asked = [(one["number"], one["kind"], one["value"], one["reason"]) for one in listed]
    assert asked == [(1, "domain", "nowhere.org", "by mail"), (2, "id", name, "")]
    assert [one.documents for one in pomona.forgotten(lake.root)] == [one["documents"] for one in listed] == [0, 1]
    assert main(["forget", "--lake", lake.root]) == 2
    assert "--list shows the requests" in capsys.readouterr().err


def test_a_kill_before_the_request_is_recorded_loses_nothing(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = lake.scan("documents").sort("uri").collect()["id"][3:5]

    def killed(*given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tombstones, "record", killed)
        with pytest.raises(KeyboardInterrupt):
            forgetting.forget(lake, first)
    with pytest.raises(UserError, match="stopped half-way"):
        list(making.mixture(Lake(lake.root), _mixture(), workers=1))
    forgetting.forget(Lake(lake.root), second)
    after = Lake(lake.root)
    assert not {first, second} & set(after.scan("documents").collect()["id"])
    assert {first, second} <= tombstones.read(after).ids


def test_parts_that_are_not_committed_do_not_bring_it_back(tmp_path: Path) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    for i in range(6):
        (folder / f"{i}.txt").write_text(f"Text number {i} has some words of its own. " * 5)
    url, how = f"{tmp_path}/lake", ["--source", "s", "--kind", "text", "--workers", "1", "--lake", f"{tmp_path}/lake"]
    assert main(["ingest", str(folder), *how]) == 0
    assert main(["ingest", str(folder), *how, "--license", "MIT", "--replace"]) == 0
    assert main(["forget", f"{folder}/3.txt", "--lake", url]) == 0
    assert main(["ingest", str(folder), *how, "--replace"]) == 0
    assert sorted(Lake(url).scan("documents").collect()["uri"]) == [f"{folder}/{i}.txt" for i in (0, 1, 2, 4, 5)]


def test_copies_of_a_document_go_with_it(tmp_path: Path) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    for name, text in (("a", "The same text. " * 9), ("b", "The  same\ntext. " * 9), ("c", "Another text. " * 9)):
        (folder / f"{name}.txt").write_text(text)
    url = f"{tmp_path}/lake"
    assert main(["ingest", str(folder), "--source", "s", "--kind", "text", "--workers", "1", "--lake", url]) == 0
    forgot = forgetting.forget(Lake(url), f"{folder}/a.txt")
    assert (forgot.documents, forgot.named) == (2, [f"{folder}/a.txt", f"{folder}/b.txt"])
    assert Lake(url).scan("documents").collect()["uri"].to_list() == [f"{folder}/c.txt"]


@pytest.mark.parametrize(
    ("wanted", "kind", "value"),
    [
        ("evil.org", "domain", "evil.org"),
        ("WWW.Evil.org.", "domain", "evil.org"),
        ("https://evil.org/", "domain", "evil.org"),
        ("münchen.de", "domain", "xn--mnchen-3ya.de"),
        ("https://evil.org/page", "uri", "https://evil.org/page"),
        ("ab" * 16, "id", "ab" * 16),
    ],
)
def test_a_domain_may_be_written_in_several_ways(lake: Lake, wanted: str, kind: str, value: str) -> None:
    assert tombstones.kind_of(lake, wanted) == (kind, value)


def test_what_parts_have_counted_stays(mixed: Lake, tmp_path: Path) -> None:
    from corpus.mixture.views import mixture

    shutil.copytree(mixed.root, tmp_path / "lake")
    lake = Lake(tmp_path / "lake")
    before = {one.group: (one.documents, one.tokens) for one in mixture(lake, "all").groups}
    forgetting.forget(lake, lake.scan("mixtures").filter(split="train", mixture="all").head(1).collect()["id"][0])
    after = mixture(Lake(lake.root), "all").groups
    assert {one.group: (one.documents, one.tokens) for one in after} == before
    assert sum(one.documents_taken for one in after) > 0


def test_an_unfinished_run_that_has_read_it_begins_again(
    mixed: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(mixed.root, tmp_path / "lake")
    lake = Lake(tmp_path / "lake")
    run = settings("core", model=str(start(tmp_path / "model")), save_minutes=1e-9)
    original = loop._Trainer._step

    def killed(self: Any, sequences: Any, progress: Any) -> Any:
        if progress.step == 3:
            raise KeyboardInterrupt
        return original(self, sequences, progress)

    with monkeypatch.context() as patch:
        patch.setattr(loop._Trainer, "_step", killed)
        with pytest.raises(KeyboardInterrupt):
            train(lake, run)
    assert list(Path(lake.root).glob("artifacts/checkpoint/.*-unfinished/state-*"))
    document = Stream(shard_stages.folder(lake, shard_stages.current(lake, "all"))).document_at(100)
    forgetting.forget(lake, document.id)
    assert not list(Path(lake.root).glob("artifacts/checkpoint/.*-unfinished"))
