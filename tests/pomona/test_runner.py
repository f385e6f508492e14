import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import pomona
from corpus.dedup.near.family import FAMILY as NEAR
from corpus.errors import UserError
from corpus.lake import Lake, Lineage
from corpus.stage import Stage
from pomona import runner, state
from pomona.cli import main
from pomona.recipe import Recipe, load, section
from pomona.stages import Wanted
from tests import planning
from tests.pomona.corpora import PROSE, raw, recipe


@pytest.fixture
def small(tmp_path: Path) -> tuple[Lake, Recipe, Path]:
    root = raw(tmp_path / "raw")
    path = recipe(root, tmp_path / "lake")
    return Lake(tmp_path / "lake"), load(path), path


def run(lake: Lake, recipe: Recipe, **options: int) -> dict[str, runner.Outcome]:
    return {outcome.stage: outcome for outcome in runner.run_recipe(lake, recipe, **options)}


def table(lake: Lake, name: str) -> pl.DataFrame:
    frame = lake.scan(name).collect()
    return frame.sort(frame.columns[:3] if name != "rejects" else ["source", "uri", "position"])


def test_the_whole_recipe_runs_and_counts_add_up(small: tuple[Lake, Recipe, Path]) -> None:
    lake, recipe, _ = small
    outcomes = run(lake, recipe, workers=1)
    assert list(outcomes) == [
        *(f"ingest:{s}" for s in ("site", "pages", "lines", "rows")),
        "signals",
        "filter",
        "exact",
        *NEAR.names(),
    ]
    assert outcomes["ingest:site"].rows == {"documents": 30, "rejects": 0, "passed_over": 30}
    assert outcomes["ingest:lines"].rows == {"documents": 30, "rejects": 2, "passed_over": 0}
    assert outcomes["signals"].rows == {"signals": 120}
    assert outcomes["filter"].rows == {"decisions": 120}
    kept = table(lake, "decisions").filter(stage="exact")
    # 30 lines are 20 texts, all of which are rows as well: 10 + 20 copies of an earlier source's text.
    assert kept.filter("kept").height == kept.height - 30


def test_a_second_run_does_nothing(small: tuple[Lake, Recipe, Path]) -> None:
    lake, recipe, _ = small
    run(lake, recipe, workers=1)
    versions = {name: lake.version(name) for name in lake.tables()}
    assert {outcome.state for outcome in run(lake, recipe, workers=1).values()} == {"current"}
    assert {name: lake.version(name) for name in lake.tables()} == versions
    assert {one.state for one in state.status(lake, recipe)} == {"current"}


def test_a_stage_is_current_only_if_all_its_outputs_are(small: tuple[Lake, Recipe, Path]) -> None:
    lake, recipe, _ = small
    run(lake, recipe, workers=1)
    stage = Wanted.by(recipe).plan("ingest:lines", lake)
    assert runner.is_current(lake, stage)
    assert len(stage.outputs) == 3
    for output in stage.outputs:
        made = lake.current(output.table, output.slot)
        assert made is not None
        keys = [part.path.rpartition("/")[2].removesuffix(".parquet") for part in lake.parts(output.table, output.slot)]
        lake.commit(output.table, {output.slot: keys}, replace(made, key="another"))
        assert not runner.is_current(lake, stage)
        lake.commit(output.table, {output.slot: keys}, made)
        assert runner.is_current(lake, stage)


def test_a_stage_commits_its_first_table_last(
    small: tuple[Lake, Recipe, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its table of documents or decisions is what readers and `status` ask: it must not be there before the others."""
    lake, recipe, _ = small
    committed: list[tuple[str, str]] = []
    commit = Lake.commit

    def seen(self: Lake, table: str, slots: dict[str, list[str]], lineage: Lineage, *rest: Any, **options: Any) -> int:
        committed.append((lineage.stage, table))
        return commit(self, table, slots, lineage, *rest, **options)

    monkeypatch.setattr(Lake, "commit", seen)
    run(lake, recipe, workers=1)
    monkeypatch.undo()
    for name in Wanted.by(recipe).names():
        outputs = [output.table for output in Wanted.by(recipe).plan(name, lake).outputs]
        assert [table for stage, table in committed if stage == name] == outputs[::-1]
    assert ("ingest:lines", "rejects") in committed


def test_the_number_of_workers_changes_nothing(small: tuple[Lake, Recipe, Path], tmp_path: Path) -> None:
    _, recipe, _ = small
    lakes = [Lake(tmp_path / f"lake{n}") for n in (1, 2)]
    for n, lake in enumerate(lakes, 1):
        run(lake, recipe, workers=n)
    for name in lakes[0].tables():
        assert table(lakes[0], name).equals(table(lakes[1], name)), name
        assert [p.path for p in lakes[0].parts(name)] == [p.path for p in lakes[1].parts(name)]


def test_a_changed_limit_redecides_and_reads_no_text(small: tuple[Lake, Recipe, Path]) -> None:
    lake, recipe, path = small
    run(lake, recipe, workers=1)
    path.write_text(path.read_text().replace("min_words: 40", "min_words: 100000"))
    changed = load(path)
    assert {s.stage: s.state for s in state.status(lake, changed)}["filter"] == "stale"
    whys = {s.stage: s.why for s in state.status(lake, changed)}
    assert whys["filter"] == "the recipe changed: rules"
    assert whys["exact"] == "filter will run before it"
    with pytest.raises(UserError, match="the stages before it kept no document"):
        run(lake, changed, workers=1)
    assert table(lake, "decisions").filter(stage="filter")["kept"].sum() == 0


def test_only_new_files_are_read_when_a_source_grows(small: tuple[Lake, Recipe, Path], tmp_path: Path) -> None:
    lake, recipe, _ = small
    run(lake, recipe, workers=1)
    (tmp_path / "raw" / "html" / "zzz.html").write_text(f"<p>Another page. {PROSE}</p>")
    whys = {s.stage: s.why for s in state.status(lake, recipe)}
    assert whys["ingest:pages"] == "its input changed: files"
    outcomes = run(lake, recipe, workers=1)
    assert outcomes["ingest:pages"].rows["documents"] == 31
    assert outcomes["ingest:site"].state == "current"
    assert outcomes["signals"].items_run == 1
    assert outcomes["signals"].rows == {"signals": 121}


def test_a_source_that_the_recipe_drops_leaves_the_newest_version(small: tuple[Lake, Recipe, Path]) -> None:
    lake, recipe, _ = small
    run(lake, recipe, workers=1)
    fewer = recipe.model_copy(update={"sources": recipe.sources[:2]})
    ran = list(run(lake, fewer, workers=1))
    assert [name for name in ran if name.startswith("drop:")] == ["drop:lines", "drop:rows"]
    assert ran.index("drop:rows") < ran.index("signals")
    assert set(table(lake, "documents")["source"]) == {"site", "pages"}
    assert table(lake, "signals").height == 60


def test_a_source_that_yields_nothing_is_an_error_with_the_causes(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('nonsense\n{"text": 1}\n{"text": 2}\n\n')
    recipe = Recipe.model_validate({"sources": [{"name": "bad", "path": str(tmp_path / "bad.jsonl")}]})
    with pytest.raises(
        UserError,
        match=r"'bad' gave no document from 1 files: not_text 2 .*, invalid_json 1 .*, passed over 1 blank line",
    ):
        run(Lake(tmp_path / "lake"), recipe, workers=1)


def test_lineage_says_what_made_each_table(small: tuple[Lake, Recipe, Path]) -> None:
    lake, recipe, _ = small
    run(lake, recipe, workers=1)
    made = lake.current("decisions", "filter")
    assert made is not None
    assert made.config["rules"]["gopher_quality.min_words"] == 40
    assert made.inputs["versions"]["signals"] == 0
    assert made.facts["n_documents"] == 120
    assert made.key == Wanted.by(recipe).plan("filter", lake).key


def test_a_new_file_costs_that_file_in_every_stage_that_looks_at_one_document_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpus.ingest.steps.ITEM_BYTES", 60_000)
    monkeypatch.setattr("filters.stages._DECIDE_BYTES", 60_000)
    folder = tmp_path / "raw"
    folder.mkdir()
    for i in range(300):
        (folder / f"m{i:03}.txt").write_text(f"Number {i}. {PROSE}")
    fields = {
        "sources": [{"name": "raw", "path": str(folder)}], "filter": {"rules": ["gopher_quality"]},
        "dedup": {"minhash": {}, "semantic": {}},
    }  # fmt: skip
    recipe, lake = Recipe.model_validate(fields), Lake(tmp_path / "lake")
    first = run(lake, recipe, workers=1)
    assert first["ingest:raw"].items > 15
    assert first["signals"].items == first["signatures"].items == first["embeddings"].items == first["ingest:raw"].items
    for name in ("aaa", "m150x", "zzz"):
        (folder / f"{name}.txt").write_text(f"Another one, {name}. {PROSE}")
        ran = run(lake, recipe, workers=1)
        for stage in ("ingest:raw", "signals", "signatures", "embeddings"):
            assert 1 <= ran[stage].items_run <= 2, (name, stage)  # two where the file itself ends a group
        assert 1 <= ran["filter"].items_run <= 4 < ran["filter"].items or ran["filter"].items < 5
        assert pl.concat([table(lake, "decisions").filter(stage="filter")]).height == table(lake, "documents").height


def test_stages_begin_anew_where_another_process_takes_their_documents_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two steps of minhash, a file is added and what no version names is deleted: signatures of a part that
    is gone are no reason for a traceback."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("POMONA_LAKE", str(tmp_path / "lake"))
    texts = [PROSE, PROSE + " Almost the same.", "Quite another text. " * 30]
    Path("a.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    assert main(["ingest", "a.jsonl", "--source", "web", "--workers", "1"]) == 0
    assert main(["signals", "--workers", "1"]) == 0
    lake, wanted = Lake(tmp_path / "lake"), planning.wanted(["web"], dedup={})
    planned: list[str] = []

    def plan(name: str) -> Stage:
        planned.append(name)
        return wanted.plan(name, lake)

    names = planning.names(dedup={})
    for outcome in runner.run_stages(lake, {name: partial(plan, name) for name in names}, workers=1):
        if outcome.stage == "minhash:components" and "minhash:members" not in planned:
            Path("b.jsonl").write_text(json.dumps({"text": "A third text comes now. " * 30}) + "\n")
            assert main(["ingest", "b.jsonl", "--source", "web", "--workers", "1"]) == 0
            assert main(["signals", "--workers", "1"]) == 0
            assert main(["lake", "--vacuum"]) == 0
    assert planned.count("minhash:members") == 2
    assert planned[-1] == "minhash"
    assert pomona.kept(lake).collect().height == 3


def test_a_fault_without_a_change_is_raised_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def plan() -> Stage:
        calls.append(1)
        raise KeyError("a fault of ours")

    with pytest.raises(KeyError):
        list(runner.run_stages(Lake(tmp_path / "lake"), {"signals": plan}))
    assert len(calls) == 1


def test_status_tells_what_will_run_after_any_setting_changed(small: tuple[Lake, Recipe, Path]) -> None:
    """Signatures of other hashes are no reason for a traceback, and those of the documents stay."""
    lake, recipe, _ = small
    recipe = recipe.model_copy(update={"dedup": section("dedup")()})
    run(lake, recipe, workers=1)
    for change in ({"threshold": 0.7}, {"hashes": 64}, {"ngram": 7}, {"bands": 20, "rows": 5}):
        changed = recipe.model_copy(update={"dedup": section("dedup").model_validate({"minhash": change})})
        states = {s.stage: s.state for s in state.status(lake, changed)}
        ran = {name: outcome.state for name, outcome in run(lake, changed, workers=1).items()}
        assert states["minhash:edges"] == "stale"
        for name in ("signals", "signatures", "minhash:bands", "minhash"):
            assert states[name] == {"ran": "stale", "current": "current"}[ran[name]], (change, name)

    limits = {"gopher_quality.min_words": 1.0}
    other = changed.model_copy(update={"filter": section("filter")(rules=("gopher_quality",), limits=limits)})
    states = {s.stage: s.state for s in state.status(lake, other)}
    ran = {name: outcome.state for name, outcome in run(lake, other, workers=1).items()}
    assert (states["filter"], states["exact"]) == ("stale", "stale")
    for name in ("signals", "signatures"):
        assert (states[name], ran[name]) == ("current", "current")
