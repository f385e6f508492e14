"""Charts: labels are escaped, short, and inside the picture."""

import re

import pytest

from pomona.page import charts


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


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (-0.25, 0.05, ["-0.2", "-0.1", "0.0"]),
        (-0.1, 0.26, ["-0.1", "0.0", "0.1", "0.2"]),
        (3.05, 3.35, ["3.1", "3.2", "3.3"]),
        (0.0, 0.57, ["0.0", "0.2", "0.4"]),
        (0.0, 5_000_000, ["0", "1M", "2M", "3M", "4M", "5M"]),
    ],
)
def test_ticks_are_round_and_zero_is_one(low: float, high: float, labels: list[str]) -> None:
    ticks = charts._ticks(low, high)
    assert [text for _, text in ticks] == labels
    assert all(low - 1e-9 <= value <= high + 1e-9 for value, _ in ticks)


def test_ticks_stay_inside_the_chart() -> None:
    chart = charts.histogram([1] * 28, [0] * 28, [i * 1000.5 for i in range(29)], [(14_000.0, "≥ 14000")], "n")
    labels = re.findall(r'<text x="([\d.]+)" y="[\d.]+" text-anchor="(\w+)">([^<]+)</text>', chart)
    for x, anchor, text in labels:
        width = 7 * len(text)  # at most, at 11 pixels
        left, right = {"start": (0, width), "middle": (width / 2, width / 2), "end": (width, 0)}[anchor]
        assert float(x) - left >= 0, text
        assert float(x) + right <= charts._WIDTH, text


def test_a_band_is_drawn_with_its_points_and_marks() -> None:
    points = [(0.0, 2.0, 1.8, 2.2), (0.5, 1.5, 1.4, 1.6), (1.0, 1.9, 1.7, 2.1)]
    chart = charts.band(points, [(0.2, 1.9), (0.7, 1.6), (9.0, 1.0)], [0.5, 7.0], "<surface>")
    assert chart.count("<circle") == 2  # those within the band's range
    assert chart.count("stroke-dasharray") == 1
    assert len(re.search(r'<polygon points="([^"]+)"', chart)[1].split()) == 6  # type: ignore[index]
    assert "<surface>" not in chart
    assert charts.band([], [], [], "t") == ""
    assert "polyline" in charts.band([(0.3, 1.0, 1.0, 1.0)], [], [], "t")
