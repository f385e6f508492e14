"""A responder in the form in which lm-eval asks for it, with everything that was answered before.

lm-eval makes the requests of its tasks and turns answers into scores. Answers that the store has are not asked for
again, whatever run, suite or process they come from.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from corpus.errors import UserError
from eval_suites.models.responses import Request, Responder, Response
from eval_suites.store import Store

Report = Callable[[int, int], None]  # requests that are answered, requests in all
_NAMED = 3  # requests without an answer that a message names


class Harness(LM):  # type: ignore[misc]
    """lm-eval's view of a model."""

    def __init__(self, responder: Responder, store: Store, report: Report = lambda done, of: None) -> None:
        super().__init__()
        self.responder, self._store, self._report = responder, store, report
        self._asked: set[str] = set()  # requests that this run has asked the model
        self._known: set[str] = set()  # requests that had been answered before
        self.responses: dict[str, Response] = {}  # by the key of the request
        self.refusals: dict[str, str] = {}  # why the model wrote no text, by the key of the request; it counts as empty

    @property
    def reused(self) -> int:
        """The number of requests that had been answered before this run."""
        return len(self._known)

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """Returns (log-likelihood of the continuation, whether the model would write it) for each request."""
        found = self._responses([Request("loglikelihood", *one.args) for one in requests])
        return [(_number(one), bool(one.is_greedy)) for one in found]

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = False) -> list[float]:
        """Returns the log-likelihood of each text."""
        found = self._responses([Request("loglikelihood_rolling", one.args[0]) for one in requests])
        return [_number(one) for one in found]

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Returns the text that the model writes for each request."""
        asked, times = [], Counter[str]()
        for one in requests:
            request = Request("generate_until", one.args[0], settings=one.args[1])
            asked.append(Request("generate_until", one.args[0], "", one.args[1], times[request.key]))
            times[request.key] += 1
        return [one.text or "" for one in self._responses(asked)]

    def apply_chat_template(self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True) -> str:
        """Returns a conversation as a prompt."""
        return self.responder.chat(chat_history, continues=not add_generation_prompt)

    def chat_template(self, chat_template: bool | str = False) -> str:
        """Returns the template, for lm-eval's records."""
        return str(self.responder.about.get("chat_template", ""))

    @property
    def tokenizer_name(self) -> str:
        """Stands for the tokenizer in lm-eval's cache of requests, which is not used."""
        return self.responder.key

    def _responses(self, requests: Sequence[Request]) -> list[Response]:
        """Returns the answer to each request; raises `UserError` if some cannot be answered."""
        keys = [request.key for request in requests]
        known = self._store.known(self.responder.key, keys)
        self._known |= known.keys() - self._asked
        missing = {key: request for key, request in zip(keys, requests, strict=True) if key not in known}
        asked, total = list(missing), len(set(keys))
        self._asked |= missing.keys()
        self._report(total - len(asked), total)
        with self._store.writing(self.responder.key) as write:
            for number, response in self.responder.respond([missing[key] for key in asked]):
                known[asked[number]] = response
                if not response.error:
                    write(asked[number], missing[asked[number]].kind, response)
                elif response.text is not None:
                    self.refusals[asked[number]] = response.error
                self._report(len(known), total)
        self.responses |= {key: known[key] for key in set(keys) & known.keys()}
        self._refuse_unanswered(keys, requests, known)
        return [known[key] for key in keys]

    def _refuse_unanswered(self, keys: list[str], requests: Sequence[Request], known: dict[str, Response]) -> None:
        errors = [
            (request, known[key].error if key in known else "the model gave no answer")
            for key, request in zip(keys, requests, strict=True)
            if key not in known or (known[key].error and known[key].text is None)
        ]
        if not errors:
            return
        named = "; ".join(f"...{request.context[-40:]!r}: {error}" for request, error in errors[:_NAMED])
        raise UserError(
            f"{len(errors):,} of {len(requests):,} requests have no answer ({named}). What was answered is kept; the "
            "same command asks for the rest again"
        )


def _number(response: Response) -> float:
    assert response.log_likelihood is not None
    return response.log_likelihood
