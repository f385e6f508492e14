import pytest

from tests.corpus.text.test_normal import reference
from tests.decontam.disguises.seen import seen


@pytest.mark.parametrize("char", ["\u200b", "\u200c", "\u2060", "\ufeff", "&#8203;"])
def test_zero_width_characters_instead_of_blanks_and_inside_words(char: str) -> None:
    assert seen(char.join("What is the capital of France?".split())) == "what is the capital of france"
    assert seen(f"Wh{char}at i{char}s the ca{char}pit{char}al") == "what is the capital"
    assert seen(f"inter{char}nation{char}alization of") == "internationalization of"  # 20 letters
    assert seen(f"one{char} two {char}three") == "one two three"


def test_joiners_belong_to_other_scripts() -> None:
    persian = "می‌خواهم" * 5
    assert seen(persian) == reference(persian)
    assert seen("ก\u200bข" * 30) == reference("กข" * 30)


def test_a_replacement_character_separates() -> None:
    assert seen("caf\ufffd au\ufffdlait") == "caf au lait"
