"""Items planted in the training data show as a gap between touched and clean items, in the score and in the report."""

import json
from pathlib import Path
from random import Random

import pytest

import pomona
from eval_suites import views
from pomona.page import boards
from tests.pomona.corpora import PROSE

COLORS = ("green", "yellow", "purple", "orange")
_RECIPE = """
lake: ./lake
sources:
  - {name: web, kind: jsonl, path: docs.jsonl, uri_column: url}
filter: null
dedup: null
decontaminate: {benchmarks: [secret=secret.jsonl], policy: report}
tokenizer: {vocab_size: 512, mixture: core}
mixtures:
  - {name: core, weights: {web: 1.0}, tokens: 400K, max_epochs: 40}
train:
  - {name: core, model: 1M, mixture: core, tokens: 380K, seed: 1}
score:
  - {name: leaked, model: core, tasks: [secret], tasks_path: tasks}
"""
_TASK = """
task: secret
dataset_path: json
dataset_kwargs: {{data_files: {{test: {path}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: question
doc_to_choice: choices
doc_to_target: answer
target_delimiter: " "
metric_list: [{{metric: acc, aggregation: mean, higher_is_better: true}}]
metadata: {{version: 1}}
"""


@pytest.mark.slow
def test_a_leak_is_a_gap_in_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random, words = Random(0), sorted({one.strip(".,").lower() for one in PROSE.split()})
    items = [
        {
            "question": " ".join(random.sample(words, 12)) + " and the color is",
            "choices": COLORS,
            "answer": random.randrange(4),
        }
        for _ in range(80)
    ]
    leaked = [f"{one['question']} {COLORS[one['answer']]}." for one in items[:40]]
    docs = [{"text": f"Page {i}. {PROSE}", "url": f"clean/{i}"} for i in range(10)]
    for i in range(30):
        random.shuffle(leaked)
        docs += [{"text": "\n".join(leaked[j : j + 10]), "url": f"leak/{i}/{j}"} for j in range(0, 40, 10)]
    for name, rows in (("secret", items), ("docs", docs)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "secret.yaml").write_text(_TASK.format(path=tmp_path / "secret.jsonl"))
    (tmp_path / "recipe.yaml").write_text(_RECIPE)

    monkeypatch.chdir(tmp_path)
    pomona.run(tmp_path / "recipe.yaml")
    lake = pomona.open(tmp_path / "lake")
    by_split = {one.split: one for one in views.run(lake, "leaked").scores if one.is_primary}
    touched = lake.scan("item_scores").filter(metric="acc").sort("item").collect()["touched"].to_list()
    assert all(touched[:40])
    assert sum(touched[40:]) <= 2  # an item of the same words may touch a page by chance
    assert by_split["touched"].value > 0.9
    assert by_split["clean"].value < 0.5
    assert by_split["gap"].low > 0.2
    (board,) = boards.boards(lake)
    (shown,) = board.contaminated
    assert (shown.task, shown.gap.low) == ("secret", by_split["gap"].low)
