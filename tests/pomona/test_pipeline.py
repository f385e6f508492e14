"""The order of stage families: a new family is one folder and one line; what an earlier version made stays current."""

import ast
import json
import tarfile
from pathlib import Path

import polars as pl
import pytest

from corpus import schema
from corpus.errors import UserError
from corpus.lake import Lake
from filters.rules import RULE_SETS
from pomona import docs, kept_documents, page, pipeline, runner, standing, state
from pomona.cli import main
from pomona.recipe import load, parse
from pomona.recipe.text import fields
from pomona.stages import Wanted, deciding, family_of, meanings, order, tables
from pomona.views.explanation import Explanation, explain
from tests.pomona.corpora import PROSE
from tests.toy.family import FAMILY as TOY

ROOT = Path(__file__).resolve().parents[2]
EARLIER = Path(__file__).parent / "data" / "earlier-lake.tar.xz"


def test_every_family_has_its_room() -> None:
    for family in pipeline.FAMILIES:
        for entry in family.stages:
            assert callable(family.planner(entry.name)), (family.name, entry.name)
        own = (family.name, *RULE_SETS) if family.name == "filter" else (family.name,)
        assert all(reason.startswith(tuple(f"{name}." for name in own)) for reason in family.meanings())
        assert family.settings is None or family.settings.__doc__
    names = [name for family in pipeline.FAMILIES for name in family.names()]
    assert len(set(names)) == len(names)
    assert {table.name for table in tables()} <= schema.TABLES.keys()


def test_the_application_knows_no_stage_by_name() -> None:
    """Commands and functions are called as sections; everything else derives."""
    allowed = {"pipeline.py", "cli.py"}
    names = {name for family in pipeline.FAMILIES for name in family.names()} - {"filter", "signals"}
    for path in (ROOT / "pomona").rglob("*.py"):
        if path.name in allowed or "commands" in path.parts or path == ROOT / "pomona" / "__init__.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value not in names, (path.name, node.value)


@pytest.fixture
def with_toy(monkeypatch: pytest.MonkeyPatch) -> None:
    place = next(i for i, family in enumerate(pipeline.FAMILIES) if family.name == "exact")
    with_it = (*pipeline.FAMILIES[:place], TOY, *pipeline.FAMILIES[place:])
    monkeypatch.setattr(pipeline, "FAMILIES", with_it)
    TOY.tables()


@pytest.mark.usefixtures("with_toy")
def test_a_toy_family_runs_resumes_reports_and_is_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    texts = [PROSE, PROSE.upper(), f"Another text. {PROSE}"]
    Path("a.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    Path("r.yaml").write_text("sources: [{name: a, path: a.jsonl}]\nfilter: null\nshout: {most_capitals: 0.3}\n")
    lake, recipe = Lake(tmp_path / "lake"), load("r.yaml")

    outcomes = list(runner.run_recipe(lake, recipe, workers=1))
    assert [o.stage for o in outcomes][:4] == ["ingest:a", "signals", "shout", "exact"]
    assert lake.scan("decisions", slot="shout").collect()["kept"].to_list().count(False) == 1
    assert lake.scan("decisions", slot="exact").collect().height == 2  # which sees what the toy left
    assert kept_documents.kept(lake).collect().height == 1  # and minhash merges these two
    assert lake.scan("loudness").collect().height == 3
    assert {o.state for o in runner.run_recipe(lake, recipe, workers=1)} == {"current"}

    # Another limit: it and all that rests on it run again.
    other = parse("sources: [{name: a, path: a.jsonl}]\nfilter: null\nshout: {most_capitals: 1.0}\n")
    states = {one.stage: one.state for one in state.status(lake, other)}
    assert (states["signals"], states["shout"], states["exact"]) == ("current", "stale", "stale")

    # It is in the plan, the report, the explanation, the recipe and the references.
    assert main(["plan", "r.yaml", "--json"]) == 0
    assert any(row["stage"] == "shout" for row in json.loads(capsys.readouterr().out)["stages"])
    shown = page.render(lake)
    assert "kept by shout" in shown
    assert "It is written in capitals" in shown
    dropped = lake.scan("decisions", slot="shout").filter(~pl.col("kept")).collect()["id"][0]
    found = explain(lake, dropped)
    assert isinstance(found, Explanation)
    assert found.decisions[0]["measured"][0]["rule"] == "shout.capitals"
    assert ("shout.most_capitals", "0.5") in [(path, default) for path, _, default, _ in fields()]
    assert "shout" in order()
    assert any(table.name == "loudness" for table in tables())

    # It has a command, with its settings as options.
    assert main(["shout", "--most-capitals", "1", "--lake", lake.url, "--workers", "1"]) == 0
    assert "shout: 3 decisions, 1 loudness, 3 kept" in capsys.readouterr().out.replace("3 loudness", "1 loudness")
    assert lake.scan("decisions", slot="shout").collect()["kept"].all()
    assert main(["shout", "--most-capitals", "2"]) == 2
    assert "--most-capitals: must be at most 1.0, got 2.0" in capsys.readouterr().err
    assert "## pomona shout" in docs.command_line()

    # Workers know its tables, too.
    again = Lake(tmp_path / "again")
    for number in range(3):  # three parts, so that two workers have work
        Path(f"{number}.jsonl").write_text(json.dumps({"text": f"{number}. {PROSE}"}) + "\n")
    names = ", ".join(f"{{name: s{number}, path: {number}.jsonl}}" for number in range(3))
    list(runner.run_recipe(again, parse(f"sources: [{names}]\nfilter: null\ndedup: null\nshout: {{}}\n"), workers=2))
    assert again.scan("loudness").collect().height == 3

    # A recipe without it takes its decisions back.
    without = parse("sources: [{name: a, path: a.jsonl}]\nfilter: null\n")
    assert "drop:shout" in [o.stage for o in runner.run_recipe(lake, without, workers=1)]
    assert standing.out_of_date(lake) == []
    assert kept_documents.kept(lake).collect().height == 1


@pytest.mark.usefixtures("with_toy")
def test_a_mistake_in_a_toy_section_names_the_line() -> None:
    with pytest.raises(UserError, match=r"r line 2: shout.most_capital: no such field; did you mean 'most_capitals'\?"):
        parse("sources: [{name: a, path: x}]\nshout: {most_capital: 0.1}\n", "r")
    with pytest.raises(UserError, match=r"r line 2: shout.most_capitals: must be at most 1.0, got 2"):
        parse("sources: [{name: a, path: x}]\nshout: {most_capitals: 2}\n", "r")


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, Wanted]:
    """A lake that version 0.1 made with every stage, before families were values; and its recipe."""
    root = tmp_path_factory.mktemp("earlier")
    with tarfile.open(EARLIER) as archive:
        archive.extractall(root, filter="data")
    return Lake(root / "lake"), Wanted.by(load(root / "recipe.yaml"))


def test_a_lake_of_the_earlier_version_is_current(earlier: tuple[Lake, Wanted]) -> None:
    lake, wanted = earlier
    for name in wanted.names()[len(wanted.sources) :]:  # its raw files are not there
        assert runner.is_current(lake, wanted.plan(name, lake)), name
    assert standing.out_of_date(lake) == []
    assert kept_documents.kept(lake).collect().height == 7


def test_the_same_documents_give_the_same_parts_as_in_the_earlier_version(
    earlier: tuple[Lake, Wanted], tmp_path: Path
) -> None:
    """Part names are hashes of what a work item read and how: equal names are equal items, in every table."""
    import shutil

    before, wanted = earlier
    after = Lake(tmp_path / "lake")
    for table in ("documents", "rejects", "passed_over"):
        shutil.copytree(f"{before.root}/{table}", f"{after.root}/{table}")
    names = wanted.names()[len(wanted.sources) :]
    for _ in runner.run_stages(after, {name: wanted.plans(after)[name] for name in names}, workers=1):
        pass
    assert after.tables() == before.tables()
    assert set(after.tables(with_records=True)) - set(before.tables()) == {"artifact_lineage"}
    for table in before.tables():
        assert [part.path for part in after.parts(table)] == [part.path for part in before.parts(table)], table


def test_names_of_families_resolve() -> None:
    assert family_of("minhash:edges").name == "minhash"
    assert family_of("ingest:web").per_entry
    with pytest.raises(UserError, match="no stage is called 'nosuch'"):
        family_of("nosuch")
    assert deciding()[0] == "filter"
    assert meanings()["paragraphs.min_words_left"].startswith("It had too few words left")
    assert meanings()["decontam.gpt3"]
    assert meanings()["gopher_quality.min_words"].endswith("keeps n_plain_words >= 50")


def test_false_and_null_turn_a_family_off_and_nothing_else_does() -> None:
    sources = "sources: [{name: a, path: x}]\n"
    on = Wanted.by(parse(sources)).settings.keys()
    assert on == {"ingest", "signals", "filter", "exact", "minhash"}
    off = parse(f"{sources}filter: null\ndedup: {{exact: false, minhash: null, paragraphs: {{min_words_left: 0}}}}\n")
    assert Wanted.by(off).settings.keys() == {"ingest", "signals", "paragraphs"}
    assert Wanted.by(off).unwanted() == tuple(name for name in deciding() if name != "paragraphs")
    assert Wanted.by(parse(f"{sources}dedup: null\n")).settings.keys() == {"ingest", "signals", "filter"}
