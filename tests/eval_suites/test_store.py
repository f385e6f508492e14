"""Answers that are kept: several writers, a block that ends by an error, and models that do not mix."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import pomona.stages
from corpus.lake import Lake
from eval_suites import store as stores
from eval_suites.models.responses import Response
from eval_suites.store import InLake, InMemory

ANSWERS = {
    "a" * 32: Response(-1.5, True, None, 3),
    "b" * 32: Response(None, None, "a text\nof two lines", 7, True),
    "c" * 32: Response(0.0, False, None, 1),
}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    pomona.stages.tables()
    return Lake(tmp_path / "lake")


def fill(store: InLake | InMemory, model: str, answers: dict[str, Response]) -> None:
    with store.writing(model) as write:
        for key, response in answers.items():
            write(key, "loglikelihood", response)


@pytest.mark.parametrize("in_lake", [True, False])
def test_what_was_written_is_known_of_that_model_alone(lake: Lake, in_lake: bool) -> None:
    store = InLake(lake) if in_lake else InMemory()
    assert store.known("m", list(ANSWERS)) == {}
    fill(store, "m", ANSWERS)
    fill(store, "m2", {"a" * 32: Response(-9.0, False, None, 3)})
    assert store.known("m", [*ANSWERS, "d" * 32]) == ANSWERS
    assert store.known("m2", list(ANSWERS)) == {"a" * 32: Response(-9.0, False, None, 3)}


def test_an_error_keeps_what_was_answered_before(lake: Lake) -> None:
    def broken() -> None:
        with InLake(lake).writing("m") as write:
            write("a" * 32, "loglikelihood", ANSWERS["a" * 32])
            raise RuntimeError("power")

    with pytest.raises(RuntimeError, match="power"):
        broken()
    assert InLake(Lake(lake.root)).known("m", list(ANSWERS)) == {"a" * 32: ANSWERS["a" * 32]}


def test_answers_are_added_while_the_block_goes_on(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is killed never leaves the block."""
    monkeypatch.setattr(stores, "_MOST", 2)
    block = InLake(lake).writing("m")
    write = block.__enter__()
    for key, response in ANSWERS.items():
        write(key, "loglikelihood", response)
    assert len(InLake(Lake(lake.root)).known("m", list(ANSWERS))) == 2


def test_several_processes_add_at_once_and_lose_nothing(lake: Lake) -> None:
    def add(i: int) -> None:
        fill(InLake(Lake(lake.root)), "m", {f"{i:032}": Response(-float(i), False, None, 1)})

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(add, range(24)))
    known = InLake(lake).known("m", [f"{i:032}" for i in range(24)])
    assert sorted(one.log_likelihood for one in known.values()) == sorted(-float(i) for i in range(24))


def test_an_answer_that_two_processes_gave_is_one(lake: Lake) -> None:
    for _ in range(2):
        fill(InLake(lake), "m", ANSWERS)
    assert InLake(lake).known("m", list(ANSWERS)) == ANSWERS
