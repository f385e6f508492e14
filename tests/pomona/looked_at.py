"""A small lake of which every number is known, for the views and the report."""

from pathlib import Path

import pytest

from corpus.lake import Lake
from pomona import runner
from pomona.recipe import parse
from tests.pomona.corpora import PROSE


@pytest.fixture
def small(tmp_path: Path) -> Lake:
    (tmp_path / "raw").mkdir()
    for i in range(12):
        (tmp_path / "raw" / f"{i:02}.txt").write_text(f"{i // 2}. {PROSE}" if i < 8 else f"short {i}")
    (tmp_path / "raw" / "x.txt").write_text("<script>alert('x')</script><img src=x onerror=alert(1)> {{ 7 * 7 }}")
    (tmp_path / "raw" / "b.txt").write_bytes(b"\x00\x01" * 100)
    recipe = parse(f"sources: [{{name: raw, path: {tmp_path}/raw}}]\nfilter: {{rules: [gopher_quality, fineweb]}}")
    lake = Lake(tmp_path / "lake")
    list(runner.run_recipe(lake, recipe, workers=1))
    return lake
