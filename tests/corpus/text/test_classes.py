import sys
import unicodedata

import numpy as np
import pytest

from corpus.text import classes


@pytest.mark.skipif(unicodedata.unidata_version != "14.0.0", reason="the table is Unicode 14.0, Python 3.11's")
def test_the_table_is_what_unicodedata_says() -> None:
    made = classes._generate()
    assert np.array_equal(np.repeat(made["flags"], made["flags_run"]), classes.flags())
    shift = np.repeat(made["shift"], made["shift_run"])
    assert np.array_equal(np.arange(classes.N_CODE_POINTS) + shift, classes.lower())


def test_white_space_is_that_of_str() -> None:
    flags = classes.flags()
    spaces = [chr(i) for i in np.flatnonzero(flags & classes.SPACE)]
    assert all(map(str.isspace, spaces))
    assert len(spaces) == sum(chr(i).isspace() for i in range(sys.maxunicode + 1))
