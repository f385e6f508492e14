"""Items of the suite `offline`: the same on every machine, with one right answer, which is checked another way."""

import re
from pathlib import Path
from random import Random

import pytest

from corpus.task import digest
from eval_suites import suites
from eval_suites.tasks.offline import grammar, items

CHOICES = ("grammar", "cloze", "arithmetic", "brackets", "indentation", "copying", "retrieval")


def rows(name: str) -> list[dict[str, object]]:
    return list(getattr(items, name)()["test"])


@pytest.mark.parametrize("name", CHOICES)
def test_choices_differ_and_one_is_right(name: str) -> None:
    made = rows(name)
    assert made == rows(name)
    for row in made:
        assert len(set(row["choices"])) == len(row["choices"])
        assert 0 <= row["answer"] < len(row["choices"])
    keys = [(row["question"], row["choices"][row["answer"]]) for row in made]
    assert len(set(keys)) > 0.9 * len(keys)
    if name != "grammar":
        places = [row["answer"] for row in made]
        assert all(places.count(i) > len(made) / len(made[0]["choices"]) / 2 for i in range(len(made[0]["choices"])))


def test_the_items_are_those_of_this_version() -> None:
    """A change of an item is a new version of the suite: raise it in offline.yaml, and change the hash here."""
    assert suites.load("offline").version == 2
    assert digest([rows(name) for name in (*CHOICES, "text")]) == "2604c403dfe649ed0cfc9ae368604f7a"


def test_sums_are_right() -> None:
    for row in rows("arithmetic"):
        a, sign, b, _ = row["question"].split()
        assert int(row["choices"][row["answer"]]) == (int(a) + int(b) if sign == "+" else int(a) - int(b))


def test_brackets_close_in_order() -> None:
    def is_balanced(text: str) -> bool:
        text = re.sub(r"[^()\[\]{}]", "", text)
        while (shorter := re.sub(r"\(\)|\[\]|\{\}", "", text)) != text:
            text = shorter
        return not text

    for row in rows("brackets"):
        assert [is_balanced(row["question"] + one) for one in row["choices"]].index(True) == row["answer"]
        assert sum(is_balanced(row["question"] + one) for one in row["choices"]) == 1


def test_the_right_line_is_python_at_its_depth() -> None:
    """With the right line, the code compiles; and every other depth gives other code or none."""
    for row in rows("indentation"):
        code = row["question"] + row["choices"][row["answer"]] + "\n"
        if row["choices"][row["answer"]].strip() == "else:":
            code += "        pass\n"
        compile(code, "item", "exec")


def test_copies_go_on_as_the_list_does() -> None:
    for row in rows("copying"):
        first, second = row["question"].split("\n")
        assert f"{first} ".startswith(f"{second} {row['choices'][row['answer']]} ")


def test_what_is_looked_up_stands_above() -> None:
    for row in rows("retrieval"):
        lines, asked = row["question"].split("\n\n")
        assert f"{asked} {row['choices'][row['answer']]}" in lines.split("\n")
        assert len(lines.split("\n")) == row["length"]


@pytest.mark.parametrize("paradigm", grammar.PARADIGMS, ids=lambda one: one.__name__)
def test_pairs_differ_in_one_word_or_in_the_order_of_words(paradigm: object) -> None:
    random = Random(0)
    for _ in range(100):
        right, wrong = (one.split() for one in paradigm(random))
        assert right != wrong
        assert len(right) == len(wrong)
        different = sum(a != b for a, b in zip(right, wrong, strict=True))
        assert different == 1 or sorted(right) == sorted(wrong)


def test_no_task_reads_a_file_of_others() -> None:
    folder = Path(items.__file__).parent
    assert {path.suffix for path in folder.iterdir() if path.is_file()} == {".py", ".yaml", ".tsv"}
    assert len(rows("text")) == 20
    assert {row["domain"] for row in rows("text")} >= {"prose", "code", "mathematics", "data"}


def test_the_first_items_are_of_all_kinds() -> None:
    """With `--limit`, a task of ten patterns must not be about one of them."""
    assert len({row["paradigm"] for row in items.grammar()["test"].select(range(10))}) == 10
    for several in (items.copying(), items.retrieval()):
        assert len({row["length"] for row in several["test"].select(range(4))}) == 4
