"""One item of a scenario of HELM: an input, and what is right. For all scenarios the same."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Instance:
    """An input with its right answers."""

    input: str
    correct: tuple[str, ...]  # texts that are right; the first one is what an example shows
    choices: tuple[str, ...] = ()  # texts that are listed under letters; none if an answer is written freely
    letter: str = ""  # of the right choice

    def row(self) -> dict[str, Any]:
        """Returns the columns that the YAML of a task may name."""
        return {
            "input": self.input,
            "listed": listed(self.choices),
            "choices": list(self.choices),
            "correct": list(self.correct),
            "target": self.letter or self.correct[0],
        }


def letter(place: int) -> str:
    """Returns the letter of a choice: A for the first one."""
    return chr(ord("A") + place)


def listed(choices: tuple[str, ...]) -> str:
    """Returns the choices as they stand in a prompt, each on a line that ends with a break."""
    return "".join(f"{letter(place)}. {choice}\n" for place, choice in enumerate(choices))
