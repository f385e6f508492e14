"""Quotes are of suites and tasks that exist, and say where they are from and whether they may be compared."""

from eval_suites import suites
from eval_suites.quoted import of_suite, quotes


def test_each_quote_has_its_source_and_its_task() -> None:
    assert len(quotes()) > 15
    for one in quotes():
        assert one.task in {task.task for task in suites.load(one.suite).tasks}
        assert 0 < one.value < 1
        assert one.source
        assert one.protocol
    keys = [(one.suite, one.model, one.task) for one in quotes()]
    assert len(set(keys)) == len(keys)


def test_what_was_not_measured_alike_says_so() -> None:
    assert all(one.is_comparable for one in of_suite("open_llm_v1"))
    assert not any(one.is_comparable for one in of_suite("instruction"))
    assert of_suite("offline") == []
    (device,) = [one for one in of_suite("instruction") if one.model == "AFM-on-device"]
    assert round(device.value, 6) == 0.793
