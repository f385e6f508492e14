"""Are the calls of a model the expected ones? Each expected call is matched by one call, in any order.

BFCL gives each expected call, in their order, the first call left that fits. Where a call fits two expected ones, that
may fail though there is a way to match all: expected x in (1, 2) and x = 1, calls x=1 and x=2. Here the matching is a
largest one (augmenting paths; Kuhn 1955), so the order of calls does not matter. Source of the rest: BFCL's AST
checker.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval_suites.tools.call import Call, Language
from eval_suites.tools.mismatch import REASONS, Mismatch
from eval_suites.tools.values import OMITTED, Parameter, compare


@dataclass(frozen=True, slots=True)
class Expected:
    """A call that is expected: its function, and the possible values of each argument."""

    name: str
    parameters: Mapping[str, Parameter]
    required: tuple[str, ...]
    answers: Mapping[str, Sequence[object]]


def judge(calls: Sequence[Call], expected: Sequence[Expected], language: Language = "python") -> Mismatch | None:
    """Returns why some calls are not the expected ones; None if they are."""
    if len(calls) != len(expected):
        return Mismatch("count", f"{len(calls)} calls in place of {len(expected)}")
    rows = [[judge_call(call, one, language) for call in calls] for one in expected]

    for row in rows:  # an expected call that no call fits: the closest one says why
        closest = max(
            (one for one in row if one), key=lambda one: (REASONS.index(one.reason), one.detail), default=None
        )
        if closest and all(row):
            return closest
    if not _can_match([[at for at, one in enumerate(row) if one is None] for row in rows]):
        return Mismatch("repeated", "two calls for one that is expected")
    return None


def judge_call(call: Call, expected: Expected, language: Language = "python") -> Mismatch | None:
    """Returns the first difference between a call and the expected one; None if there is none."""
    if call.name != expected.name:
        return Mismatch("name", f"{call.name[:80]!r} in place of {expected.name!r}")
    for name in expected.required:
        if name not in call.arguments:
            return Mismatch("missing", f"{name} is required")

    for name, value in call.arguments.items():
        if name not in expected.parameters or name not in expected.answers:
            return Mismatch("unexpected", f"{name[:80]!r}")
        mismatch = compare(value, expected.parameters[name], expected.answers[name], language)
        if mismatch:
            return Mismatch(mismatch.reason, f"{name}: {mismatch.detail}")

    for name, possible in expected.answers.items():
        if name not in call.arguments and OMITTED not in possible:
            return Mismatch("missing", f"{name} is not given, but has no default")
    return None


def _can_match(fitting: Sequence[Sequence[int]]) -> bool:
    """Returns whether each row can have a number of its own among those that fit it."""
    owner: dict[int, int] = {}

    def give(row: int, tried: set[int]) -> bool:
        for number in fitting[row]:
            if number not in tried:
                tried.add(number)
                if number not in owner or give(owner[number], tried):
                    owner[number] = row
                    return True
        return False

    return all(give(row, set()) for row in range(len(fitting)))
