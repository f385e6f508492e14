"""Why a call, or a list of calls, is not the expected one."""

from dataclasses import dataclass
from typing import Literal, get_args

Reason = Literal["count", "name", "missing", "unexpected", "type", "value", "repeated"]
REASONS: tuple[Reason, ...] = get_args(Reason)  # in the order in which they are looked for: a later one is closer


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The first difference from what was expected.

    - count: another number of calls
    - name: another function
    - missing: a parameter that is required, or whose possible values do not hold ""
    - unexpected: a parameter that the function does not have, or that no answer has
    - type, value: of an argument
    - repeated: each call is an expected one, but not each expected one is called
    """

    reason: Reason
    detail: str
