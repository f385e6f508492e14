"""Views of the shared tables, on rows that are written by hand."""

from pathlib import Path

import pytest

from corpus import views
from corpus.errors import UserError
from corpus.lake import Lake
from pomona import runner
from pomona.recipe import parse
from tests.pomona.corpora import PROSE

FOOTER = "Printed by the river press in the old town, where all the books of this shelf were made by hand in spring."


@pytest.fixture
def cut(tmp_path: Path) -> Lake:
    """Three documents that end with the same paragraph, and a file that is no text."""
    for i in range(3):
        (tmp_path / f"{i}.txt").write_text(f"{i}. {' '.join(PROSE.split()[i:])}\n\n{FOOTER}\n")
    (tmp_path / "x.txt").write_bytes(b"\x00\x01" * 50)
    (tmp_path / "y.png").write_bytes(b"")
    lake = Lake(tmp_path / "lake")
    text = (
        f"sources: [{{name: s, path: {tmp_path}, kind: text}}]\nfilter: null\n"
        "dedup: {exact: false, minhash: null, paragraphs: {min_words_left: 1}}"
    )
    list(runner.run_recipe(lake, parse(text), workers=1))
    return lake


def test_cuts_are_counted_and_their_texts_shown_once(cut: Lake) -> None:
    found = views.cuts(cut, "paragraphs")
    assert found is not None
    assert found.sources == (views.CutsOfSource("s", 2, 2, 2 * (len(FOOTER) + 1)),)
    [passage] = found.passages
    assert passage.text.strip() == FOOTER
    assert passage.copies == 3
    assert views.cuts(cut, "substrings") is None


def test_what_became_no_document_is_counted(cut: Lake) -> None:
    [reject] = views.rejects(cut)
    assert (reject.reason, reject.count) == ("binary", 1)
    assert reject.doc
    assert reject.examples[0].uri.endswith("x.txt")
    assert views.PassedOver("s", "file:.png", 1) in views.passed_over(cut)


def test_a_document_is_found_by_a_part_of_its_address(cut: Lake) -> None:
    ids = dict(cut.scan("documents").select("uri", "id").collect().iter_rows())
    for uri, id_ in ids.items():
        assert views.find(cut, id_) == views.find(cut, id_[:9]) == views.find(cut, uri[-5:]) == id_
    assert views.find(cut, "nowhere") is None
    with pytest.raises(UserError, match="is not one document but several"):
        views.find(cut, ".txt")
