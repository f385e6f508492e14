"""Does a document read like prose?

Source: Gopher, Rae et al. 2021, arXiv:2112.11446, appendix A.1.1. Where the paper is silent this follows datatrove's
GopherQualityFilter: words are counted without pure punctuation, bullets are U+2022 and '-', and the hash and the
ellipsis each have the limit of the symbol-to-word ratio to themselves.
"""

from filters.rules import at_least, at_most

LANGUAGES = ("en",)  # that its limits were chosen on
RULES = (
    at_least("min_words", "n_plain_words", 50, "Fewer words than this are no document"),
    at_most("max_words", "n_plain_words", 100_000, "More words than this are a dump"),
    at_least("min_mean_word_length", "mean_word_length", 3, "Characters a word: shorter is code, lists or noise"),
    at_most("max_mean_word_length", "mean_word_length", 10, "Characters a word: longer is addresses or noise"),
    at_most("max_hash_to_word_ratio", "hash_to_word_ratio", 0.1, "'#' signs a word"),
    at_most("max_ellipsis_to_word_ratio", "ellipsis_to_word_ratio", 0.1, "Ellipses a word: teasers"),
    at_most("max_bullet_line_fraction", "bullet_line_fraction", 0.9, "Share of lines that begin as a list item"),
    at_most("max_ellipsis_line_fraction", "ellipsis_line_fraction", 0.3, "Share of lines that end in an ellipsis"),
    at_least("min_alpha_word_fraction", "alpha_word_fraction", 0.8, "Share of words with a letter"),
    at_least("min_stop_words", "n_stop_words", 2, "Different ones of eight English stop words"),
)
