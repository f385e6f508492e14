"""Requires enough running text on a page, without placeholders or code.

Source: C4, Raffel et al. 2020, JMLR 21(140), section 2.2, in the order of datatrove's C4QualityFilter: sentences are
counted in the lines that the line rules keep, and '{' or "lorem ipsum" count only in lines with the shape of a
sentence. The line rules themselves change the text: they are the cleaning step `c4_lines` of a source, off by default.
"""

from filters.rules import at_least, at_most

LANGUAGES = ("en",)  # the languages that its limits were chosen on
RULES = (
    at_least("min_sentences", "c4_sentences", 5, "Sentences in the lines that C4's line rules keep"),
    at_most("max_curly_bracket_lines", "c4_curly_bracket_lines", 0, "Lines with '{': code"),
    at_most("max_lorem_ipsum_lines", "c4_lorem_ipsum_lines", 0, "Lines with 'lorem ipsum': placeholders"),
)
