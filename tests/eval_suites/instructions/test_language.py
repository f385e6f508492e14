"""Languages of responses, the same each time, and without a network."""

import pytest

from eval_suites.instructions.language import detected, is_in

TEXTS = {
    "en": "The sun was warm, and we walked along the river until the evening came.",
    "de": "Die Sonne war warm, und wir gingen am Fluss entlang, bis der Abend kam.",
    "ru": "Солнце было тёплым, и мы шли вдоль реки, пока не наступил вечер.",
    "ko": "햇살이 따뜻했고 우리는 저녁이 올 때까지 강을 따라 걸었습니다.",
    "sw": "Jua lilikuwa na joto, na tulitembea kando ya mto hadi jioni ilipofika.",
    "fa": "آفتاب گرم بود و ما تا شب در کنار رودخانه قدم زدیم.",
}


@pytest.mark.parametrize("code", TEXTS)
def test_a_text_is_in_its_language_alone(code: str) -> None:
    assert [one for one in TEXTS if is_in(TEXTS[code], language=one)] == [code]
    assert detected(TEXTS[code].upper()) == code


def test_addresses_do_not_count() -> None:
    assert detected("https://www.example.com/the/english/words you@example.com") is None
    assert detected(f"{TEXTS['de']} https://www.example.com/these/are/very/many/english/words") == "de"


def test_without_letters_there_is_nothing_to_detect() -> None:
    assert detected("123 !!!") is None
    assert is_in("123 !!!", language="ko")


def test_broken_characters_are_read() -> None:
    assert detected(TEXTS["en"] + "\ud800") == "en"
