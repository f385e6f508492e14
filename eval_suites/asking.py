"""Asks a model what was not answered before, whatever run, suite or process the answers come from.

An answer is kept as soon as it is there, so that a killed run goes on from it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from corpus.errors import UserError
from eval_suites.models.responses import Request, Responder, Response
from eval_suites.store import Store

Report = Callable[[int, int], None]  # requests that are answered, requests in all
_MOST_REFUSED = 0.1  # of the texts of a task or study; beyond that, a score says more of a filter than of the model
_NAMED = 3  # requests without an answer that a message names


class Asker:
    """A model with everything that it has answered."""

    def __init__(self, responder: Responder, store: Store, report: Report = lambda done, of: None) -> None:
        self.responder, self._store, self._report = responder, store, report
        self._asked: set[str] = set()  # requests that this run has asked the model
        self._known: set[str] = set()  # requests that had been answered before
        self.responses: dict[str, Response] = {}  # by the key of the request
        self.refusals: dict[str, str] = {}  # why the model wrote no text, by the key of the request; it counts as empty

    @property
    def reused(self) -> int:
        """The number of requests that had been answered before this run."""
        return len(self._known)

    def ask(self, requests: Sequence[Request]) -> list[Response]:
        """Returns the answer to each request; raises `UserError` if some cannot be answered."""
        if seed := getattr(self.responder, "seed", 0):
            requests = [replace(request, seed=seed) for request in requests]
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
        self._refuse_filtered(keys, total)
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

    def _refuse_filtered(self, keys: list[str], total: int) -> None:
        refused = [key for key in dict.fromkeys(keys) if key in self.refusals]
        if len(refused) <= _MOST_REFUSED * total:
            return
        reason = self.refusals[refused[0]]
        raise UserError(
            f"{len(refused):,} of {total:,} texts were refused ({reason}): a score of the rest would not be the "
            "model's. What was answered is kept"
        )


class Answered:
    """A model that is asked only what it has not answered before, for what stands between it and the tasks.

    What guardrails make of an answer is not kept, but made anew in each run.
    """

    def __init__(self, asker: Asker) -> None:
        self._asker, self._model = asker, asker.responder

    @property
    def key(self) -> str:
        """Stands for the model."""
        return self._model.key

    @property
    def about(self) -> Mapping[str, Any]:
        """What a manifest says of the model."""
        return self._model.about

    @property
    def can_chat(self) -> bool:
        """Whether the model has a chat template."""
        return self._model.can_chat

    def respond(self, requests: Sequence[Request]) -> Iterator[tuple[int, Response]]:
        """Yields the answers in the order of the requests."""
        yield from enumerate(self._asker.ask(requests))

    def chat(self, messages: Sequence[Mapping[str, str]], *, continues: bool) -> str:
        """Returns a conversation as the model's prompt."""
        return self._model.chat(messages, continues=continues)
