import inspect
from importlib import import_module

import pytest

from corpus.errors import UserError
from filters import rules, signals

# Gopher, arXiv:2112.11446, A.1.1 and table A1; FineWeb, arXiv:2406.17557, 3.6; C4, JMLR 21(140), 2.2.
PUBLISHED = {
    "gopher_quality.min_words": 50,
    "gopher_quality.max_words": 100_000,
    "gopher_quality.min_mean_word_length": 3,
    "gopher_quality.max_mean_word_length": 10,
    "gopher_quality.max_hash_to_word_ratio": 0.1,
    "gopher_quality.max_ellipsis_to_word_ratio": 0.1,
    "gopher_quality.max_bullet_line_fraction": 0.9,
    "gopher_quality.max_ellipsis_line_fraction": 0.3,
    "gopher_quality.min_alpha_word_fraction": 0.8,
    "gopher_quality.min_stop_words": 2,
    "gopher_repetition.max_duplicate_line_fraction": 0.30,
    "gopher_repetition.max_duplicate_paragraph_fraction": 0.30,
    "gopher_repetition.max_duplicate_line_character_fraction": 0.20,
    "gopher_repetition.max_duplicate_paragraph_character_fraction": 0.20,
    "gopher_repetition.max_top_2_gram_character_fraction": 0.20,
    "gopher_repetition.max_top_3_gram_character_fraction": 0.18,
    "gopher_repetition.max_top_4_gram_character_fraction": 0.16,
    "gopher_repetition.max_duplicate_5_gram_character_fraction": 0.15,
    "gopher_repetition.max_duplicate_6_gram_character_fraction": 0.14,
    "gopher_repetition.max_duplicate_7_gram_character_fraction": 0.13,
    "gopher_repetition.max_duplicate_8_gram_character_fraction": 0.12,
    "gopher_repetition.max_duplicate_9_gram_character_fraction": 0.11,
    "gopher_repetition.max_duplicate_10_gram_character_fraction": 0.10,
    "c4.min_sentences": 5,
    "fineweb.min_terminal_punctuation_line_fraction": 0.12,
    "fineweb.max_short_line_fraction": 0.67,
    "fineweb.max_duplicate_line_character_fraction": 0.01,
    "fineweb.max_newline_to_word_ratio": 0.3,
}


@pytest.mark.parametrize(("name", "limit"), PUBLISHED.items())
def test_limits_are_the_published_ones(name: str, limit: float) -> None:
    assert rules.rule(name).limit == limit


@pytest.mark.parametrize("name", rules.RULE_SETS)
def test_every_rule_set_names_its_source_and_reads_signals_that_exist(name: str) -> None:
    module = import_module(f"filters.rules.{name}")
    assert "Source: " in (inspect.getdoc(module) or "")
    names = [rule.name for rule in module.RULES]
    assert len(set(names)) == len(names)
    for rule in module.RULES:
        assert rule.signal in signals.signals(), rule
        assert rule.doc


def test_unknown_names_come_with_the_nearest() -> None:
    with pytest.raises(UserError, match="unknown rule set 'gopher_qualty'; did you mean 'gopher_quality'"):
        rules.rule_set("gopher_qualty")
    with pytest.raises(UserError, match=r"unknown rule 'c4.min_sentence'; did you mean 'c4.min_sentences'"):
        rules.rule("c4.min_sentence")
    with pytest.raises(UserError, match="has no dot"):
        rules.rule("min_words")
