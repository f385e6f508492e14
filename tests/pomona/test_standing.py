"""Decisions hold only for what they were made from: nobody combines those that do not belong together."""

import json
import random
from pathlib import Path

import polars as pl
import pytest

import pomona
from corpus import schema
from corpus.errors import UserError
from corpus.lake import Lake
from pomona import runner, standing
from pomona.cli import main
from tests import planning
from tests.pomona.corpora import PROSE

WORDS = PROSE.split()


def text(n: int, n_words: int) -> str:
    """Prose whose words are shuffled: texts of different numbers share hardly a shingle."""
    return " ".join(random.Random(n).sample(WORDS, n_words))


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POMONA_LAKE", str(tmp_path / "lake"))
    return tmp_path


def ingest(folder: Path, source: str, *texts: str) -> None:
    path = folder / f"{source}.jsonl"
    path.write_text("".join(json.dumps({"text": one}) + "\n" for one in texts))
    assert main(["ingest", str(path), "--source", source, "--workers", "1"]) == 0


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command that ends with 2 says: one line, after what it says of its progress."""
    capsys.readouterr()
    assert main(list(arguments)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    *progress, line = err.strip().splitlines()
    assert all("work items" in one for one in progress)
    assert line.startswith("error: ")
    return line


READERS = (
    ["export", "--out", "kept.jsonl"], ["report"], ["sql", "select count(*) from kept"],
)  # fmt: skip


def rules(least: int) -> list[str]:
    return ["filter", "--rules", f"gopher_quality,gopher_quality.min_words={least}"]


def test_two_stages_never_drop_both_copies_between_them(at: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """filter; dedup keeps the longer of two copies; filter with another limit drops that one: both would be gone."""
    long, short = PROSE, PROSE.rsplit(" ", 4)[0]
    ingest(at, "web", long, short)
    assert main([*rules(10)]) == 0
    assert main(["dedup", "--threshold", "0.6", "--keep", "longest"]) == 0
    assert pomona.kept("lake").collect()["text"].to_list() == [long]
    capsys.readouterr()

    most = len(short.split()) + 2
    assert (
        main(["filter", "--rules", f"gopher_quality,gopher_quality.min_words=10,gopher_quality.max_words={most}"]) == 0
    )
    told = capsys.readouterr().err
    assert "now stage 'exact' is out of date: 'filter' ran again after it" in told
    assert "pomona dedup --threshold 0.6 --keep longest" in told
    for reader in READERS:
        assert "stage 'exact' is out of date: 'filter' ran again after it" in said(capsys, *reader)
    with pytest.raises(UserError, match="out of date"):
        pomona.kept("lake")
    assert not (at / "kept.jsonl").exists()

    assert main(["dedup", "--threshold", "0.6", "--keep", "longest"]) == 0
    assert pomona.kept("lake").collect()["text"].to_list() == [short]


def test_documents_that_came_later_are_counted_and_named(at: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ingest(at, "web", PROSE, f"{PROSE} More.")
    assert main(rules(10)) == 0
    capsys.readouterr()
    ingest(at, "code", text(1, 70), text(2, 70), text(3, 70))
    assert "3 documents came after it and are undecided (3 of source 'code')" in capsys.readouterr().err
    for reader in (["dedup"], ["decontam", "--benchmark", "humaneval"], *READERS):
        line = said(capsys, *reader)
        assert "stage 'filter' is out of date: 3 documents came after it and are undecided" in line
        assert "bring it up to date: pomona filter --rules" in line
    assert main(rules(10)) == 0
    assert main(["dedup"]) == 0
    assert main(["export", "--out", "kept.jsonl"]) == 0
    assert set(pl.read_ndjson("kept.jsonl")["source"]) == {"web", "code"}


def test_a_source_that_changed_makes_everything_out_of_date(at: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ingest(at, "web", PROSE, text(1, 70))
    assert main(["dedup"]) == 0
    (at / "web.jsonl").write_text(json.dumps({"text": text(2, 70)}) + "\n")
    assert main(["ingest", str(at / "web.jsonl"), "--source", "web", "--replace"]) == 0
    lake = Lake(at / "lake")
    assert [one.stage for one in standing.out_of_date(lake)] == ["exact", "minhash"]
    assert "documents that it saw were removed or changed, or got other ids" in said(
        capsys, "export", "--out", "k.jsonl"
    )
    assert main(["dedup"]) == 0
    assert standing.out_of_date(lake) == []
    assert pomona.kept(lake).collect().height == 1


def test_a_stage_that_is_taken_away_leaves_nothing_that_breaks_readers(
    at: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ingest(at, "web", PROSE, PROSE, f"{PROSE} Almost the same.", text(1, 70))
    assert main(["dedup", "--threshold", "0.7", "--paragraphs", "line"]) == 0
    assert pomona.kept("lake").collect().height == 2
    assert main(["dedup", "--exact-only"]) == 0
    for reader in READERS:
        assert main(reader) == 0
    kept = pomona.kept("lake").collect()
    assert kept.height == 3
    assert kept["copies"].to_list() == [2, 1, 1]
    assert kept["text"].to_list() == [PROSE, f"{PROSE} Almost the same.", text(1, 70)]
    capsys.readouterr()


def test_a_lake_on_which_nothing_was_decided_keeps_all(at: Path) -> None:
    ingest(at, "web", PROSE, PROSE)
    assert standing.out_of_date(Lake(at / "lake")) == []
    assert pomona.kept("lake").collect().height == 2


def test_an_older_versions_decisions_are_not_combined(at: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest(at, "web", PROSE, PROSE)
    lake = Lake(at / "lake")
    planning.run(["signals"], lake)
    with monkeypatch.context() as patch:
        patch.setattr("corpus.basis.basis", lambda lake, slots, through: {})
        planning.run(["exact"], lake, sources=["web"], dedup={"minhash": None})
    with pytest.raises(UserError, match="an older version made it; bring it up to date: pomona"):
        pomona.kept("lake")
    assert main(["dedup", "--exact-only"]) == 0
    assert pomona.kept("lake").collect().height == 1


def test_a_step_that_rests_on_older_decisions_passes_them_on(at: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process filters between two steps of minhash: its result must not pass for one of the new decisions."""
    ingest(at, "web", PROSE, f"{PROSE} Almost the same.", text(1, 70))
    assert main(rules(10)) == 0
    lake, section = Lake(at / "lake"), {"exact": False}
    wanted = planning.wanted(["web"], dedup=section)
    names = planning.names(dedup=section)
    planning.run(names[:-1], lake, sources=["web"], dedup=section)
    assert main(rules(20)) == 0
    planning.run(names[-1:], lake, sources=["web"], dedup=section)
    assert [one.stage for one in standing.out_of_date(lake)] == ["minhash"]
    for _ in runner.run_wanted(lake, wanted):
        pass
    assert standing.out_of_date(lake) == []


DECIDING_COMMANDS = (
    (["filter", "--rules", "gopher_quality,gopher_quality.min_words=10"], "signals"),
    (["filter", "--rules", "gopher_quality,gopher_quality.min_words=10"], "filter"),
    (["dedup", "--exact-only"], "exact"),
    (["dedup"], "signatures"), (["dedup"], "minhash:bands"), (["dedup"], "minhash:edges"),
    (["dedup"], "minhash:members"), (["dedup"], "minhash"),
    (["dedup", "--paragraphs", "line"], "paragraphs:passages"), (["dedup", "--paragraphs", "line"], "paragraphs"),
    (["dedup", "--semantic", "hashed"], "embeddings"), (["dedup", "--semantic", "hashed"], "semantic:centroids"),
    (["dedup", "--semantic", "hashed"], "semantic:members"), (["dedup", "--semantic", "hashed"], "semantic"),
)  # fmt: skip


@pytest.mark.parametrize(("command", "stage"), DECIDING_COMMANDS)
def test_documents_that_come_while_a_command_runs_are_decided_too(
    at: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], stage: str
) -> None:
    """Another process ingests just before a stage starts: its documents are neither lost nor undecided in the end."""
    ingest(at, "web", text(1, 60), text(2, 60))
    real, came = runner.run_stage, []

    def after_another(lake: Lake, name: str, *rest: object, **options: object) -> runner.Outcome:
        if name == stage and not came:
            came.append(name)
            ingest(at, "late", text(3, 60), text(4, 60), text(5, 60))
        return real(lake, name, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(runner, "run_stage", after_another)
    assert main([*command, "--workers", "1"]) == 0
    assert came == [stage]
    assert standing.out_of_date(Lake(at / "lake")) == []
    assert pomona.kept("lake").collect().height == 5


def test_documents_that_come_while_a_recipe_runs_are_decided_too(at: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("web", "late"):
        (at / f"{name}.jsonl").write_text(json.dumps({"text": text(len(name), 60)}) + "\n")
    (at / "recipe.yaml").write_text(
        "sources: [{name: web, path: web.jsonl}]\nfilter: {rules: [gopher_quality], limits: {gopher_quality.min_words: 10}}\ndedup: {minhash: {}}\n"
    )
    real, came = runner.run_stage, []

    def after_another(lake: Lake, name: str, *rest: object, **options: object) -> runner.Outcome:
        if name == "filter" and not came:
            came.append(name)
            assert main(["ingest", "late.jsonl", "--source", "late", "--workers", "1"]) == 0
        return real(lake, name, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(runner, "run_stage", after_another)
    assert main(["run", "recipe.yaml", "--workers", "1"]) == 0
    decided = Lake(at / "lake").scan("decisions", slot="filter").collect().height
    assert decided == Lake(at / "lake").scan("documents").collect().height


def test_decisions_for_fewer_documents_than_there_are_do_not_hold(at: Path) -> None:
    """However it came about: the first stage to decide has a row for each document."""
    ingest(at, "web", text(1, 60), text(2, 60))
    assert main(rules(10)) == 0
    lake = Lake(at / "lake")
    made = lake.current("decisions", "filter")
    assert made is not None
    [part] = lake.parts("decisions", "filter")
    arrow = schema.TABLES["decisions"].schema
    with lake.part_writer("decisions", "filter", "fewer", arrow) as writer:
        writer.write(lake.open_part("decisions", part).read().slice(0, 1).cast(arrow).to_batches()[0])
    lake.commit("decisions", {"filter": ["fewer"]}, made)
    assert [one.why for one in standing.out_of_date(lake)] == [
        "1 document came after it and is undecided (1 of source 'web')"
    ]


@pytest.mark.parametrize(
    ("command", "stage"),
    [(rules(10), "filter"), (["dedup", "--exact-only"], "exact"), (["dedup"], "minhash:bands"),
     (["dedup", "--semantic", "hashed"], "semantic:members")],
)  # fmt: skip
def test_documents_that_others_replace_by_as_many_are_decided_too(
    at: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], stage: str
) -> None:
    """The number of documents is the same before and after: only what the signals were made from tells."""
    ingest(at, "web", text(1, 60), text(2, 60))
    (at / "other.jsonl").write_text("".join(json.dumps({"text": text(n, 60)}) + "\n" for n in (7, 8)))
    real, came = runner.run_stage, []

    def after_another(lake: Lake, name: str, *rest: object, **options: object) -> runner.Outcome:
        if name == stage and not came:
            came.append(name)
            assert main(["ingest", "other.jsonl", "--source", "web", "--replace", "--workers", "1"]) == 0
        return real(lake, name, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(runner, "run_stage", after_another)
    assert main([*command, "--workers", "1"]) == 0
    assert standing.out_of_date(Lake(at / "lake")) == []
    assert sorted(pomona.kept("lake").collect()["text"]) == sorted([text(7, 60), text(8, 60)])


def test_stages_of_one_dedup_have_one_command(at: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each was made last by another command: two of the three would undo what the last one asked for."""
    ingest(at, "web", PROSE, f"{PROSE} More.", text(1, 80))
    assert main(rules(10)) == 0
    for options in ([], ["--threshold", "0.7"], ["--threshold", "0.7", "--paragraphs", "line"]):
        assert main(["dedup", *options]) == 0
    capsys.readouterr()
    assert main(rules(11)) == 0
    told = capsys.readouterr().err
    assert told.count("bring it up to date: pomona dedup --threshold 0.7 --paragraphs line") == 1
    assert told.count("bring it up to date: the same command") == 2
    assert main(["dedup", "--threshold", "0.7", "--paragraphs", "line"]) == 0
    assert main(["export", "--out", "kept.jsonl"]) == 0


def test_added_documents_that_the_filter_has_seen_are_no_loss(at: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ingest(at, "web", PROSE, f"{PROSE} More.")
    assert main(rules(10)) == 0
    assert main(["dedup"]) == 0
    ingest(at, "code", text(1, 70), text(2, 70))
    capsys.readouterr()
    assert main(rules(10)) == 0
    told = capsys.readouterr().err
    assert "'exact' is out of date: 'filter' ran again after it" in told
    assert "taken out" not in told


def test_explain_shows_each_decision_and_leaves_the_verdict_open(at: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ingest(at, "web", PROSE, f"{PROSE} More.")
    assert main(rules(10)) == 0
    assert main(["dedup"]) == 0
    assert main(rules(100)) == 0
    capsys.readouterr()
    assert main(["explain", "web.jsonl#0"]) == 0
    told = capsys.readouterr().out
    assert "verdict  open, since some decisions are out of date" in told
    assert "gopher_quality.min_words" in told
    assert "stage 'exact' is out of date: 'filter' ran again after it; bring it up to date: pomona dedup" in told


def test_a_source_is_dropped_by_name(at: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ingest(at, "web", PROSE)
    ingest(at, "code", text(1, 70), text(2, 70))
    assert main(rules(10)) == 0
    assert said(capsys, "drop", "cdoe").startswith("error: unknown source 'cdoe'; did you mean 'code'?")
    assert main(["drop", "code"]) == 0
    told = capsys.readouterr()
    assert "source 'code' was removed from the lake" in told.out
    assert "stage 'filter' is out of date" in told.err
    assert main(rules(10)) == 0
    assert main(["export", "--out", "kept.jsonl"]) == 0
    assert set(pl.read_ndjson("kept.jsonl")["source"]) == {"web"}


def test_the_command_of_a_section_is_the_last_one_of_all_its_families(
    at: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ingest(at, "web", *(text(n, 60) for n in range(4)))
    for command in (["dedup", "--paragraphs", "line"], ["dedup", "--threshold", "0.7"], ["dedup", "--exact-only"]):
        assert main([*command, "--workers", "1"]) == 0
    assert main(["filter", "--rules", "code", "--workers", "1"]) == 0
    [stale] = [one for one in standing.out_of_date(Lake(at / "lake")) if one.stage == "exact"]
    assert stale.command == "pomona dedup --exact-only --workers 1"
