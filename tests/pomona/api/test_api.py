"""`import pomona`: the same answers as the command line, from functions."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import pomona
from pomona.cli import main
from tests.pomona.corpora import PROSE
from tests.pomona.test_cli import HEAVY


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("POMONA_LAKE", raising=False)
    for i in range(6):
        Path(f"{i}.txt").write_text(f"{i // 2}. {PROSE}")
    Path("short.txt").write_text("Too short.")
    Path("x.txt").write_bytes(b"\x00\x01" * 40)


SECTIONS: dict[str, Any] = {"sources": [{"name": "a", "path": "*.txt"}], "filter": {"rules": ["c4"]}}


@pytest.fixture
def ran() -> Any:
    return pomona.run(SECTIONS, "lake", workers=1).lake


def test_importing_it_imports_nothing_heavy() -> None:
    code = f"import pomona, sys; print([m for m in {(*HEAVY, 'pydantic', 'typer')!r} if m in sys.modules], end='')"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]"


def test_every_name_is_there_and_says_what_it_does() -> None:
    for name in pomona.__all__:
        one = getattr(pomona, name)
        assert name == "__version__" or one.__doc__, name
    with pytest.raises(AttributeError, match="has no attribute 'nosuch'"):
        _ = pomona.nosuch  # type: ignore[attr-defined]


def test_every_table_is_known_before_anything_ran() -> None:
    code = "import pomona; lake = pomona.open('new'); print(lake.table('pairs').collect().columns)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "similarity" in told


def test_a_recipe_runs_from_a_file_a_dict_and_a_value(ran: Any) -> None:
    Path("r.yaml").write_text(json.dumps(SECTIONS))
    recipe = pomona.Recipe(**SECTIONS)
    for same in ("r.yaml", Path("r.yaml"), recipe, SECTIONS):
        assert {one.state for one in pomona.run(same, workers=1).outcomes} == {"current"}
        assert {one.state for one in pomona.status(same)} == {"current"}
        assert sum(one.items for one in pomona.plan(same)) == 0
    assert "filter" in repr(pomona.run(recipe, ran))


def test_stages_are_functions_that_do_what_the_recipe_does(ran: Any) -> None:
    lake = pomona.open("other")
    pomona.ingest(lake, "*.txt", "a", workers=1)
    pomona.signals(lake, workers=1)
    assert pomona.filter(lake, rules=["c4"], workers=1).outcomes[-1].stage == "filter"
    pomona.dedup(lake, workers=1)
    for table in ran.tables():
        assert [p.path for p in lake.parts(table)] == [p.path for p in ran.parts(table)], table
    found = pomona.decontam(lake, benchmarks=["humaneval"], workers=1)
    assert found.outcomes[-1].stage == "decontam:touched"
    assert pomona.contamination(lake).documents.looked_at == 1  # type: ignore[union-attr]

    # What is left out of the section decides no more.
    assert pomona.dedup(lake, minhash=None, workers=1).outcomes[-1].stage in ("exact", "drop:minhash")
    with pytest.raises(
        pomona.UserError, match=r"bring it up to date: pomona\.decontam\(lake, benchmarks=\['humaneval'\]\)"
    ):
        pomona.kept(lake)
    pomona.decontam(lake, benchmarks=["humaneval"], workers=1)
    assert pomona.kept(lake).select(pl.len()).collect().item() == 3


def test_what_a_lake_says(ran: Any, capsys: pytest.CaptureFixture[str]) -> None:
    kept = pomona.kept("lake").collect()
    assert (kept.height, kept["copies"].to_list()) == (1, [6])
    assert ran.table("signals").select(pl.len()).collect().item() == 7
    assert pomona.overview(ran).kept == 1
    assert pomona.duplicates(ran).copies == 5  # type: ignore[union-attr]
    assert pomona.near_misses(ran).threshold == 0.8  # type: ignore[union-attr]
    assert pomona.sql(ran, "select count(*) n from kept").to_dicts() == [{"n": 1}]
    assert pomona.compare_rules(ran, "c4", "c4,c4.min_sentences=1").documents == 7
    assert [p.limit for p in pomona.sweep_rule(ran, "c4.min_sentences", at=[1, 2]).points] == [1, 2]
    assert pomona.similar(ran, "0.txt", top=1)[0].estimate == 1.0

    explained = pomona.explain(ran, "short.txt")
    assert explained.kept is False
    assert {"kept", "decisions", "duplicates"} <= set(dir(explained))
    assert "x.txt" in repr(pomona.explain(ran, "x.txt"))
    assert main(["explain", "short.txt", "--lake", "lake"]) == 0
    assert capsys.readouterr().out == f"{explained!r}\n"
    assert explained._repr_html_().startswith("<pre")


def test_lists_print_as_tables(ran: Any) -> None:
    listed = pomona.similar(ran, "0.txt", top=3)
    assert isinstance(listed, list)
    lines = repr(listed).splitlines()
    assert lines[0].split() == ["id", "source", "uri", "estimate"]
    assert len(lines) == 2 + len(listed)
    assert listed._repr_html_().count("<tr>") == 1 + len(listed)
    assert "current" in repr(pomona.status(SECTIONS, ran))
    assert "minutes" in repr(pomona.plan(SECTIONS, ran))
    assert repr(type(listed)()) == "[]"


def test_a_report_is_shown_in_a_frame_where_nothing_runs(ran: Any) -> None:
    report = pomona.report(ran)
    shown = report._repr_html_()
    assert shown.startswith('<iframe sandbox srcdoc="&lt;!doctype html&gt;')
    assert shown.count('"') == 4  # the page is escaped: no quote of it ends the attribute
    assert "html" not in repr(report)
    assert report.save("r.html").read_text() == report.html


def test_documents_leave_the_lake(ran: Any) -> None:
    assert pomona.export(ran, "out", format="jsonl")["documents"] == 1
    with pytest.raises(pomona.UserError, match="is not empty"):
        pomona.export(ran, "out")
    pomona.drop(ran, "a")
    assert ran.table("documents").collect().is_empty()


MISTAKES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "lake": (lambda _: pomona.kept("nolake"), "there is no lake at .*nolake; make one with pomona.run"),
    "file": (lambda _: pomona.open("0.txt"), "0.txt is a file"),
    "table": (lambda lake: lake.table("signal"), "unknown table 'signal'; did you mean 'signals'"),
    "recipe": (lambda _: pomona.run("r.yaml"), "cannot read the recipe r.yaml"),
    "field": (lambda _: pomona.run({"source": 1}), "recipe: source: no such field; did you mean 'sources'"),
    "value": (lambda lake: pomona.dedup(lake, minhash={"ngram": 0}), "minhash.ngram: must be 1 or more, got 0"),
    "name": (lambda lake: pomona.filter(lake, rule=["c4"]), "rule: no such field; did you mean 'rules'"),
    "rule": (lambda lake: pomona.filter(lake, rules=["c5"]), "unknown rule set 'c5'"),
    "source": (lambda lake: pomona.dedup(lake, paragraphs={"only": ["b"]}), "paragraphs.only: unknown source 'b'"),
    "workers": (lambda lake: pomona.dedup(lake, workers=0), "workers must be a whole number of 1 or more"),
    "memory": (lambda lake: pomona.dedup(lake, memory="8"), "memory 8 is 8 bytes"),
    "section": (lambda lake: pomona.run_section(lake, "filtr"), "unknown section 'filtr'; did you mean 'filter'"),
    "order": (lambda lake: (pomona.filter(lake, rules=["c4", "fineweb"]), pomona.kept(lake)), "bring it up to date: "),
    "document": (lambda lake: pomona.explain(lake, "nowhere"), "no document or reject has the id or URI"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line(name: str, ran: Any) -> None:
    call, told = MISTAKES[name]
    with pytest.raises(pomona.UserError, match=told) as raised:
        call(ran)
    assert "\n" not in str(raised.value)


def test_lineage_has_the_call(ran: Any) -> None:
    pomona.filter(ran, rules=["c4", "c4.min_sentences=2"], workers=1)
    made = ran.current("decisions", "filter")
    assert made.facts["command"] == "pomona.filter(lake, rules=['c4', 'c4.min_sentences=2'])"
