import pytest

from tests.decontam.disguises.seen import seen


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("thе quiсk brоwn fοx", "the quick brown fox"),  # one foreign letter each
        ("Тhе сосоа is а new соw", "the cocoa is a new cow"),  # words of nothing else, beside Latin ones
        ("а new соw", "a new cow"),
        ("нет, не он", "нет не он"),
        ("мы не он and so", "мы he oh and so"),
        ("Windowsом приложений", "windowsom приложении"),
        ("SQLзапрос", "sqlзапрос"),  # other letters: no disguise
        ("λόγος και ο κόσμος", "λογοσ και ο κοσμοσ"),
        ("t&#1077;n", "ten"),
    ],
)
def test_look_alikes(text: str, want: str) -> None:
    assert seen(text) == want
