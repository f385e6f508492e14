"""Requires lines that end, vary and have lengths as in running text.

Source: FineWeb, Penedo et al. 2024, arXiv:2406.17557, section 3.6, thresholds as in datatrove's FineWebQualityFilter
(its 0.67 for short lines and 0.01 for duplicates, where the paper rounds). A text without words is dropped.
"""

from filters.rules import at_least, at_most

LANGUAGES = ("en",)  # the languages that its limits were chosen on
RULES = (
    at_least("min_nonblank_lines", "n_nonblank_lines", 1, "Lines that are not blank: 0 is only white space"),
    at_least(
        "min_terminal_punctuation_line_fraction",
        "terminal_punctuation_line_fraction",
        0.12,
        "Share of lines that end a sentence",
    ),
    at_most("max_short_line_fraction", "short_line_fraction", 0.67, "Share of lines of 30 characters or less"),
    at_most(
        "max_duplicate_line_character_fraction",
        "duplicate_nonblank_line_character_fraction",
        0.01,
        "Share of characters in repeated lines",
    ),
    at_most("max_newline_to_word_ratio", "newline_to_word_ratio", 0.3, "Line ends per word: more is lists and menus"),
)
