"""Reads the instructions of an item: their names with their arguments, as IFEval's data set has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

from corpus.errors import UserError, unknown
from eval_suites.instructions.kinds import KINDS

_SHOWN = 60  # characters of a wrong value that a message shows


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction that an item asks to be followed."""

    name: str  # a key of KINDS
    arguments: Mapping[str, object]

    def is_followed(self, response: str) -> bool:
        """Returns whether a response follows it. A blank response follows nothing."""
        return bool(response.strip()) and KINDS[self.name].is_followed(response, **self.arguments)


def read(names: object, arguments: object, where: str) -> tuple[Instruction, ...]:
    """Returns the instructions of an item: `names` are IFEval's, and `arguments` has a mapping for each of them.

    Arguments that are None are those of other kinds, and are left out. Raises `UserError`, which says `where`, for a
    name that nobody knows and for arguments that are missing, wrong or too many.
    """
    if not (_is_list(names) and _is_list(arguments) and 0 < len(names) == len(arguments)):
        raise UserError(
            f"{where}: instruction_id_list and kwargs must be lists of one length with 1 or more entries, as in IFEval"
        )
    return tuple(_instruction(name, given, where) for name, given in zip(names, arguments, strict=True))


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _instruction(name: object, given: object, where: str) -> Instruction:
    if not isinstance(name, str) or name not in KINDS:
        raise UserError(f"{where}: {unknown('instruction', _shown(name), KINDS)}")
    if not isinstance(given, Mapping):
        raise UserError(f"{where}: the arguments of {name} are {_shown(given)}; they must be names with values")

    readers = KINDS[name].arguments
    values = {str(key): value for key, value in given.items() if value is not None}
    for key in values:
        if key not in readers:
            raise UserError(f"{where}: {name} takes no argument {key!r}. Allowed: {', '.join(readers) or 'none'}")
    read_values = {}
    for key, reader in readers.items():
        if key not in values:
            raise UserError(f"{where}: {name} needs the argument {key!r}")
        try:
            read_values[key] = reader(values[key])
        except ValueError as error:
            raise UserError(f"{where}: argument {key!r} of {name} is {_shown(values[key])}; {error}") from None

    instruction = Instruction(name, read_values)
    _refuse_paragraph_beyond_the_last(instruction, where)
    return instruction


def _refuse_paragraph_beyond_the_last(instruction: Instruction, where: str) -> None:
    place, last = (instruction.arguments.get(key) for key in ("nth_paragraph", "num_paragraphs"))
    if isinstance(place, int) and isinstance(last, int) and place > last:
        name = instruction.name
        raise UserError(f"{where}: argument 'nth_paragraph' of {name} is {place}; the last one is {last}")


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
