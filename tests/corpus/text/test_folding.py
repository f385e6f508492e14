import unicodedata

import pytest

from corpus.text.folding import SEPARATOR, SEVERAL, VANISHES, fold_character, folding


def tabled(char: str) -> str:
    table = folding()
    folded = int(table.point[ord(char)])
    if folded <= SEVERAL:
        start, end = table.expansion_offsets[SEVERAL - folded : SEVERAL - folded + 2]
        return "".join(chr(p) if p else " " for p in table.expansion[start:end])
    return {SEPARATOR: " ", VANISHES: ""}.get(folded) or ("" if folded == VANISHES else chr(folded) if folded else " ")


@pytest.mark.parametrize("start", [0, 0x80, 0x300, 0x1E00, 0x3040, 0xAC00, 0xFB00, 0xFF00, 0x1D400, 0x1F600])
def test_the_table_is_what_the_definition_says(start: int) -> None:
    for point in range(start, start + 0x80):
        want = fold_character(chr(point))
        if want.strip() or not want:
            assert tabled(chr(point)) == want, hex(point)
        else:
            assert tabled(chr(point)) == " ", hex(point)


@pytest.mark.parametrize(
    ("char", "want"),
    [("É", "e"), ("ß", "ss"), ("ﬁ", "fi"), ("Ａ", "a"), ("²", "2"), ("½", "1 2"), ("İ", "i"), ("ς", "σ"), ("_", " "),
     ("'", " "), ("\xad", ""), ("\u200d", ""), ("\u0301", ""), ("가", "가"), ("が", "が"), ("ि", "ि"), ("\x00", " ")],
)  # fmt: skip
def test_characters(char: str, want: str) -> None:
    assert tabled(char) == want


def test_composed_and_decomposed_letters_fold_alike() -> None:
    for point in [*range(0xC0, 0x250), *range(0x1E00, 0x1F00)]:
        decomposed = unicodedata.normalize("NFD", chr(point))
        assert "".join(map(tabled, decomposed)).replace(" ", "") == tabled(chr(point)).replace(" ", ""), hex(point)
