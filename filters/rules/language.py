"""Requires a wanted language, and a detector that is sure about it.

Source: FineWeb, Penedo et al. 2024, arXiv:2406.17557, section 3.1: English with a fastText probability of at least
0.65. The allowed languages come from the recipe; without any, every language is allowed.
"""

from filters.rules import Rule, at_least

RULES = (
    Rule("allowed", "language", "one_of", None, "ISO 639 codes of the languages that are kept"),
    at_least("min_probability", "language_probability", 0.65, "Probability of the most likely language"),
)
