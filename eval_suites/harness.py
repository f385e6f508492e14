"""A model as lm-eval asks it: lm-eval makes the requests of its tasks, and turns answers into scores."""

from collections import Counter

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from eval_suites.asking import Asker
from eval_suites.models.responses import Request, Response


class Harness(LM):  # type: ignore[misc]
    """lm-eval's view of a model."""

    def __init__(self, asker: Asker) -> None:
        super().__init__()
        self.asker = asker

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """Returns (log-likelihood of the continuation, whether the model would write it) for each request."""
        found = self.asker.ask([Request("loglikelihood", *one.args) for one in requests])
        return [(_number(one), bool(one.is_greedy)) for one in found]

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> list[float]:
        """Returns the log-likelihood of each text."""
        found = self.asker.ask([Request("loglikelihood_rolling", one.args[0]) for one in requests])
        return [_number(one) for one in found]

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Returns the text that the model writes for each request."""
        asked, times = [], Counter[str]()
        for one in requests:
            request = Request("generate_until", one.args[0], settings=one.args[1])
            asked.append(Request("generate_until", one.args[0], "", one.args[1], times[request.key]))
            times[request.key] += 1
        return [one.text or "" for one in self.asker.ask(asked)]

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        """Returns a conversation as a prompt."""
        return self.asker.responder.chat(chat_history, continues=not add_generation_prompt)

    def chat_template(self, chat_template: bool | str = False) -> str:
        """Returns the template, for lm-eval's records."""
        return str(self.asker.responder.about.get("chat_template", ""))

    @property
    def tokenizer_name(self) -> str:
        """Stands for the tokenizer in lm-eval's cache of requests, which is not used."""
        return self.asker.responder.key


def _number(response: Response) -> float:
    assert response.log_likelihood is not None
    return response.log_likelihood
