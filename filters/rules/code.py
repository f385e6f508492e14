"""Requires a source file that a person wrote.

Source: Codex, Chen et al. 2021, arXiv:2107.03374, section 3.1 (line lengths, alphanumeric share), with the limits of
The Stack, Kocetkov et al. 2022, arXiv:2211.15533. StarCoder's bounds on comments (Li et al. 2023, arXiv:2305.06161,
section 3.1: 0.01 and 0.8) count docstrings as comments, which `comment_fraction` does not; they are off by default.
"""

from filters.rules import at_least, at_most

RULES = (
    at_most("max_mean_line_length", "mean_line_length", 100, "Mean characters per line: longer is generated"),
    at_most("max_line_length", "max_line_length", 1000, "Characters of the longest line: longer is minified or data"),
    at_least("min_alphanumeric_fraction", "alphanumeric_fraction", 0.25, "Share of letters and digits"),
    at_least("min_comment_fraction", "comment_fraction", None, "Share of comment lines"),
    at_most("max_comment_fraction", "comment_fraction", None, "Share of comment lines: licenses and dead code"),
)
