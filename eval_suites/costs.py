"""What a score will cost before anything of it exists, for `pomona plan`."""

from collections.abc import Mapping
from typing import Any

from corpus.family import Spent
from training import costs as training_costs

_ITEMS, _TOKENS_OF_ITEM = 2000, 60  # of a suite, where nothing else is known; of `offline`: 1,580 items
_LIBRARIES = 900 << 20  # bytes that PyTorch, transformers and lm-eval hold


def spent(name: str, settings: Mapping[str, Any], text_bytes: float, rate: float) -> Spent:
    """Returns what the score of this name costs at `rate` GFLOP/s."""
    score = next(one for one in settings["score"] if one.name == name)
    items = min(score.limit or _ITEMS, _ITEMS)
    return of_model(score.model, settings, items=items, tokens=_TOKENS_OF_ITEM, rate=rate)


def of_model(model: str, settings: Mapping[str, Any], *, items: int, tokens: int, rate: float) -> Spent:
    """Returns what it costs to let a model read some items of some tokens: two FLOPs per weight and token."""
    shape = training_costs.shape_of(model, settings)
    flops = items * tokens * shape.flops_per_token(tokens) / 3
    weights = 4 * (shape.parameters + shape.embedding_parameters)
    return Spent(
        n_bytes=items * tokens * 4,
        minutes=flops / (rate * 1e9) / 60,
        peak_bytes=_LIBRARIES + 2 * weights,
        disk_bytes=items * 2000,
    )
