"""How a response begins and ends (IFEval's group `startend`)."""


def ends_with(response: str, *, end_phrase: str) -> bool:
    """Returns whether a response ends with a phrase, in any case, with double quotes after it or not."""
    return response.strip().strip('"').lower().endswith(end_phrase.strip().lower())


def is_quoted(response: str) -> bool:
    """Returns whether a response stands between double quotes. Curly ones do not count."""
    text = response.strip()
    return len(text) > 1 and text[0] == text[-1] == '"'
