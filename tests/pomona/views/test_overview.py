"""What the views of a lake say, against a lake of which every number is known."""

from pathlib import Path

from corpus import views
from corpus.dedup.near.views import near_misses
from corpus.dedup.views import BySource, Size, duplicates
from corpus.lake import Lake
from decontam.views import is_decontaminated
from pomona import runner
from pomona.page import render
from pomona.recipe import parse
from pomona.views import overview
from pomona.views.lineage import lineage
from tests.pomona.corpora import PROSE
from tests.pomona.looked_at import small

__all__ = ["small"]


def test_the_numbers_are_those_of_the_lake(small: Lake) -> None:
    found = overview.overview(small)
    assert [(step.name, step.count) for step in found.funnel] == [
        ("records that qualify", 14),
        ("documents", 13),
        ("kept by filter", 8),
        ("kept by exact", 4),
        ("kept by minhash", 1),
    ]
    [source] = found.sources
    assert (source.documents, source.rejects, source.kept) == (13, 1, 1)
    assert source.dropped == {"filter": 5, "exact": 4, "minhash": 3}
    assert (found.documents, found.kept, found.words_kept) == (13, 1, source.words)
    reasons = {reason.reason: reason for reason in found.reasons}
    assert reasons["gopher_quality.min_words"].documents == 5
    assert reasons["gopher_quality.min_words"].doc.endswith("keeps n_plain_words >= 50")
    assert (reasons["exact.duplicate"].documents, reasons["exact.duplicate"].alone) == (4, 4)
    assert (reasons["minhash.duplicate"].documents, reasons["minhash.duplicate"].alone) == (3, 3)


def test_duplicates_are_counted_once_over_all_families(small: Lake) -> None:
    found = duplicates(small)
    assert found is not None
    assert (found.clusters, found.copies) == (1, 7)  # eight texts that differ in a number
    assert found.by_stage == (("exact", 4), ("minhash", 3))
    assert found.by_source == BySource(("raw",), (("raw", (7,)),))
    assert found.sizes == (Size("6 to 10", 1, 1.0),)
    [cluster] = found.largest
    assert cluster.members == 8
    assert [member.stays for member in cluster.documents] == [True, False, False, False, False]
    near = near_misses(small)
    assert near is not None
    assert near.bands == 14
    assert not is_decontaminated(small)
    assert views.rejects(small)[0].reason == "binary"


def test_samples_and_lineage(small: Lake) -> None:
    dropped = overview.samples(small, overview.verdicts_of(small), kept=False)
    assert len(dropped) == 12
    assert all(sample.measured for sample in dropped)
    assert [made.stage for made in lineage(small)] == [
        "ingest:raw",
        "signals",
        "filter",
        "exact",
        "signatures",
        "minhash:bands",
        "minhash:edges",
        "minhash:components",
        "minhash:members",
        "minhash",
    ]


def test_documents_are_listed_by_title_or_first_line(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        f"<html><head><title>On roads &amp; rain</title></head><body><p>{PROSE}</p></body></html>"
    )
    (tmp_path / "b.txt").write_text(f"\n\n  Minutes   of the spring\n\n{PROSE} And more.")
    recipe = parse(
        f"sources:\n  - {{name: page, path: {tmp_path}/a.html}}\n  - {{name: text, path: {tmp_path}/b.txt}}\n"
        "filter: {rules: [language], languages: [fr]}\ndedup: null"
    )
    lake = Lake(tmp_path / "lake")
    list(runner.run_recipe(lake, recipe, workers=1))
    rows = overview.samples(lake, overview.verdicts_of(lake), kept=False)
    assert [row.title for row in rows] == ["On roads & rain", "Minutes of the spring"]
    page = render(lake)
    assert "On roads &amp; rain" in page
    assert "keeps language in {fr}" in page  # the limit in force, not the rule's own
