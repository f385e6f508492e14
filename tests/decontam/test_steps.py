"""Decontamination over a lake: two passes, the same rows whatever the cut, a planted leak, resume."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from corpus.dedup.near.family import FAMILY as NEAR
from corpus.errors import UserError
from corpus.lake import Lake
from corpus.touched import by_item
from decontam import benchmarks, steps, views
from decontam import index as indexing
from decontam.family import FAMILY
from pomona import runner
from pomona.terminal.explanation import render
from pomona.views.explanation import Explanation, explain
from tests import planning
from tests.corpus.dedup.made import commit, prose
from tests.decontam.exams import ITEMS

Q1, A1 = ITEMS[0].question, ITEMS[0].answer
FILLER = "and so the talk went on about roads and mills until the evening came "


@pytest.fixture
def exam(tmp_path: Path) -> str:
    path = tmp_path / "exam.jsonl"
    rows = [{"id": i.item, "question": i.question, "choices": i.choices, "answer": i.answer} for i in ITEMS]
    pl.DataFrame(rows).write_ndjson(path)
    return str(path)


def decontaminate(lake: Lake, exam: str, **fields: Any) -> list[runner.Outcome]:
    section = {"benchmarks": [exam], **fields}
    return planning.run(["signals", *FAMILY.names()], lake, decontaminate=section)[1:]


def dropped(lake: Lake) -> list[str]:
    rows = lake.scan("decisions", slot="decontam").filter(~pl.col("kept")).select("id")
    return sorted(rows.join(lake.scan("documents").select("id", "uri"), on="id").collect()["uri"])


TEXTS = [prose(i) for i in range(20)] + [FILLER + Q1.upper() + FILLER, FILLER + Q1[:45], f"{Q1} {A1}", "", "..."]


def test_documents_that_hold_an_item_go_and_the_lake_says_why(lake: Lake, exam: str) -> None:
    commit(lake, TEXTS)
    decontaminate(lake, exam)
    assert dropped(lake) == ["a/00020", "a/00022"]
    rows = lake.scan("contamination").join(lake.scan("documents").select("id", "uri", "text"), on="id").collect()
    by_uri = {row["uri"]: row for row in rows.to_dicts()}
    assert set(by_uri) == {"a/00020", "a/00021", "a/00022"}
    whole = by_uri["a/00020"]
    assert (whole["benchmark"], whole["item"], whole["n"], whole["share"]) == ("exam", "q1", 13, 1.0)
    assert (
        whole["text"][whole["start"] : whole["end"]]
        == whole["ngram"]
        == "A TRAIN LEAVES THE OLD STATION AT NINE AND TRAVELS SIXTY MILES EVERY"
    )
    assert whole["count"] == 0
    assert by_uri["a/00021"]["share"] < 0.5
    decided = lake.scan("decisions", slot="decontam").filter(~pl.col("kept")).collect().to_dicts()[0]
    assert decided["reasons"] == ["decontam.coverage"]
    assert decided["measured"] == [{"rule": "decontam.coverage", "value": 1.0, "limit": 0.5}]
    assert lake.scan("decisions", slot="decontam").collect().height == len(TEXTS)
    explained = explain(lake, "a/00020")
    assert isinstance(explained, Explanation)
    assert explained.kept is False
    assert "exam q1: 100% of it; 13 words, in 0 documents without it: 'A TRAIN LEAVES" in render(explained)


def test_every_policy_says_what_it_would_drop(lake: Lake, exam: str) -> None:
    commit(lake, TEXTS)
    decontaminate(lake, exam, policy="report")
    assert dropped(lake) == []
    counts = dict(lake.scan("verdicts").group_by("policy").len().collect().iter_rows())
    assert counts == {"coverage": 2, "tulu": 2, "llama": 2, "afm": 3, "gpt3": 2}


def test_gpt3_cuts_what_it_keeps(lake: Lake, exam: str) -> None:
    text = FILLER * 10 + Q1 + " é " + FILLER * 10
    commit(lake, [text])
    decontaminate(lake, exam, policy="gpt3")
    assert dropped(lake) == []
    [cut] = lake.scan("cuts").collect().to_dicts()
    assert cut["stage"] == "decontam"
    assert text[cut["start"] + 200 : cut["end"] - 200].startswith("A train leaves")
    assert Q1.split()[0] not in text[: cut["start"]] + text[cut["end"] :]


@pytest.mark.parametrize("per_part", [1, 4])
def test_rows_are_the_same_for_any_cut(
    tmp_path: Path, exam: str, per_part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    quoted = " ".join(ITEMS[3].question.split()[:8])
    texts = [*TEXTS, *[FILLER + quoted] * 12, FILLER + ITEMS[3].question]  # common usage only over the whole corpus
    lakes = [Lake(tmp_path / "one"), Lake(tmp_path / "many")]
    commit(lakes[0], texts, per_part=1000)
    decontaminate(lakes[0], exam)
    commit(lakes[1], texts, per_part=per_part)
    monkeypatch.setattr("decontam.stages.ITEM_BYTES", 1)
    monkeypatch.setattr("decontam.stages._MOST_ITEMS", 1000)
    outcomes = decontaminate(lakes[1], exam)
    assert outcomes[-2].items > 5
    totals = [lake.scan("ngram_totals").collect() for lake in lakes]
    assert totals[0].equals(totals[1])
    assert totals[0]["documents"].max() == 12
    for table in ("decisions", "contamination", "verdicts"):
        slot = "decontam" if table == "decisions" else ""
        frames = [_by_uri(lake, table, slot) for lake in lakes]
        assert frames[0].equals(frames[1]), table
    assert dropped(lakes[0]) == ["a/00020", "a/00022", "a/00037"]


@pytest.mark.parametrize("policy", ["coverage", "afm", "tulu", "llama"])
def test_an_item_that_many_documents_quote_is_found_in_all_of_them(lake: Lake, exam: str, policy: str) -> None:
    quoting = [f"{prose(i)} {Q1 if i % 2 else Q1.upper()} {prose(i + 100)}" for i in range(60)]
    commit(lake, [*TEXTS[:20], *quoting, FILLER + Q1[:45]], per_part=7)
    decontaminate(lake, exam, policy=policy)
    assert dropped(lake)[:60] == [f"a/{i:05d}" for i in range(20, 80)]
    touched = {row["item"]: row["documents"] for row in by_item(lake).to_dicts()}
    assert touched["q1"] >= 60


def test_gpt3_cuts_an_item_that_many_documents_quote_out_of_all_of_them(lake: Lake, exam: str) -> None:
    commit(lake, [f"{FILLER * 10}{Q1} {i} {FILLER * 10}" for i in range(40)], per_part=7)
    decontaminate(lake, exam, policy="gpt3")
    assert lake.scan("cuts").collect().height == 40


def test_a_benchmark_is_read_once_for_all_stages(lake: Lake, exam: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    rows = benchmarks._rows
    monkeypatch.setattr(benchmarks, "_rows", lambda path: (reads.append(path), rows(path))[1])
    commit(lake, TEXTS)
    decontaminate(lake, exam)
    assert len(reads) == 1


def _by_uri(lake: Lake, table: str, slot: str) -> pl.DataFrame:
    """Rows by text number: ids hash the address, which names the part."""
    uris = lake.scan("documents").select("id", number=pl.col("uri").str.slice(-5))
    frame = lake.scan(table, slot=slot).join(uris, on="id").drop("id", "row_group", "row", strict=False).collect()
    return frame.sort("number", *[c for c in ("item", "policy") if c in frame.columns])


def test_what_an_earlier_stage_dropped_is_not_seen(lake: Lake, exam: str) -> None:
    commit(lake, [*TEXTS, Q1])
    planning.run(["signals", *NEAR.names()], lake, dedup={"minhash": {"threshold": 0.6}})
    kept = lake.scan("decisions", slot="minhash").filter("kept").collect().height
    decontaminate(lake, exam)
    assert lake.scan("decisions", slot="decontam").collect().height == kept


def test_nothing_runs_twice_and_another_policy_counts_nothing_again(lake: Lake, exam: str) -> None:
    commit(lake, TEXTS)
    decontaminate(lake, exam)
    assert [o.state for o in decontaminate(lake, exam)] == ["current"] * 4
    assert [o.state for o in decontaminate(lake, exam, policy="tulu")] == ["current", "current", "ran", "ran"]


def test_an_index_that_is_lost_is_made_again_by_the_same_command(lake: Lake, exam: str) -> None:
    commit(lake, TEXTS)
    decontaminate(lake, exam)
    row = lake.scan("artifact_lineage").collect().row(0, named=True)
    assert (row["stage"], row["bytes"] > 0) == ("decontam:counts", True)
    at = Path(lake.root, row["path"])
    (at / "suffixes.npy").unlink()
    with pytest.raises(UserError, match="index of the benchmarks is missing or damaged; make it again: "):
        views.read_index(lake)

    outcomes = decontaminate(lake, exam)
    assert [(o.state, o.items_run) for o in outcomes] == [("ran", 0), ("current", 0), ("current", 0), ("current", 0)]
    assert views.read_index(lake).n_words > 0
    assert lake.scan("artifact_lineage").collect().height == 1


def test_a_changed_index_is_noticed(lake: Lake, exam: str) -> None:
    import numpy as np

    commit(lake, TEXTS)
    decontaminate(lake, exam)
    key = lake.current("decisions", "decontam").config["index"]  # type: ignore[union-attr]
    at = steps.folder(lake, key)
    assert at is not None
    np.save(at / "identifies.npy", np.zeros_like(indexing.load(at).arrays.identifies))
    steps._index.cache_clear()
    with pytest.raises(UserError, match=r"a file of the benchmarks' index .* was changed; delete that folder"):
        decontaminate(lake, exam, policy="tulu")
    steps._index.cache_clear()


@pytest.mark.parametrize("bucket_or_disk", ["disk", "bucket"])
def test_an_index_of_the_earlier_version_is_used_if_it_is_whole(
    bucket_or_disk: str, request: pytest.FixtureRequest, lake: Lake, exam: str
) -> None:
    lake = lake if bucket_or_disk == "disk" else Lake(request.getfixturevalue("bucket"))
    commit(lake, TEXTS)
    decontaminate(lake, exam)
    key = lake.current("decisions", "decontam").config["index"]  # type: ignore[union-attr]
    path = f"{lake.root}/artifacts/{steps.KIND}/{key}"
    for name in indexing.FILES:  # as version 0.1 had it
        lake.fs.makedirs(f"{lake.root}/.pomona/decontam/{key}", exist_ok=True)
        lake.fs.copy(f"{path}/{name}", f"{lake.root}/.pomona/decontam/{key}/{name}")
    lake.fs.rm(path, recursive=True)
    steps._index.cache_clear()
    assert steps.is_stored(lake, key)
    assert [o.state for o in decontaminate(lake, exam)] == ["current"] * 4
    assert decontaminate(lake, exam, policy="tulu")[2].state == "ran"

    lake.fs.rm_file(f"{lake.root}/.pomona/decontam/{key}/words.npy")
    steps._index.cache_clear()
    lake.fs.invalidate_cache()
    assert not steps.is_stored(lake, key)
    assert [o.state for o in decontaminate(lake, exam, policy="tulu")] == ["ran", "current", "current", "current"]
    assert steps.folder(lake, key) is not None


@pytest.mark.parametrize(
    "row",
    [
        {"question": "Name the element.", "choices": "Argon Boron Carbon Dysprosium Erbium", "answer": "Boron"},
        {
            "question": "<b>Which</b> of&nbsp;these <i>four</i> elements %20 is <a href='x y'>named</a> after a \\textbf{town}?"
        },
        {"question": "Какой из этих элементов назван в честь города, а не страны или ученого?"},
    ],
)
def test_a_leak_of_any_item_is_planted_and_found(lake: Lake, tmp_path: Path, row: dict[str, str]) -> None:
    pl.DataFrame([row]).write_ndjson(tmp_path / "one.jsonl")
    commit(lake, [FILLER + " ".join(row.values()), FILLER])
    decontaminate(lake, str(tmp_path / "one.jsonl"))
    assert dropped(lake) == ["a/00000"]


def test_a_corpus_that_shares_nothing(lake: Lake, exam: str) -> None:
    commit(lake, [prose(i) for i in range(5)])
    decontaminate(lake, exam)
    assert dropped(lake) == []
    assert lake.scan("contamination").collect().is_empty()
