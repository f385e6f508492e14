"""What a study will cost before anything of it exists, for `pomona plan`."""

from collections.abc import Mapping
from typing import Any

from corpus.family import Spent
from eval_suites import costs

_PROMPTS, _TOKENS = 500, 1500  # where nothing else is known; tokens that are read for a prompt and its verdicts


def spent(name: str, settings: Mapping[str, Any], text_bytes: float, rate: float) -> Spent:
    """Returns what the study of this name costs at `rate` GFLOP/s."""
    study = next(one for one in settings["judge"] if one.name == name)
    return costs.of_model(study.judge, settings, items=study.limit or _PROMPTS, tokens=_TOKENS, rate=rate)
