"""What `./dev bench` prints: with --json nothing but claims, one a line, whatever types they were measured in."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as bench
from benchmarks.claims import Claim, Rows, claim


def measured(_: Path | None) -> Iterator[Claim | Rows]:
    yield claim("a.speed", np.float64(123456.0), 2.0, "peer 1.0", "MB/s", 2.0)
    yield Claim("a.share", np.float32(0.5), np.int64(1), "peer", "of pages", 1.0, 0.01, np.bool_(True))  # type: ignore[arg-type]
    yield Rows("A table", ("policy", "n"), [("coverage", 3)])


@pytest.fixture(autouse=True)
def one_area(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "import_module", lambda _: type("Area", (), {"run": staticmethod(measured)}))


def test_every_line_of_json_is_a_claim(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "decontam", "--json"])
    assert bench.main() == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["name"] for line in lines] == ["a.speed", "a.share"]
    assert (lines[0]["ours"], lines[1]["ok"], lines[1]["peer"]) == (123500.0, True, 1)


def test_a_table_stands_below_the_claims_for_people(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "decontam"])
    assert bench.main() == 0
    out = capsys.readouterr().out
    assert out.index("a.share") < out.index("A table") < out.index("coverage")
