"""The scenarios of HELM Lite: from the rows of a data set to what is asked and what is shown before it.

Each takes all splits of the data, since HELM draws from several of them together, and what the task's YAML says of its
part. A split that is not there is empty.
"""

from collections.abc import Callable, Mapping
from typing import Any

from eval_suites.helm.scenarios import choices, natural_questions, stories, written
from eval_suites.helm.scenarios.parts import Parts

Scenario = Callable[..., Parts]

BY_NAME: Mapping[str, Scenario] = {
    "mmlu": choices.mmlu,
    "openbookqa": choices.openbookqa,
    "med_qa": choices.med_qa,
    "gsm": written.gsm,
    "math": written.math,
    "legalbench": written.legalbench,
    "wmt_14": written.wmt_14,
    "narrative_qa": stories.narrative_qa,
    "natural_qa": natural_questions.natural_qa,
}


def parts(splits: Mapping[str, Any], name: str, **options: Any) -> Parts:
    """Returns the examples and the items of a scenario."""
    return BY_NAME[name](splits, **options)
