"""Calls in threads: each once, no more at a time than allowed, and an error is raised where somebody sees it."""

import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_suites.models.endpoint.threads import at_once


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 40), st.integers(1, 9))
def test_every_item_is_worked_on_once(n: int, threads: int) -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        return item * item

    made = sorted(at_once(work, range(n), threads))
    assert made == [(i, i * i) for i in range(n)]
    assert sorted(begun) == list(range(n))


def test_no_more_at_a_time_than_allowed() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def work(_: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1

    list(at_once(work, range(20), 4))
    assert most <= 4


def test_an_error_ends_it_and_begins_nothing_more() -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        time.sleep(0.005)
        if item == 3:
            raise ValueError("broken")
        return item

    with pytest.raises(ValueError, match="broken"):
        list(at_once(work, range(1000), 2))
    time.sleep(0.05)
    assert len(begun) < 20


def test_threads_do_not_keep_a_program_from_ending() -> None:
    event = threading.Event()
    waiting = at_once(lambda _: event.wait(60), range(2), 2)
    thread = threading.Thread(target=lambda: next(waiting), daemon=True)
    thread.start()
    time.sleep(0.05)
    assert all(one.daemon for one in threading.enumerate() if one.name == "endpoint")
    event.set()
    thread.join(5)
