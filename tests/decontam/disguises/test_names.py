import numpy as np

from decontam.disguises.names import tables
from tests.decontam.disguises.seen import seen


def test_every_look_alike_takes_two_bytes_and_gives_a_letter_or_digit() -> None:
    alike = tables().alike
    assert sum(alike > 0) > 90
    for point in np.flatnonzero(alike).tolist():
        assert len(chr(point).encode()) == 2
        assert chr(alike[point]).isascii()
        assert chr(alike[point]).isalnum()
        assert seen(f"z{chr(point)}z") == f"z{chr(alike[point]).lower()}z"


def test_names_are_sorted_and_each_is_its_own() -> None:
    names = tables().names
    assert (np.diff(names) > 0).all()
    assert len(names) > 2000
