"""Commas (IFEval's group `punctuation`)."""


def has_no_comma(response: str) -> bool:
    """Returns whether a response has no comma. Those of other scripts, as the Arabic one, do not count."""
    return "," not in response
