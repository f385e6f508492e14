"""What an adversary tried through the Python face: threads, stale answers, odd arguments."""

import json
import pickle
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pomona
from tests.pomona.corpora import PROSE


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("POMONA_LAKE", raising=False)


def write(name: str, n: int = 12) -> str:
    rows = ({"text": f"{name} {i}. {PROSE}"} for i in range(n))
    Path(f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return f"{name}.jsonl"


class Mine:
    """Something of the main module's, for pickle."""


def test_threads_do_not_mix_their_texts_and_leave_the_process_as_it_was() -> None:
    names = ("alice", "bob", "carol")
    paths = {name: write(name) for name in names}
    main, errors = sys.modules["__main__"], sys.stderr
    failed: list[Exception] = []

    def ingest(name: str) -> None:
        try:
            pomona.ingest(name, paths[name], "web", workers=1)
            pomona.dedup(name, workers=2)
        except Exception as error:  # noqa: BLE001 - each is looked at below
            failed.append(error)

    threads = [threading.Thread(target=ingest, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failed == []
    for name in names:
        texts = pomona.open(name).table("documents").collect()["text"]
        assert len(texts) == 12
        assert texts.str.starts_with(name).all()
    assert sys.modules["__main__"] is main
    assert sys.stderr is errors
    pickle.dumps(Mine())


@pytest.fixture
def stale() -> Any:
    """A lake from which a source was dropped after its documents were compared."""
    pomona.ingest("lake", write("web"), "web", workers=1)
    pomona.ingest("lake", write("x"), "x", workers=1)
    pomona.dedup("lake", workers=1)
    pomona.drop("lake", "x")
    return pomona.open("lake")


@pytest.mark.parametrize("ask", ["overview", "duplicates", "near_misses", "report", "kept", "contamination"])
def test_old_and_new_results_never_mix(stale: Any, ask: str) -> None:
    with pytest.raises(pomona.UserError, match="out of date"):
        getattr(pomona, ask)(stale)


def test_signatures_of_a_dropped_source_are_not_answers(stale: Any) -> None:
    uri = stale.table("documents").collect()["uri"][0]
    assert {one.source for one in pomona.similar(stale, uri, top=50)} == {"web"}


def test_a_section_that_is_all_off_takes_its_decisions_back() -> None:
    pomona.ingest("lake", write("web"), "web", workers=1)
    pomona.dedup("lake", workers=1)
    pomona.dedup("lake", exact=False, minhash=None, workers=1)
    assert not pomona.open("lake").lineages("decisions")
    assert pomona.kept("lake").collect().height == 12


MISTAKES: dict[str, tuple[Callable[[], Any], str]] = {
    "recipe": (lambda: pomona.Recipe(fitler={}), "recipe: fitler: no such field; did you mean 'filter'"),
    "kind": (lambda: pomona.run([1]), "a recipe is a path, a dict or a pomona.Recipe, not list"),  # type: ignore[arg-type]
    "name": (lambda: pomona.ingest("lake", "a", "b", name="c"), "the name of a source is given by source="),
    "workers": (lambda: pomona.filter("lake", workers="2"), "workers must be a whole number"),
    "at": (lambda: pomona.sweep_rule("lake", "c4.min_sentences", at="20"), "at takes numbers"),
    "points": (lambda: pomona.sweep_rule("lake", "c4.min_sentences", points=1), "a sweep takes 2 or more points"),
    "rule": (lambda: pomona.sweep_rule("lake", "min_words"), "did you mean 'gopher_quality.min_words'"),
    "limits": (lambda: pomona.filter("lake", rules=["c4", "c4.min_sentences=2"], limits={"c4.min_sentences": 3}),
               "c4.min_sentences has two limits"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_an_odd_argument_is_one_line(name: str) -> None:
    pomona.ingest("lake", write("web", 2), "web", workers=1)
    call, told = MISTAKES[name]
    with pytest.raises(pomona.UserError, match=told) as raised:
        call()
    assert "\n" not in str(raised.value)


def test_equal_names_of_columns_are_told_apart_and_paths_are_taken() -> None:
    pomona.ingest("lake", Path(write("web", 2)), "web", workers=1)
    assert pomona.sql("lake", "select 1 a, 2 a").columns == ["a", "a_2"]
    assert pomona.Recipe(sources=[{"name": "web", "path": Path("web.jsonl")}]).sources[0].path == ("web.jsonl",)  # type: ignore[attr-defined]
    pomona.filter("lake", rules=["c4"], limits=None or {}, workers=1)


def test_a_damaged_part_is_named_with_what_to_do() -> None:
    lake = pomona.ingest("lake", write("web"), "web", workers=1).lake
    [part] = lake.parts("documents")
    path = Path(lake.root, "documents", part.path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(pomona.UserError, match=f"{path.name}.* make it again") as raised:
        pomona.explain("lake", "web")
    assert raised.value.__cause__ is not None
