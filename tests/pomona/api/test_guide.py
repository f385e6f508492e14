"""Every line of Python in docs/guides/python.md and the README runs."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.pomona.corpora import PROSE, raw

ROOT = Path(__file__).resolve().parents[3]
RECIPE = """
lake: ./lake
sources: [{name: first, path: page.html}, {name: copy, path: copy.html}]
filter: {rules: [c4]}
decontaminate: {benchmarks: [humaneval]}
"""


def blocks(name: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(), re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("recipe.yaml").write_text(RECIPE)
    for name in ("page", "copy"):
        Path(f"{name}.html").write_text(f"<html><body><p>{PROSE}</p><p>{PROSE[50:]}</p></body></html>")
    Path("crawl").mkdir()
    shutil.copy(raw(tmp_path / "raw") / "site.warc.gz", "crawl/site.warc.gz")
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_the_guide_runs_from_top_to_bottom() -> None:
    names: dict[str, Any] = {}
    for block in blocks("docs/guides/python.md"):
        exec(compile(block, "python.md", "exec"), names)
    assert names["why"].kept is True or names["why"].kept is False
    assert Path("dataset/README.md").exists()


@pytest.mark.usefixtures("folder")
def test_the_readme_runs() -> None:
    [block] = blocks("README.md")
    exec(compile(block.replace("https://example.org/page.html", "page.html"), "README.md", "exec"), {})
