"""An item of BFCL as lm-eval asks it, and the score of an answer.

Documents hold JSON texts, as data sets need columns of one type. Metrics of an answer: `acc`; `acc_bfcl`, if only calls
in BFCL's own form with nothing around them are calls, as for BFCL's decoder for prompts; `parsed`; `wrong_...` by
reason.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from eval_suites.tools import calls, data, matching, prompts
from eval_suites.tools.categories import CATEGORIES, Category
from eval_suites.tools.mismatch import REASONS, Mismatch

NO_CALL, A_CALL = "[]", "a call of any function"  # targets of items without expected calls


def documents(category: str, files: Mapping[str, Sequence[Path]] | None = None) -> list[dict[str, str]]:
    """Returns the items of a category as documents. Raises `UserError` for data that are missing or wrong."""
    of = CATEGORIES[category]
    return [
        {
            "id": row.id,
            "category": category,
            "system": prompts.system(row.functions, row.messages, of.language),
            "question": prompts.question(row.messages),
            "functions": row.functions,
            "target": row.answers or (NO_CALL if of.wanted == "no call" else A_CALL),
        }
        for row in data.rows(of, files)
    ]


def score(document: Mapping[str, str], answer: str) -> dict[str, float]:
    """Returns the metrics of an answer, each 0 or 1."""
    category = CATEGORIES[document["category"]]
    reading = calls.read(answer, category.language)
    mismatch: Mismatch | None = None
    if category.wanted == "calls":
        mismatch = _judged(document, category, reading) if reading.state != "unreadable" else None
        is_right = reading.state == "calls" and mismatch is None
    else:
        is_right = bool(reading.calls) == (category.wanted == "any call")

    # BFCL takes whatever its decoder cannot read for no call.
    is_right_there = is_right if reading.is_as_asked else category.wanted == "no call"
    reasons = {f"wrong_{reason}": float(mismatch is not None and mismatch.reason == reason) for reason in REASONS}
    return {
        "acc": float(is_right),
        "acc_bfcl": float(is_right_there),
        "parsed": float(reading.state != "unreadable"),
    } | reasons


def _judged(document: Mapping[str, str], category: Category, reading: calls.Reading) -> Mismatch | None:
    row = data.Row(document["id"], (), document["functions"], document["target"])
    return matching.judge(reading.calls, data.expected(row, category), category.language)
