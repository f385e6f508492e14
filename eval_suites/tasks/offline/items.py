"""Makes the items of the tasks from a seed: the same ones everywhere. Each function is a data set for lm-eval."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import yaml

from eval_suites.tasks.offline import grammar as pairs

_FOLDER = Path(__file__).parent
_SEED = 20241125
_OF_PARADIGM = 40
_ITEMS = 200
_OF_LENGTH = 60
_WORDS = (
    "apple", "river", "stone", "music", "paper", "green", "table", "horse", "cloud", "bread", "light", "chair",
    "water", "glass", "house", "train", "sugar", "metal", "plant", "smile", "tiger", "ocean", "wheel", "shirt",
)  # fmt: skip

Row = dict[str, Any]


def text(**_: Any) -> dict[str, Any]:
    """Passages by domain, whose bits per byte are measured."""
    passages = yaml.safe_load((_FOLDER / "passages.yaml").read_text())
    return _dataset({"text": one, "domain": domain} for domain, several in passages.items() for one in several)


def grammar(**_: Any) -> dict[str, Any]:
    """Minimal pairs; a model should find the grammatical sentence likelier."""
    return _dataset(_in_turn(_grammar(), "paradigm"))


def cloze(**_: Any) -> dict[str, Any]:
    """Sentences whose last word is missing."""
    lines = (_FOLDER / "cloze.tsv").read_text().splitlines()
    return _dataset(_shuffled(enumerate(line.split("\t") for line in lines)))


def arithmetic(**_: Any) -> dict[str, Any]:
    """Sums and differences of small numbers."""
    return _dataset(_made(_sum))


def brackets(**_: Any) -> dict[str, Any]:
    """Nested brackets that are to be closed in the right order."""
    return _dataset(_made(_open_brackets))


def indentation(**_: Any) -> dict[str, Any]:
    """Python whose next line stands at one of three depths."""
    return _dataset(_made(_next_line))


def copying(**_: Any) -> dict[str, Any]:
    """A list of words that is repeated up to some word."""
    return _dataset(_in_turn(_of_lengths(_copied, (4, 8, 16, 32)), "length"))


def retrieval(**_: Any) -> dict[str, Any]:
    """Pairs of a name and a word; one of the names is asked for."""
    return _dataset(_in_turn(_of_lengths(_looked_up, (2, 4, 8, 16)), "length"))


def _grammar() -> Iterator[Row]:
    for paradigm in pairs.PARADIGMS:
        random = Random(f"{_SEED} {paradigm.__name__}")
        seen: set[str] = set()
        while len(seen) < _OF_PARADIGM:
            right, wrong = paradigm(random)
            if right not in seen:
                seen.add(right)
                yield {"question": "", "choices": [right, wrong], "answer": 0, "paradigm": paradigm.__name__}


def _made(make: Callable[[Random], tuple[str, list[str]]]) -> Iterator[Row]:
    """Yields items with a question, and choices of which the first one is right before they are shuffled."""
    random, rows = Random(f"{_SEED} {make.__name__}"), []
    seen: set[tuple[str, str]] = set()
    while len(seen) < _ITEMS:
        question, choices = make(random)
        if (question, choices[0]) not in seen:
            seen.add((question, choices[0]))
            rows.append([question, *choices])
    yield from _shuffled(enumerate(rows))


def _shuffled(rows: Any) -> Iterator[Row]:
    for number, (question, *choices) in rows:
        order = list(range(len(choices)))
        Random(f"{_SEED} {number} {question}").shuffle(order)
        yield {"question": question, "choices": [choices[i] for i in order], "answer": order.index(0)}


def _sum(random: Random) -> tuple[str, list[str]]:
    a, b = random.randrange(1, 20), random.randrange(1, 20)
    if random.random() < 0.5:
        a, b = max(a, b), min(a, b)
        question, right = f"{a} - {b} =", a - b
    else:
        question, right = f"{a} + {b} =", a + b
    wrong = [right + d for d in (-10, -2, -1, 1, 2, 10) if right + d >= 0]
    return question, [str(one) for one in (right, *random.sample(wrong, 3))]


def _open_brackets(random: Random) -> tuple[str, list[str]]:
    opened = [random.choice("([{") for _ in range(random.randrange(2, 5))]
    while len(set(opened)) < 2:
        opened[random.randrange(len(opened))] = random.choice("([{")
    names = [random.choice(_WORDS) for _ in range(len(opened) + 1)]
    question = names[0] + "".join(f"{bracket}{name}" for bracket, name in zip(opened, names[1:], strict=True))
    right = "".join({"(": ")", "[": "]", "{": "}"}[one] for one in reversed(opened))
    wrong: set[str] = set()
    while len(wrong) < 3:
        other = list(right)
        i = random.randrange(len(other))
        other[i] = random.choice([one for one in ")]}" if one != other[i]])
        wrong.add("".join(other))
    return f"x = {question}", [right, *sorted(wrong)]


def _next_line(random: Random) -> tuple[str, list[str]]:
    name, value, other = random.sample(_WORDS, 3)
    head = random.choice(
        [f"def {name}({value}):\n    if {value}:\n        {other} = 1\n",
         f"for {value} in {name}:\n    if {value} > 0:\n        {other} += {value}\n",
         f"while {name}:\n    with {value}:\n        {other} = {name}.next()\n"]
    )  # fmt: skip
    line, depth = random.choice([("else:", 1), (f"{other} += 1", 2), (f"print({name})", 0)])
    if line == "else:" and "if" not in head:
        line, depth = f"{other} += 1", 2
    if depth == 0:
        head += "    pass\n" if random.random() < 0.5 else ""
        head += "\n"
    choices = [f"{' ' * 4 * one}{line}" for one in (depth, *(d for d in range(3) if d != depth))]
    return head, choices


def _of_lengths(make: Callable[[Random, int], tuple[str, list[str]]], lengths: tuple[int, ...]) -> Iterator[Row]:
    random, rows = Random(f"{_SEED} {make.__name__}"), []
    for length in lengths:
        rows += [(length, make(random, length)) for _ in range(_OF_LENGTH)]
    for number, (length, (question, choices)) in enumerate(rows):
        yield from ({**row, "length": length} for row in _shuffled([(number, [question, *choices])]))


def _copied(random: Random, length: int) -> tuple[str, list[str]]:
    words = random.sample(_WORDS, min(length, len(_WORDS)))
    words = (words * 2)[:length] if length <= len(words) * 2 else words
    at = random.randrange(1, len(words))
    before, right = words[:at], words[at]
    wrong = random.sample([one for one in _WORDS if one not in (right, words[at - 1])], 3)
    return f"{' '.join(words)}\n{' '.join(before)}", [right, *wrong]


def _looked_up(random: Random, length: int) -> tuple[str, list[str]]:
    names = random.sample([f"{a}{b}" for a in "ABCDEFGH" for b in "123456789"], length)
    values = [random.choice(_WORDS) for _ in names]
    at = random.randrange(length)
    lines = "\n".join(f"{name}: {value}" for name, value in zip(names, values, strict=True))
    others = [one for one in dict.fromkeys([*values, *_WORDS]) if one != values[at]]
    return f"{lines}\n\n{names[at]}:", [values[at], *others[:3]]


def _in_turn(rows: Iterator[Row], kind: str) -> Iterator[Row]:
    """Yields one item of each kind in turn, so that the first items of a quick look are of all kinds."""
    by_kind: dict[Any, list[Row]] = {}
    for row in rows:
        by_kind.setdefault(row[kind], []).append(row)
    for several in zip(*by_kind.values(), strict=True):
        yield from several


def _dataset(rows: Iterator[Row]) -> dict[str, Any]:
    from datasets import Dataset

    return {"test": Dataset.from_list(list(rows))}
