"""Items of a length, in lm-eval's form."""

from collections.abc import Mapping, Sequence
from typing import Any

from eval_suites.long_context import kinds

_SEED = "20261129"
_OF_KIND = 20


def documents(tokens: int, **_: Any) -> dict[str, Any]:
    """Twenty items of each kind."""
    from datasets import Dataset

    made = [kinds.item(kind, tokens, f"{_SEED} {i}") for i in range(_OF_KIND) for kind in kinds.KINDS]
    rows = [{"kind": one.kind, "prompt": one.prompt, "answers": list(one.answers)} for one in made]
    return {"test": Dataset.from_list(rows)}


def score(doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, float]:
    """Returns the recall of an item, for all items and for those of its kind."""
    value = kinds.recall(doc["answers"], results[0])
    return {"recall": value, f"recall_{doc['kind']}": value}
