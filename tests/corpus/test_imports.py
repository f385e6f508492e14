import gc

import pytest

from corpus import imports


def test_nothing_is_collected_inside_and_collecting_goes_on_afterwards() -> None:
    collected: list[str] = []

    def watch(phase: str, info: dict[str, int]) -> None:
        collected.append(phase)

    gc.callbacks.append(watch)
    try:
        with imports.quickly():
            kept = [[number] for number in range(10_000)]
            assert not collected
        assert gc.isenabled()
    finally:
        gc.callbacks.remove(watch)
    assert len(kept) == 10_000


def test_an_error_turns_collecting_on_again_and_a_collector_that_was_off_stays_off() -> None:
    with pytest.raises(ImportError), imports.quickly():
        raise ImportError
    assert gc.isenabled()

    gc.disable()
    try:
        with imports.quickly():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
