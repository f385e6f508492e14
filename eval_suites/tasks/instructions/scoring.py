"""Reads IFEval's items and scores responses, for lm-eval. eval_suites.instructions decides what is followed."""

from collections.abc import Mapping, Sequence
from typing import Any

from eval_suites.aggregation import ratio as ratio
from eval_suites.instructions import asked
from eval_suites.instructions.followed import check

Row = Mapping[str, Any]


def checked(rows: Any) -> Any:
    """Returns the items as they are; raises `UserError` for one that cannot be read, before any is asked."""
    for number, row in enumerate(rows):
        _instructions(row, number)
    return rows


def score(row: Row, responses: Sequence[str]) -> dict[str, bool | tuple[int, int]]:
    """Returns the four published metrics: of whole prompts, and of single instructions as (followed, asked)."""
    verdicts = check(responses[0], _instructions(row))
    scores: dict[str, bool | tuple[int, int]] = {}
    for name, each in (("strict", verdicts.strictly), ("loose", verdicts.loosely)):
        scores[f"prompt_level_{name}_acc"] = all(each)
        scores[f"inst_level_{name}_acc"] = (sum(each), len(each))
    return scores


def _instructions(row: Row, number: int | None = None) -> tuple[asked.Instruction, ...]:
    where = f"item {number}" if number is not None and row.get("key") is None else f"item with key {row.get('key')}"
    return asked.read(row.get("instruction_id_list"), row.get("kwargs"), where)
