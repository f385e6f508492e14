"""Two responses in one, and a request that is repeated before it is answered (IFEval's group `combination`)."""

_BETWEEN = "******"


def are_two(response: str) -> bool:
    """Returns whether a response is two different ones with six asterisks between them, or around them, too."""
    pieces = [piece.strip() for piece in response.split(_BETWEEN)]
    given = [piece for piece in pieces if piece]
    return all(pieces[1:-1]) and len(given) == 2 and given[0] != given[1]


def repeats(response: str, *, prompt_to_repeat: str) -> bool:
    """Returns whether a response begins with the request, in any case."""
    return response.strip().lower().startswith(prompt_to_repeat.strip().lower())
