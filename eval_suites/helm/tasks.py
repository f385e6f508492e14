"""HELM's scenarios as tasks of lm-eval.

The YAML says how a prompt reads, as for any other task. What lm-eval has no key for stands here: items and examples
that are drawn from all splits together, HELM's choice of examples, and its prompt for models that follow instructions.
"""

from collections.abc import Sequence
from typing import Any

from lm_eval.api.samplers import ContextSampler
from lm_eval.api.task import ConfigurableTask

from eval_suites.helm import examples, scenarios

_BEFORE = (
    "Here are some input-output examples. Read the examples carefully to figure out the mapping. The output of the "
    "last example is not given, and your job is to figure out what it is.\n\n"
)
_AFTER = (
    "\n\nPlease provide the output to this last example. It is critical to follow the format of the preceding "
    "outputs!\n"
)


class Examples(ContextSampler):  # type: ignore[misc]
    """Chooses the examples as HELM does: fewer than wanted if there are no more."""

    def sample(self, n: int, eval_doc: Any = None, df: Any = None, **_: Any) -> Sequence[dict[str, Any]]:
        """Returns at most n rows, the same ones for every question."""
        rows = list(df or self.df)
        return [rows[place] for place in examples.chosen([row["correct"][0] for row in rows], n)]


class Scenario(ConfigurableTask):  # type: ignore[misc]
    """A scenario of HELM. Its YAML names it as `scenario` of the metadata, with what it needs to know beside."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config={name: value for name, value in config.items() if name != "class"})

    def download(self, dataset_kwargs: dict[str, Any] | None = None, **_: Any) -> None:
        """Loads the data, from the hub or from files, and makes HELM's items of them."""
        from datasets import Dataset

        super().download(dataset_kwargs)
        parts = scenarios.parts(self.dataset, **self.config.metadata["scenario"])
        self._examples = [one.row() for one in parts.train]
        self._asked = Dataset.from_list([one.row() for one in parts.asked])

    def test_docs(self) -> Any:
        """Returns the items that are asked."""
        return self._asked

    def fewshot_docs(self) -> list[dict[str, Any]]:
        """Returns the items that examples are chosen from."""
        return self._examples

    def fewshot_context(
        self, doc: dict[str, Any], num_fewshot: int, *, apply_chat_template: bool = False, chat_template: Any = None,
        **options: Any,
    ) -> Any:  # fmt: skip
        """Returns the prompt. For a chat it is one message, in which examples of written answers are explained."""
        options.pop("fewshot_as_multiturn", None)
        prompt = super().fewshot_context(doc, num_fewshot, **options)
        if not apply_chat_template:
            return prompt
        if not doc["choices"]:
            last_line = prompt.rsplit("\n", 1)[-1]  # where the answer goes
            prompt = _BEFORE + prompt + _AFTER + last_line
        return chat_template([{"role": "user", "content": prompt}])
