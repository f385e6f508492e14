"""The whole circle: a suite's items leak into the corpus, decontamination finds them, and the score knows them."""

import json
from pathlib import Path

import pytest

from eval_suites import protecting
from eval_suites.settings import Score
from pomona.cli import main
from tests.eval_suites import tasks_of_files


def test_a_leaked_item_is_found_under_its_task_and_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = tasks_of_files.write(tmp_path / "own")
    rows = [json.loads(line) for line in (own / "test.jsonl").read_text().splitlines()]
    leaked = "what stands in the long and winding question number five of all the questions that were ever asked"
    rows[5]["q"] = leaked
    (own / "test.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    texts = [f"page {i}: " + " ".join(f"word{i}{j}" for j in range(60)) for i in range(8)]
    texts.append(f"somebody copied this: {leaked}, here it is")
    (tmp_path / "web.jsonl").write_text("".join(json.dumps({"text": one}) + "\n" for one in texts))

    lake = str(tmp_path / "lake")
    assert main(["ingest", str(tmp_path / "web.jsonl"), "--source", "web", "--lake", lake]) == 0
    from pomona.opening import open_lake

    settings = Score(name="s", model="none", tasks=("t_choices", "t_text"), tasks_path=str(own))
    assert protecting.protect(open_lake(lake), settings) == {"t_choices": 12, "t_text": 12}
    assert main(["decontam", "--benchmark", "humaneval", "--policy", "report", "--lake", lake]) == 0
    touched = open_lake(lake).scan("contamination").collect()
    assert ("t_choices", "5") in set(touched.select("benchmark", "item").iter_rows())
    assert ("t_text", "5") in set(touched.select("benchmark", "item").iter_rows())
    capsys.readouterr()
