"""Natural Questions in both forms: what is an example, what is asked, and what bytes of a page say."""

from random import Random
from typing import Any

import pytest
from datasets import Dataset

from eval_suites.helm.scenarios.natural_questions import natural_qa

PAGE = "<p>é: Paris &amp; <b>Rome</b>\u00a0end</p>"


def span(words: str) -> dict[str, int]:
    at = len(PAGE[: PAGE.index(words)].encode())
    return {"start_byte": at, "end_byte": at + len(words.encode())}


def google(question: str, shorts: list[list[str]]) -> dict[str, Any]:
    annotations = [{"long_answer": span(PAGE), "short_answers": [span(one) for one in some]} for some in shorts]
    return {"question_text": question, "document_html": PAGE, "annotations": annotations}


def hub(row: dict[str, Any]) -> dict[str, Any]:
    every = row["annotations"]
    shorts = [
        {key: [one[key] for one in each["short_answers"]] for key in ("start_byte", "end_byte")} for each in every
    ]
    return {
        "question": {"text": row["question_text"]}, "document": {"html": PAGE, "title": "t"},
        "annotations": {"long_answer": [one["long_answer"] for one in every], "short_answers": shorts},
    }  # fmt: skip


ROWS = [
    google("who Is there", [["Paris"], ["<b>Rome</b>\u00a0end", "Paris"]]),
    google("nothing", [[], []]),
    google("where?", [["Rome"], ["Paris &amp;", "Rome"]]),
]


@pytest.mark.parametrize("form", [lambda row: row, hub])
def test_every_other_question_is_an_example(form: Any) -> None:
    data = {"validation": Dataset.from_list([form(row) for row in ROWS])}
    alone, after = (natural_qa(data, with_passage=given) for given in (False, True))
    drawn = Random(0).randint(0, 2)
    assert [(one.input, one.correct) for one in alone.train] == [
        ("Who is there?", (["Paris", "Rome end", "Paris"][drawn],))
    ]
    assert [(one.input, one.correct) for one in alone.asked] == [("Where?", ("Rome", "Paris &"))]
    assert after.asked[0].input == "Passage: é: Paris & Rome end\n\nQuestion: Where?"


def test_spans_outside_of_a_page_are_empty() -> None:
    row = google("x", [["Paris"]])
    row["annotations"][0]["short_answers"][0] = {"start_byte": 5_000, "end_byte": 6_000}
    row["annotations"][0]["long_answer"] = {"start_byte": 4, "end_byte": 5}  # half of a character
    made = natural_qa({"validation": Dataset.from_list([row])}, with_passage=True)
    assert made.train[0].correct == ("",)
    assert made.train[0].input.startswith("Passage: \ufffd")
