"""Scenarios whose answers are listed under letters: MMLU, OpenbookQA, MedQA."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from corpus.errors import UserError
from eval_suites.helm.columns import texts, values
from eval_suites.helm.instances import Instance, letter
from eval_suites.helm.scenarios.parts import Parts, parts

_MED_QA = (1272, 1273)  # items of the validation split, which the hub's copy lacks, and of the test split


def mmlu(splits: Mapping[str, Any]) -> Parts:
    """Questions of one subject. The five of the split `dev` are the examples."""
    train, valid, test = ([*_mmlu(splits.get(name))] for name in ("dev", "validation", "test"))
    return parts(train, test, len(valid))


def openbookqa(splits: Mapping[str, Any]) -> Parts:
    """Questions about elementary science."""
    train, test = ([*_openbookqa(splits.get(name))] for name in ("train", "test"))
    return parts(train, test)


def med_qa(splits: Mapping[str, Any]) -> Parts:
    """Questions of medical board exams."""
    train, valid, test = ([*_med_qa(splits.get(name))] for name in ("train", "validation", "test"))
    before = _MED_QA[0] if not valid and len(test) == _MED_QA[1] else len(valid)
    return parts(train, test, before)


def _mmlu(rows: Any) -> Iterator[Instance]:
    if rows is None:
        return
    every = zip(texts(rows, "question"), values(rows, "choices"), values(rows, "answer"), strict=True)
    for number, (question, choices, answer) in enumerate(every):
        yield _by_text(question, _strings(choices), answer, number)


def _openbookqa(rows: Any) -> Iterator[Instance]:
    if rows is None:
        return
    every = zip(
        texts(rows, "question_stem"), values(rows, "choices", "text"), texts(rows, "answerKey"), strict=True
    )  # fmt: skip
    for number, (question, choices, key) in enumerate(every):
        yield _by_text(question, _strings(choices), key, number)


def _med_qa(rows: Any) -> Iterator[Instance]:
    """Here, only the choice under the right letter is right. Some choices end with a quote or blanks by mistake."""
    if rows is None:
        return
    every = zip(texts(rows, "question"), values(rows, "options"), texts(rows, "answer_idx"), strict=True)
    for number, (question, options, key) in enumerate(every):
        named = {name: text for name, text in (options or {}).items() if text is not None}
        choices = tuple(str(text).rstrip('"').rstrip() for text in named.values())
        place = [*named].index(key) if key in named else _place(key, choices, number)
        yield Instance(question, (choices[place],), choices, letter(place))


def _by_text(question: str, choices: tuple[str, ...], answer: Any, number: int) -> Instance:
    """Each choice that says what the right one says is right; the first of them is the one that an example shows."""
    right = choices[_place(answer, choices, number)]
    return Instance(question, (right,), choices, letter(choices.index(right)))


def _place(answer: Any, choices: Sequence[str], number: int) -> int:
    """Returns the place of the right choice, by its number or letter."""
    text = str(answer).strip()
    place = ord(text) - ord("A") if len(text) == 1 and text.isalpha() else int(text) if _is_number(text) else -1
    if not 0 <= place < len(choices):
        raise UserError(f"row {number:,} of the data: the answer {text[:20]!r} is none of its {len(choices)} choices")
    return place


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 4


def _strings(value: Any) -> tuple[str, ...]:
    return tuple("" if one is None else str(one) for one in value or ())
