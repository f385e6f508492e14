import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from corpus.lake import Lake
from pomona import runner
from pomona.recipe import parse
from pomona.report import _beside, _breakable, charts, copies, distributions, facts, render, write
from tests.pomona.corpora import PROSE

VOID = {"meta", "br", "img", "input", "link", "hr", "line", "rect", "polyline", "wbr"}
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
    assert found_copies["matrix"] == {"names": ["raw"], "rows": [("raw", [7])]}
    assert found_copies["sizes"] == [{"name": "6 to 10", "count": 1, "share": 1.0}]
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
    shown = distributions.distributions(ran, facts.verdicts(ran))
    assert [row["name"] for row in shown] == list(distributions.SHOWN_SIGNALS)
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


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (0, "0"), (1, "1"), (50, "50"), (147.2, "147"), (199.9, "200"), (24.31, "24.3"), (6.244, "6.2"), (0.256, "0.26"),
        (0.00512, "0.0051"), (-0.5, "-0.5"), (1612.3, "1.61k"), (12_843, "12.8k"), (5_700_439, "5.7M"), (2e9, "2G"),
        (0.0000004, "0"), (float("inf"), "-"),
    ],
)  # fmt: skip
def test_ticks_are_short_and_have_no_exponent(value: float, label: str) -> None:
    assert charts._short(value) == label


def test_ticks_stay_inside_the_chart() -> None:
    chart = charts.histogram([1] * 28, [0] * 28, [i * 1000.5 for i in range(29)], [(14_000.0, "≥ 14000")], "n")
    labels = re.findall(r'<text x="([\d.]+)" y="[\d.]+" text-anchor="(\w+)">([^<]+)</text>', chart)
    for x, anchor, text in labels:
        width = 7 * len(text)  # at most, at 11 pixels
        left, right = {"start": (0, width), "middle": (width / 2, width / 2), "end": (width, 0)}[anchor]
        assert float(x) - left >= 0, text
        assert float(x) + right <= charts._WIDTH, text


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
    rows = facts.samples(lake, facts.verdicts(lake), kept=False)
    assert [row["title"] for row in rows] == ["On roads & rain", "Minutes of the spring"]
    page = render(lake)
    assert "On roads &amp; rain" in page
    assert "keeps language in {fr}" in page  # the limit in force, not the rule's own


def test_a_name_breaks_between_words_and_stays_escaped() -> None:
    assert str(_breakable("max_top.a/<b>")) == "max_<wbr>top.<wbr>a/<wbr>&lt;b&gt;"


@pytest.mark.parametrize(
    ("value", "limit", "shown"),
    [(10.04, 10.0, ("10.04", "10")), (0.75, 0.8, ("0.75", "0.8")), (3.0, 3.0, ("3", "3")), (14, 50, ("14", "50"))],
)
def test_a_value_is_told_from_its_limit(value: float, limit: float, shown: tuple[str, str]) -> None:
    assert (_beside(value, limit), _beside(limit, value)) == shown
