"""Requires a document that reads like prose.

Source: Gopher, Rae et al. 2021, arXiv:2112.11446, appendix A.1.1. If the paper gives no detail, this follows
datatrove's GopherQualityFilter: words are counted without pure punctuation, bullets are U+2022 and '-', and the limit
of the symbol-to-word ratio applies to the hash and to the ellipsis separately.
"""

from filters.rules import at_least, at_most

LANGUAGES = ("en",)  # the languages that its limits were chosen on
RULES = (
    at_least("min_words", "n_plain_words", 50, "Words: fewer are not a document"),
    at_most("max_words", "n_plain_words", 100_000, "Words: more are a dump"),
    at_least("min_mean_word_length", "mean_word_length", 3, "Characters per word: shorter is code, lists or noise"),
    at_most("max_mean_word_length", "mean_word_length", 10, "Characters per word: longer is addresses or noise"),
    at_most("max_hash_to_word_ratio", "hash_to_word_ratio", 0.1, "'#' signs per word"),
    at_most("max_ellipsis_to_word_ratio", "ellipsis_to_word_ratio", 0.1, "Ellipses per word: more is teasers"),
    at_most("max_bullet_line_fraction", "bullet_line_fraction", 0.9, "Share of lines that begin as a list item"),
    at_most("max_ellipsis_line_fraction", "ellipsis_line_fraction", 0.3, "Share of lines that end in an ellipsis"),
    at_least("min_alpha_word_fraction", "alpha_word_fraction", 0.8, "Share of words with a letter"),
    at_least("min_stop_words", "n_stop_words", 2, "How many of eight English stop words are in the text"),
)
