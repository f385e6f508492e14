"""Suites as files: each is whole, and mistakes in one of the user are one line with its number."""

from pathlib import Path

import pytest

from corpus.errors import UserError
from eval_suites import suites, task_index
from eval_suites.settings import Score
from eval_suites.stages import suite_of


@pytest.mark.parametrize("name", suites.names())
def test_each_suite_says_what_it_is(name: str) -> None:
    suite = suites.load(name)
    assert suite.name == name
    assert suite.about
    assert len({one.task for one in suite.tasks}) == len(suite.tasks)


def test_the_offline_suite_needs_our_tasks_alone() -> None:
    wanted = [one.task for one in suites.load("offline").tasks]
    found = task_index.manager(wanted)
    assert set(wanted) <= set(found.all_tasks)


def test_a_suite_of_the_user(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("about: mine\ntasks:\n  - {task: pomona_cloze, shots: 2, metric: acc}\n")
    assert suites.load(str(path)).tasks[0].shots == 2
    assert suites.load(str(path)).name == "mine"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("about: x\ntasks:\n  - {task: a, shot: 2}\n", r"mine.yaml line 3: .*no such field; did you mean 'shots'\?"),
        ("about: x\ntasks: []\n", "mine.yaml line 2: tasks: must have 1 or more entries, not 0"),
        ("tasks: [{task: a}]\n", "about: is missing"),
        ("- a\n", "does not hold a suite"),
        ("about: [\n", "invalid YAML"),
    ],
)
def test_mistakes_are_one_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(UserError, match=words) as told:
        suites.load(str(tmp_path / "mine.yaml"))
    assert "\n" not in str(told.value)


def test_unknown_suites() -> None:
    with pytest.raises(UserError, match=r"unknown suite 'ofline'; did you mean 'offline'\?"):
        suites.load("ofline")


def test_a_task_of_a_command_has_what_suites_know_of_it() -> None:
    gsm8k, other = suites.of_tasks(("gsm8k", "nobody_knows_it"), shots=3).tasks
    assert (gsm8k.data["test"], gsm8k.shots) == ("gsm8k_test*", 3)
    assert (other.data, other.baseline) == ({}, 0.0)


def test_a_suite_may_ask_another_task_through_a_chat_template() -> None:
    suite = suites.load("code")
    assert [one.task for one in suite.in_chat().tasks] == ["pomona_humaneval_chat"]
    assert suite_of(Score(name="s", model="m", suite="code", chat=True)) == suite.in_chat()
    assert suite_of(Score(name="s", model="m", suite="code")) == suite
    assert suites.load("math").in_chat() == suites.load("math")
