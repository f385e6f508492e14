"""Scenarios whose answers are written: GSM8K, MATH, LegalBench, WMT 2014."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from corpus.errors import UserError
from eval_suites.helm import bleu
from eval_suites.helm.columns import texts, values
from eval_suites.helm.instances import Instance
from eval_suites.helm.scenarios.parts import Parts, parts

_SEED = 42  # of both shuffles
_MOST_PAIRS = 20_000  # of a training split that examples come from


def gsm(splits: Mapping[str, Any]) -> Parts:
    """Word problems. Solutions stand on one line, and end with "The answer is 18." in place of "#### 18"."""
    train, test = ([*_gsm(splits.get(name))] for name in ("train", "test"))
    return parts(train, test)


def math(splits: Mapping[str, Any], *, subject: str, level: str) -> Parts:
    """Competition problems of one subject and level, with solutions."""
    train, test = ([*_math(splits.get(name), subject, level)] for name in ("train", "test"))
    if not test:
        raise UserError(f"the data have no problem of the type {subject!r} and the level {level!r}")
    return parts(train, test)


def legalbench(splits: Mapping[str, Any], *, fields: Sequence[Sequence[str]]) -> Parts:
    """One task of LegalBench. `fields`: names of the lines of a question with their columns."""
    train, test = ([*_legalbench(splits.get(name), fields)] for name in ("train", "test"))
    return parts(train, test)


def wmt_14(splits: Mapping[str, Any], *, source: str, target: str) -> Parts:
    """Sentences to translate. Examples come from 20,000 random pairs of the training split."""
    bleu.prepare()
    train = [*_distinct(_pairs(_sample(splits.get("train")), source, target))]
    valid, test = splits.get("validation"), [*_pairs(splits.get("test"), source, target)]
    return parts(train, test, 0 if valid is None else len(valid))


def shuffled(n: int, seed: int = _SEED) -> list[int]:
    """Returns the order in which Hugging Face's data sets shuffle n rows."""
    return [int(place) for place in np.random.default_rng(seed).permutation(n)]


def _gsm(rows: Any) -> Iterator[Instance]:
    if rows is None:
        return
    for question, answer in zip(texts(rows, "question"), texts(rows, "answer"), strict=True):
        yield Instance(question, (answer.replace("####", "The answer is").replace("\n", " ") + ".",))


def _math(rows: Any, subject: str, level: str) -> Iterator[Instance]:
    """Yields what is left of all problems, which were sorted and shuffled before."""
    if rows is None:
        return
    columns = [list(texts(rows, name)) for name in ("problem", "solution", "type", "level")]
    every = sorted(zip(*columns, strict=True), key=lambda row: row[0])
    for place in shuffled(len(every)):
        problem, solution, of_subject, of_level = every[place]
        if (of_subject, of_level) == (subject, level):
            yield Instance(problem, (solution,))


def _legalbench(rows: Any, fields: Sequence[Sequence[str]]) -> Iterator[Instance]:
    if rows is None:
        return
    names = [name for name, _ in fields]
    for *parts_, answer in zip(*(texts(rows, column) for _, column in fields), texts(rows, "answer"), strict=True):
        lines = [f"{name}: {part}" for name, part in zip(names, parts_, strict=True)]
        yield Instance("\n".join(lines), (answer,))


def _pairs(rows: Any, source: str, target: str) -> Iterator[Instance]:
    if rows is None:
        return
    for pair in values(rows, "translation"):
        if not isinstance(pair, Mapping) or not {source, target} <= pair.keys():
            raise UserError(f"the column 'translation' of the data has no {source} or no {target}")
        yield Instance(pair[source] or "", (pair[target] or "",))


def _sample(rows: Any) -> Any:
    return None if rows is None else rows.select(shuffled(len(rows))[:_MOST_PAIRS])


def _distinct(instances: Iterator[Instance]) -> Iterator[Instance]:
    """Yields the first one of each translation."""
    seen: set[str] = set()
    for one in instances:
        if one.correct[0] not in seen:
            seen.add(one.correct[0])
            yield one
