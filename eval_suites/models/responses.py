"""What is asked of a model, and what it answers: the same for models on this machine and behind an endpoint."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Literal, Protocol

Kind = Literal["loglikelihood", "loglikelihood_rolling", "generate_until"]


@dataclass(frozen=True, slots=True)
class Request:
    """One request, as lm-eval makes them."""

    kind: Kind
    context: str  # of a rolling likelihood: the whole text
    continuation: str = ""  # whose likelihood is asked for
    settings: Mapping[str, Any] = field(default_factory=dict)  # of generation: until, max_gen_toks, temperature, ...
    repeat: int = 0  # number of the answer, where several are sampled
    seed: int = 0  # of the sampling; it counts only where something is sampled

    @property
    def is_sampled(self) -> bool:
        """Whether chance decides the answer."""
        return bool(self.settings.get("do_sample")) and float(self.settings.get("temperature") or 0.0) > 0

    @property
    def key(self) -> str:
        """Returns 32 hex digits that stand for the request."""
        settings = json.dumps(self.settings, sort_keys=True, default=str)
        parts = [self.kind, self.context, self.continuation, settings, str(self.repeat)]
        if self.seed and self.is_sampled:
            parts.append(f"seed {self.seed}")
        hashed = blake2b(digest_size=16)
        for part in parts:
            data = part.encode("utf-8", "surrogatepass")
            hashed.update(len(data).to_bytes(8, "little") + data)
        return hashed.hexdigest()


@dataclass(frozen=True, slots=True)
class Response:
    """An answer to a request."""

    log_likelihood: float | None = None  # nats
    is_greedy: bool | None = None  # whether the continuation is what the model would write
    text: str | None = None  # that was generated
    n_tokens: int = 0  # scored or written
    is_cut: bool = False  # whether the beginning did not fit into the model's context
    error: str = ""  # why there is no answer; with an empty text, it was refused, and the item goes on with that


class Responder(Protocol):
    """Answers requests."""

    @property
    def key(self) -> str:
        """Stands for the model with everything that changes its answers."""
        ...

    @property
    def about(self) -> Mapping[str, Any]:
        """What a manifest says of the model."""
        ...

    @property
    def can_chat(self) -> bool:
        """Whether `chat` makes a prompt: the model has a chat template."""
        ...

    def respond(self, requests: Sequence[Request]) -> Iterator[tuple[int, Response]]:
        """Yields (number of a request, its answer) in any order, as soon as each is known."""
        ...

    def chat(self, messages: Sequence[Mapping[str, str]], *, continues: bool) -> str:
        """Returns a conversation as the model's prompt. `continues`: the last message is to be continued."""
        ...
