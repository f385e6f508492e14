"""The page of a suite: what models wrote is data in it, never markup, and a browser can sort, filter and look."""

import base64
import json
import re
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

import pomona.stages
from corpus.errors import UserError
from corpus.lake import Lake
from eval_suites import browsing, views
from pomona.page import browser
from tests.eval_suites.planted import answers, plant

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    pomona.stages.tables()
    lake = Lake(tmp_path / "lake")
    same = answers(0, 0.5, 50)
    plant(lake, "old", {"x": same, "y": np.zeros(50)})
    changed = same.copy()
    changed[7] = 1 - changed[7]
    plant(lake, "new", {"x": changed, "y": np.zeros(50)}, says=HOSTILE)
    return lake


def test_texts_of_models_are_data(lake: Lake) -> None:
    page = browser.render(lake)
    assert HOSTILE not in page
    scripts = re.findall(r"<script(.*?)>(.*?)</script>", page, re.DOTALL)
    assert len(scripts) == 2
    data = json.loads(scripts[0][1])
    assert all(HOSTILE in one["answers"][1] for one in data["items"])
    assert "<" not in scripts[0][1]


def test_only_its_own_script_may_run(lake: Lake) -> None:
    page = browser.render(lake)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1].replace("&#39;", "'")  # type: ignore[index]
    script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)[0]
    hashed = base64.b64encode(sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{hashed}'" in policy
    assert "default-src 'none'" in policy
    assert "innerHTML" not in script


def test_items_on_which_models_differ_come_first_and_no_task_is_left_out(lake: Lake) -> None:
    runs = views.runs(lake)
    got = browsing.items(lake, runs, 10)
    assert got.total == 100
    assert [one.task for one in got.rows].count("x") == [one.task for one in got.rows].count("y") == 5
    first = next(one for one in got.rows if one.task == "x")
    assert first.item == 7
    assert first.values[0] != first.values[1]
    assert first.answers[0].startswith("old says")


def test_without_scores_there_is_no_page(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no score yet"):
        browser.render(Lake(tmp_path / "other"))
