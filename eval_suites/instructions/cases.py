"""Capital and small letters (IFEval's group `change_case`)."""

from eval_suites.instructions import capitals
from eval_suites.instructions.comparing import holds
from eval_suites.instructions.language import is_in


def has_capital_words(response: str, *, capital_frequency: int, capital_relation: str) -> bool:
    """Returns whether a response has enough words in capitals, or few enough."""
    return holds(capitals.count(response), capital_relation, capital_frequency)


def is_english_in_capitals(response: str) -> bool:
    """Returns whether a response is English without a small letter."""
    return response.isupper() and is_in(response, language="en")


def is_english_in_small_letters(response: str) -> bool:
    """Returns whether a response is English without a capital letter."""
    return response.islower() and is_in(response, language="en")
