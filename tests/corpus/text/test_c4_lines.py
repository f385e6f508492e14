import pytest

from corpus.text.c4_lines import JAVASCRIPT, LOREM, POLICY, keeps, phrases, well_shaped
from tests.corpus.text.test_segment import segment


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("This line ends as it should.", True),
        ('He said "so it is"', True),
        ("No mark at its end", False),
        ("Too short.", False),
        ("It trails off and on...", False),
        ("It has a citation at its end.[12]", True),
        ("So has this one.[citation needed]", True),
        ("Please enable Javascript in your browser.", False),
        ("We take care: see our privacy policy here.", False),
        (f"One word is {'x' * 1001} long.", False),
        (f"One word is {'x' * 1000} long.", True),
    ],
)
def test_lines_are_kept_as_the_paper_says(line: str, kept: bool) -> None:
    s = segment(line)
    assert keeps(s.chars, s.kinds, 0, len(line)) is kept


def test_phrases_are_found_in_any_case() -> None:
    s = segment("LOREM Ipsum javaScript uses Cookies {")
    found, curly = phrases(s.chars, 0, len(s.chars))
    assert found == LOREM | JAVASCRIPT | POLICY
    assert curly


def test_shape_alone_ignores_phrases() -> None:
    s = segment("Please enable Javascript in your browser.")
    assert well_shaped(s.chars, s.kinds, 0, len(s.chars))
