"""Scores of tasks that say for themselves what they read, and how scores of items become one number."""

import json
import math
from pathlib import Path

import pytest

from eval_suites import engine, suites
from eval_suites.aggregation import ratio
from eval_suites.asking import Asker
from eval_suites.harness import Harness
from eval_suites.models.loading import load
from eval_suites.models.local import LocalResponder
from eval_suites.store import InMemory
from tests.eval_suites.models import tiny

_SCORING = """
from eval_suites.aggregation import ratio

def score(doc, results):
    return {"share": (doc["right"], doc["of"]), "parsed": doc["right"] > 0}
"""
_TASK = """
task: t_ratio
dataset_path: json
dataset_kwargs: {{data_files: {{test: {path}}}}}
test_split: test
output_type: generate_until
doc_to_text: q
doc_to_target: ""
process_results: !function scoring.score
generation_kwargs: {{until: ["\\n"], max_gen_toks: 2}}
metric_list:
  - {{metric: share, aggregation: !function scoring.ratio, higher_is_better: true}}
  - {{metric: parsed, aggregation: mean, higher_is_better: true}}
"""


def test_a_ratio_counts_parts_of_items_and_a_task_says_what_it_could_read(tmp_path: Path) -> None:
    rows = [{"q": f"q{i}", "right": right, "of": of} for i, (right, of) in enumerate([(1, 1), (0, 3), (2, 4)])]
    path = tmp_path / "tasks"
    path.mkdir()
    (path / "rows.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    (path / "scoring.py").write_text(_SCORING)
    (path / "task.yaml").write_text(_TASK.format(path=path / "rows.jsonl"))

    tasks = engine.Tasks(suites.of_tasks(("t_ratio",)), folders=[str(path)])
    model = load(str(tiny.folder(tmp_path / "model")))
    (result,) = engine.run(tasks, Harness(Asker(LocalResponder(model), InMemory())))

    share = next(one for one in result.metrics if one.name == "share")
    assert share.is_ratio
    assert [(one.value, one.weight) for one in share.items] == [(1, 1), (0, 3), (2, 4)]
    assert ratio([(one.value, one.weight) for one in share.items]) == 3 / 8
    assert result.unparsed == pytest.approx(1 / 3)


def test_nothing_has_no_ratio() -> None:
    assert math.isnan(ratio([]))
