"""Expected values are what the standard's decoders give, by an implementation of it (@exodus/bytes 1.16)."""

import pytest

from corpus.text.encodings import lookup
from corpus.text.multibyte import CODECS, TooManyErrorsError


@pytest.mark.parametrize(
    ("label", "raw", "expected"),
    [
        ("gb2312", "80", "€"),
        ("gb2312", "a2e3", "€"),
        ("gb18030", "a6d9fe59a8bc", "︐龴ḿ"),
        ("gb18030", "9439da33", "\U0001f4a9"),
        ("gb18030", "81304181", "\ufffd0A\ufffd"),
        ("big5", "8862", "\u00ca\u0304"),
        ("big5", "a145a3e1877a", "‧€㡵"),
        ("big5", "fedd", "砉"),
        ("euc-jp", "ada1fcfb", "①￢"),
        ("euc-jp", "a1c1", "～"),
        ("euc-jp", "8eb18fb0a1", "ｱ丂"),
        ("shift_jis", "5c7e", "\\~"),
        ("shift_jis", "8160", "～"),
        ("shift_jis", "a0fdfeff", "\ufffd" * 4),
        ("shift_jis", "80", "\x80"),
        ("shift_jis", "8740fbfc", "①髙"),
        ("euc-kr", "8c63c4cb", "똠켄"),
        # After an error the standard goes on at an ASCII byte, else behind the pair.
        ("euc-kr", "fe41fefe42", "\ufffdA\ufffdB"),
        ("gbk", "ff41", "\ufffdA"),
        ("big5", "81fe41", "\ufffdA"),
        ("euc-jp", "8fa1a141", "\ufffdA"),
    ],
)
def test_signs_that_python_reads_otherwise(label: str, raw: str, expected: str) -> None:
    encoding = lookup(label)
    assert encoding is not None
    assert encoding.decode(bytes.fromhex(raw), 9) == (expected, expected.count("\ufffd"))


@pytest.mark.parametrize("codec", CODECS)
def test_garbage_is_given_up_early(codec: str) -> None:
    encoding = lookup({"big5hkscs": "big5", "euc_jp": "euc-jp"}.get(codec, codec))
    assert encoding is not None
    with pytest.raises(TooManyErrorsError):
        encoding.decode(b"\xff" * 1000, 10)
