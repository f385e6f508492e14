"""Requires a document that does not repeat itself much.

Source: Gopher, Rae et al. 2021, arXiv:2112.11446, appendix A.1.1 and table A1, computed as datatrove's
GopherRepetitionFilter does (see filters.signals.repetition). An empty text is dropped, as in datatrove.
"""

from filters.rules import at_least, at_most

LANGUAGES = ("en",)  # the languages that its limits were chosen on
# From n to the limit on n-grams.
_TOP = {2: 0.20, 3: 0.18, 4: 0.16}
_DUPLICATE = {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.10}

RULES = (
    at_least("min_characters", "n_characters", 1, "An empty text has nothing to repeat"),
    at_most("max_duplicate_paragraph_fraction", "duplicate_paragraph_fraction", 0.3, "Share of repeated paragraphs"),
    at_most(
        "max_duplicate_paragraph_character_fraction",
        "duplicate_paragraph_character_fraction",
        0.2,
        "Share of characters in repeated paragraphs",
    ),
    at_most("max_duplicate_line_fraction", "duplicate_line_fraction", 0.3, "Share of repeated lines"),
    at_most(
        "max_duplicate_line_character_fraction",
        "duplicate_line_character_fraction",
        0.2,
        "Share of characters in repeated lines",
    ),
    *(
        at_most(
            f"max_top_{n}_gram_character_fraction",
            f"top_{n}_gram_character_fraction",
            limit,
            f"Share of characters in the most frequent {n}-gram",
        )
        for n, limit in _TOP.items()
    ),
    *(
        at_most(
            f"max_duplicate_{n}_gram_character_fraction",
            f"duplicate_{n}_gram_character_fraction",
            limit,
            f"Share of characters in repeated {n}-grams",
        )
        for n, limit in _DUPLICATE.items()
    ),
)
