import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from corpus.lake import Lake
from pomona import runner
from pomona.recipe import parse
from pomona.report import charts, copies, facts, render, write
from tests.pomona.corpora import PROSE

VOID = {"meta", "br", "img", "input", "link", "hr", "line", "rect", "polyline"}
OPTIONAL = {"li", "td", "th", "tr", "p", "thead", "tbody"}


class Checker(HTMLParser):
    """Every element that must be closed is; no script, no address that is fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "iframe", "object", "link")
        assert not any(name == "src" or name.startswith("on") for name, _ in attrs)
        if tag not in VOID | OPTIONAL:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID | OPTIONAL:
            assert self.open.pop() == tag


@pytest.fixture
def ran(tmp_path: Path) -> Lake:
    (tmp_path / "raw").mkdir()
    for i in range(12):
        (tmp_path / "raw" / f"{i:02}.txt").write_text(f"{i // 2}. {PROSE}" if i < 8 else f"short {i}")
    (tmp_path / "raw" / "x.txt").write_text("<script>alert('x')</script><img src=x onerror=alert(1)> {{ 7 * 7 }}")
    (tmp_path / "raw" / "b.txt").write_bytes(b"\x00\x01" * 100)
    recipe = parse(f"sources: [{{name: raw, path: {tmp_path}/raw}}]\nfilter: {{rules: [gopher_quality, fineweb]}}")
    lake = Lake(tmp_path / "lake")
    list(runner.run_recipe(lake, recipe, workers=1))
    return lake


def test_the_page_is_self_contained_and_what_documents_say_is_escaped(ran: Lake) -> None:
    page = render(ran)
    checker = Checker()
    checker.feed(page)
    assert checker.open == []
    assert "&lt;script&gt;alert" in page
    assert "onerror=alert(1)&gt;" in page
    assert "{{ 7 * 7 }}" in page
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    assert "default-src 'none'" in page


def test_the_numbers_are_those_of_the_lake(ran: Lake) -> None:
    found = facts.verdicts(ran)
    assert [(s["name"], s["count"]) for s in facts.funnel(ran, found)] == [
        ("records that qualify", 14),
        ("documents", 13),
        ("kept by filter", 8),
        ("kept by exact", 4),
        ("kept by minhash", 1),
    ]
    [source] = facts.by_source(ran, found)
    assert (source["documents"], source["rejects"], source["filter"], source["exact"], source["minhash"]) == (
        13,
        1,
        5,
        4,
        3,
    )
    assert source["kept"] == 1
    reasons = {row["reasons"]: (row["documents"], row["alone"]) for row in facts.by_reason(ran)}
    assert reasons["gopher_quality.min_words"][0] == 5
    assert reasons["exact.duplicate"] == (4, 4)
    assert reasons["minhash.duplicate"] == (3, 3)
    found_copies = copies.duplicates(ran)
    assert found_copies is not None
    assert (found_copies["clusters"], found_copies["copies"]) == (1, 7)  # eight texts that differ in a number
    assert found_copies["by_stage"] == [("exact", 4), ("minhash", 3)]
    assert found_copies["minhash"]["matrix"] == {"names": ["raw"], "rows": [("raw", [3])]}
    assert found_copies["minhash"]["sizes"] == [{"name": "4 to 5", "count": 1, "share": 1.0}]
    assert copies.near_misses(ran)["config"]["bands"] == 14
    assert copies.contamination(ran) is None
    assert facts.rejects(ran)[0]["reason"] == "binary"
    dropped = facts.samples(ran, found, kept=False)
    assert len(dropped) == 12
    assert all(row["measured"] for row in dropped)
    assert [row["stage"] for row in facts.lineage(ran)] == [
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


def test_histograms_show_every_document_and_the_limits(ran: Lake) -> None:
    shown = facts.distributions(ran, facts.verdicts(ran))
    assert [row["name"] for row in shown] == list(facts.SHOWN_SIGNALS)
    for row in shown:
        counts = [sum(map(int, pair)) for pair in re.findall(r"(\d+) kept, (\d+) dropped", row["chart"])]
        assert counts, row["name"]
    words = next(row for row in shown if row["name"] == "n_plain_words")
    assert "≥ 50" in words["chart"]


def test_a_lake_with_documents_alone_has_a_report(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(PROSE)
    recipe = parse(f"sources: [{{name: a, path: {tmp_path}/a.txt}}]\nfilter: null\ndedup: null")
    lake = Lake(tmp_path / "lake")
    list(runner.run_recipe(lake, recipe, workers=1))
    write(lake, str(tmp_path / "r.html"))
    assert "1" in (tmp_path / "r.html").read_text()


def test_charts_escape_their_labels_and_take_no_data() -> None:
    assert "<b>" not in charts.histogram([1], [0], [0, 1], [(0.5, "<b>")], "<b>")
    assert charts.lines({}, "empty").startswith("<svg")
    assert "limit" in charts.lines({"a": [(0, 1), (10, 0)]}, "t", mark=5)
    assert "limit" not in charts.lines({"a": [(0, 1), (10, 0)]}, "t", mark=50)
