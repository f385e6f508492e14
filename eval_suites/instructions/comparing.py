"""The two ways in which instructions bound a number: "at least" and "less than"."""

AT_LEAST = "at least"
LESS_THAN = "less than"
RELATIONS = (AT_LEAST, LESS_THAN)


def holds(number: int, relation: str, bound: int) -> bool:
    """Returns whether a number is in the relation to the bound."""
    assert relation in RELATIONS
    return number >= bound if relation == AT_LEAST else number < bound
