"""The task pomona_ifeval: its items are checked before they are asked, and its scores are those of single responses."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import UserError
from eval_suites import engine, suites
from eval_suites.asking import Asker
from eval_suites.harness import Harness
from eval_suites.instructions.followed import followed
from eval_suites.models.responses import Request, Response
from eval_suites.store import InMemory
from eval_suites.tasks.instructions import scoring

ROWS: list[dict[str, Any]] = [
    {"key": 1, "prompt": "No commas.", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]},
    {
        "key": 2,
        "prompt": "Quote it in JSON.",
        "instruction_id_list": ["startend:quotation", "detectable_format:json_format", "punctuation:no_comma"],
        "kwargs": [{}, {}, {}],
    },
    {
        "key": 3,
        "prompt": "Start the second of two paragraphs with it.",
        "instruction_id_list": ["length_constraints:nth_paragraph_first_word"],
        "kwargs": [{"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "it"}],
    },
]
METRICS = ["prompt_level_strict_acc", "inst_level_strict_acc", "prompt_level_loose_acc", "inst_level_loose_acc"]


def tasks_of(folder: Path, rows: list[dict[str, Any]]) -> engine.Tasks:
    (folder / "ifeval_rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return engine.Tasks(suites.load("instruction"), data=str(folder))


def test_scores_are_pairs_for_instructions_and_shares_for_prompts() -> None:
    scores = scoring.score(ROWS[1], ['Sure:\n"so it is"'])
    assert scores == {
        "prompt_level_strict_acc": False,
        "inst_level_strict_acc": (1, 3),
        "prompt_level_loose_acc": True,
        "inst_level_loose_acc": (3, 3),
    }


ANSWERS = {
    "No commas.": "one, two",
    "Quote it in JSON.": 'Sure:\n"one"',
    "Start the second of two paragraphs with it.": "So\n\nIt is",
}


class Known:
    """Answers each prompt with a text that is known."""

    key = "known"
    about: Mapping[str, Any] = {}
    can_chat = False

    def respond(self, requests: Sequence[Request]) -> Iterator[tuple[int, Response]]:
        for number, request in enumerate(requests):
            assert (request.settings["max_gen_toks"], request.settings["temperature"]) == (1280, 0.0)
            yield number, Response(text=ANSWERS[request.context])

    def chat(self, messages: Sequence[Mapping[str, str]], *, continues: bool) -> str:
        return messages[-1]["content"]


def test_the_suite_asks_ifeval_of_local_files_and_scores_it(tmp_path: Path) -> None:
    (result,) = engine.run(tasks_of(tmp_path, ROWS), Harness(Asker(Known(), InMemory())))
    assert [one.name for one in result.metrics] == METRICS
    assert (result.primary, result.shots, result.unparsed) == (METRICS[0], 0, None)
    assert [one.prompt for one in result.answers] == [row["prompt"] for row in ROWS]

    by_name = {one.name: one for one in result.metrics}
    assert [by_name[name].is_ratio for name in METRICS] == [False, True, False, True]
    assert [item.value for item in by_name[METRICS[0]].items] == [0, 0, 1]
    assert [item.value for item in by_name[METRICS[2]].items] == [0, 1, 1]
    assert [(item.value, item.weight) for item in by_name[METRICS[1]].items] == [(0, 1), (1, 3), (1, 1)]
    for row, part in zip(ROWS, by_name[METRICS[3]].items, strict=True):
        expected = followed(row["prompt"], ANSWERS[row["prompt"]], row["instruction_id_list"], row["kwargs"]).loosely
        assert (part.value, part.weight) == (sum(expected), len(expected))


def test_arguments_that_only_late_rows_have_are_read(tmp_path: Path) -> None:
    """The columns of a file were once guessed from its first 100 rows, and other arguments were lost."""
    rows = [ROWS[0]] * 150 + [ROWS[2]]
    (task, _), *_ = tasks_of(tmp_path, rows).leaves.values()
    assert {key: value for key, value in task.eval_docs[150]["kwargs"][0].items() if value is not None} == ROWS[2][
        "kwargs"
    ][0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"instruction_id_list": ["punctuation:no_commas"]},
            "item with key 1: unknown instruction 'punctuation:no_commas'",
        ),
        ({"instruction_id_list": ["length_constraints:number_words"]}, "item with key 1: .* needs the argument"),
        ({"kwargs": [{"num_words": 1}]}, "item with key 1: .* takes no argument 'num_words'"),
        ({"key": None, "kwargs": [{"num_words": 1}]}, "item 0: .* takes no argument 'num_words'"),
    ],
)
def test_a_broken_item_is_an_error_before_anything_is_asked(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        tasks_of(tmp_path, [{**ROWS[0], **change}, ROWS[1]])
