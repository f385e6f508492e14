"""One question of each story, drawn with one generator over all splits."""

from random import Random

from datasets import Dataset

from eval_suites.helm.scenarios.stories import narrative_qa


def rows(split: str, stories: int, of_each: int) -> Dataset:
    return Dataset.from_list(
        [
            {"document": {"id": f"{split}{i}", "summary": {"text": f" summary {i}\n"}}, "question": {"text": f" q{i}.{j}"},
             "answers": [{"text": f"a{i}.{j}"}, {"text": "b"}]}
            for i in range(stories)
            for j in range(of_each)
        ]
    )  # fmt: skip


def test_questions_are_drawn_split_by_split() -> None:
    splits = {"test": rows("test", 3, 7), "train": rows("train", 2, 5), "validation": rows("v", 4, 3)}
    made = narrative_qa(splits)
    random = Random(0)
    drawn = [[random.choice(range(n)) for _ in range(k)] for k, n in ((2, 5), (4, 3), (3, 7))]
    assert [one.input for one in made.train] == [f"summary {i}\nQuestion: q{i}.{j}?" for i, j in enumerate(drawn[0])]
    assert [one.input for one in made.asked] == [f"summary {i}\nQuestion: q{i}.{j}?" for i, j in enumerate(drawn[2])]
    assert made.asked[0].correct == (f"a0.{drawn[2][0]}", "b")


def test_a_question_mark_is_not_doubled() -> None:
    row = {"document": {"id": "1", "summary": {"text": "s"}}, "question": {"text": "Who? "}, "answers": []}
    made = narrative_qa({"test": Dataset.from_list([row, row])})
    assert made.asked[0].input == "s\nQuestion: Who?"
    assert made.asked[0].correct == ("",)
    assert len(made.asked) == 1
