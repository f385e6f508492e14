"""Which instructions a response follows: strictly, as it is, and loosely, without what models like to add.

Source: Zhou et al. 2023, arXiv:2311.07911, section 2.2. Loosely, an instruction is followed if one of eight variants
follows it: the response without its first line (an opening as "Sure, here it is:"), without its last line, without
both, each with and without asterisks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval_suites.instructions import asked
from eval_suites.instructions.asked import Instruction

_NAMED = 40  # characters of a prompt that a message shows


@dataclass(frozen=True, slots=True)
class Followed:
    """For each instruction of an item, in order, whether a response follows it."""

    strictly: tuple[bool, ...]
    loosely: tuple[bool, ...]


def followed(
    prompt: str, response: str, instruction_ids: Sequence[str], arguments: Sequence[Mapping[str, object]]
) -> Followed:
    """Returns which instructions of a prompt a response follows.

    Names and arguments are as in IFEval's data set: `followed(prompt, "no", ["punctuation:no_comma"], [{}])`. Raises
    `UserError`, which names the prompt, for those that are wrong.
    """
    short = prompt if len(prompt) <= _NAMED else f"{prompt[:_NAMED]}…"
    return check(response, asked.read(instruction_ids, arguments, f"prompt {short!r}"))


def check(response: str, instructions: Sequence[Instruction]) -> Followed:
    """Returns which instructions a response follows."""
    strictly = tuple(one.is_followed(response) for one in instructions)
    others = variants(response)[1:]
    loosely = tuple(
        is_strict or any(one.is_followed(text) for text in others)
        for is_strict, one in zip(strictly, instructions, strict=True)
    )
    return Followed(strictly, loosely)


def variants(response: str) -> list[str]:
    """Returns the response and its up to seven loose variants, without repetitions."""
    lines = response.split("\n")
    shorter = ["\n".join(some).strip() for some in (lines[1:], lines[:-1], lines[1:-1])]
    texts = [response, *shorter]
    return list(dict.fromkeys([*texts, *(text.replace("*", "") for text in texts)]))
