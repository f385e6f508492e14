"""Answers requests through an endpoint.

Likelihoods need `/completions` with `echo` and `logprobs`, as vLLM gives them. Texts come from
`/completions`, or from `/chat/completions` if the model is asked through its chat template, which the server fills in.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from corpus.errors import UserError
from corpus.task import digest
from eval_suites.models.endpoint.address import Address
from eval_suites.models.endpoint.client import BusyError, Client, RejectedError, counted
from eval_suites.models.endpoint.echo import Echo, UnusableError, likelihood
from eval_suites.models.endpoint.settings import Endpoint
from eval_suites.models.endpoint.threads import at_once
from eval_suites.models.responses import Request, Response

_MOST_WRITTEN = 256  # tokens, unless a task says otherwise
_MOST_STOPS = 4  # that OpenAI's protocol allows; texts are cut at the others here
_KEY = re.compile(r"[\x21-\x7e]+")
_OTHER_NAMES = {"max_tokens": "max_completion_tokens"}  # of newer models
_WITHOUT = ("stop", "seed")  # what an endpoint need not know: texts are cut here, and a seed is a wish
_OF_MODEL = re.compile(  # why a text is refused for what it is about, or for its length
    r"content.?filter|content management|content.?policy|safety|flagged|responsible.?ai|finish_reason: length|"
    r"context.?length|maximum context|context window|too long|too many tokens|reduce the length",
    re.IGNORECASE,
)
_PROBES = ("The days of the week are Monday, Tuesday, Wednesday,", "Once upon a time there was a", "1, 2, 3, 4,")
_NOISE = 0.1  # nats between two readings of the same token, at low precision


class EndpointResponder:
    """A model behind an endpoint."""

    def __init__(self, where: str, settings: Endpoint, *, chat: bool = False, seed: int = 0) -> None:
        address = Address.of(where)
        self._client = Client(address, settings, _key(settings))
        if not address.model:
            raise UserError(_which(self._client))
        self._model = address.model
        self._chat, self.seed = chat, seed
        self._renamed: dict[str, str] = {}
        self._omitted: set[str] = set()
        self._echoes = False  # whether the endpoint is known to give likelihoods
        self.key = f"endpoint-{digest([address.base, self._model, chat, settings.revision or ''])}"

    @property
    def about(self) -> Mapping[str, Any]:
        """What a manifest says of the model."""
        usage = self._client.usage
        return {
            "endpoint": self._client.address.base, "served": self._model, "chat": self._chat,
            "read": usage.read, "written": usage.written, "tries": usage.tries,
            "cost": usage.cost(self._client.settings),
        }  # fmt: skip

    @property
    def can_chat(self) -> bool:
        """Whether it is asked as a chat."""
        return self._chat

    def respond(self, requests: Sequence[Request]) -> Iterator[tuple[int, Response]]:
        """Yields (number of a request, its answer), as soon as each is known."""
        if any(one.kind != "generate_until" for one in requests):
            if self._chat:
                raise UserError(
                    f"{self._client.address.base}: a chat has no likelihoods, which some of the tasks need; leave out "
                    "--chat, or score tasks that generate"
                )
            if not self._echoes:
                self._require_likelihoods()
        try:
            yield from at_once(self._answer, requests, self._client.settings.at_once)
        except BaseException:
            self._client.close()  # the others must not wait for answers, or ask again
            raise

    def chat(self, messages: Sequence[Mapping[str, str]], *, continues: bool) -> str:
        """Returns a conversation as it is sent: the server knows the template."""
        if continues:
            raise UserError("an endpoint cannot continue a message that has begun; score the task without --chat")
        return json.dumps([{"role": one["role"], "content": one["content"]} for one in messages])

    def _answer(self, request: Request) -> Response:
        try:
            if request.kind == "generate_until":
                return self._text(request)
            return self._likelihood(request)
        except (RejectedError, UnusableError) as error:
            # A text that the model may not write, or cannot for want of room, counts as an empty one, and is counted.
            # Whatever else went wrong is no answer: the run ends with what it has.
            is_refused = request.kind == "generate_until" and _OF_MODEL.search(str(error)) is not None
            return Response(text="" if is_refused else None, error=str(error))

    def _likelihood(self, request: Request) -> Response:
        if request.kind == "loglikelihood_rolling":
            context, continuation = "", request.context
            if not continuation:
                return Response(0.0)
        else:
            # Blanks at the end of a context belong to the continuation, as lm-eval has it.
            context = request.context.rstrip()
            continuation = request.context[len(context) :] + request.continuation
        prompt = context + continuation
        payload = {"prompt": prompt, "max_tokens": 1, "temperature": 0, "logprobs": 1, "echo": True}
        answer = self._post("/completions", payload)
        nats, is_greedy, n = likelihood(Echo.of(answer, prompt), context, continuation)
        return Response(nats, is_greedy, None, n)

    def _text(self, request: Request) -> Response:
        from lm_eval.models.utils import normalize_gen_kwargs

        known = dict(normalize_gen_kwargs(dict(request.settings), _MOST_WRITTEN))
        until = [one for one in known["until"] if one]
        payload: dict[str, Any] = {"max_tokens": int(known["max_gen_toks"]), "temperature": 0}
        if known.get("do_sample") and known.get("temperature", 0.0) > 0:
            payload |= {"temperature": float(known["temperature"]), "seed": (self.seed + request.repeat) % 2**31}
            payload |= {"top_p": float(known["top_p"])} if known.get("top_p") else {}
        if until:
            payload["stop"] = until[:_MOST_STOPS]

        if self._chat:
            answer = self._post("/chat/completions", payload | {"messages": json.loads(request.context)})
        else:
            answer = self._post("/completions", payload | {"prompt": request.context})
        text = _written(answer, is_chat=self._chat)
        for one in until:
            text = text.split(one)[0]
        return Response(None, None, text, counted(answer, "completion_tokens"))

    def _post(self, route: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Sends a request in the words that the endpoint understands."""
        while True:
            sent = {
                self._renamed.get(name, name): value for name, value in payload.items() if name not in self._omitted
            }
            try:
                return self._client.post(route, {"model": self._model} | sent)
            except RejectedError as error:
                if error.status == 404:
                    raise UserError(self._nowhere(route, error)) from error
                if error.status not in (400, 422) or not self._adapts(sent, error.text):
                    raise

    def _adapts(self, sent: Mapping[str, Any], complaint: str) -> bool:
        """Returns whether another try makes sense: without what the endpoint complains about, or under another name."""
        for name, other in _OTHER_NAMES.items():
            if name in sent and other in complaint:
                self._renamed[name] = other
                return True
        for name in _WITHOUT:
            if name in sent and any(f"{quote}{name}{quote}" in complaint for quote in "'\"`"):
                self._omitted.add(name)
                return True
        return False

    def _require_likelihoods(self) -> None:
        """Raises `UserError` if the endpoint gives no likelihoods, or false ones, before thousands of requests.

        What it writes by itself, and how likely that was, must come back when the same text is echoed. Servers were
        seen that give only what they wrote (llama.cpp), and likelihoods of the token after (llama-cpp-python).
        """
        reason = "it writes nothing after a text"
        for context in _PROBES:
            try:
                written, nats = self._wrote(context)
                echoed = self._likelihood(Request("loglikelihood", context, written)) if written else None
            except (RejectedError, UnusableError) as error:
                reason = str(error)
                continue
            if echoed is None or echoed.n_tokens != 1:
                continue
            assert echoed.log_likelihood is not None
            if abs(echoed.log_likelihood - nats) <= _NOISE and echoed.is_greedy:
                self._echoes = True
                return
            again = f"{echoed.log_likelihood:.2f} in the same place of a prompt"
            reason = f"{written!r} was written with {nats:.2f} nats, and has {again}"
        raise UserError(
            f"{self._client.address.base} gives no likelihoods of a prompt's tokens that can be trusted ({reason}), "
            "and some of the tasks need them. Score tasks that generate, serve the model with vLLM, or name its folder"
        )

    def _wrote(self, context: str) -> tuple[str, float]:
        """Returns the token that the model writes after a text, and its nats."""
        payload = {"prompt": context, "max_tokens": 1, "temperature": 0, "logprobs": 1}
        answer = self._post("/completions", payload)
        echo = Echo.of(answer, context)
        nats = echo.log_likelihoods_T[-1] if echo.tokens_T else None
        if nats is None:
            raise UnusableError("it gives no log-probabilities")
        return _written(answer, is_chat=False), nats

    def _nowhere(self, route: str, error: RejectedError) -> str:
        other = "--chat asks /chat/completions" if not self._chat else "without --chat, /completions is asked"
        return f"{self._client.address.base}{route} with the model {self._model!r}: {error}; {other}"


def check(where: str, settings: Endpoint) -> None:
    """Raises `UserError` for an endpoint that is not there, before anything heavy is loaded."""
    address = Address.of(where)
    client = Client(address, settings, _key(settings))
    try:
        if not address.model:
            raise UserError(_which(client))
        _models(client)
    finally:
        client.close()


def _key(settings: Endpoint) -> str | None:
    if settings.key_variable is None:
        return None
    key = os.environ.get(settings.key_variable, "").strip()
    if key and not _KEY.fullmatch(key):
        raise UserError(f"--key-variable {settings.key_variable}: it holds no key, but blanks or other characters")
    if not key:
        raise UserError(
            f"--key-variable {settings.key_variable}: there is no such environment variable, or it is empty"
        )
    return key


def _which(client: Client) -> str:
    """Returns the error for an address without the name of a model: what answers there may change."""
    names = _models(client)
    listed = f"it serves {', '.join(names[:20])}" if names else "it does not list its models"
    return (
        f"{client.address.base}: which model? {listed}. Add its name: {client.address.base}#{(names or ['MODEL'])[0]}"
    )


def _models(client: Client) -> list[str] | None:
    """Returns the models that the endpoint serves; None if it does not say. Raises `UserError` if nobody answers."""
    import httpx

    try:
        listed = client.get("/models").get("data")
    except (RejectedError, BusyError):
        return None
    except (httpx.InvalidURL, UnicodeError) as error:
        raise UserError(f"{client.address.base} is not the address of an endpoint") from error
    except httpx.HTTPError as error:
        reason = str(error) or type(error).__name__
        raise UserError(f"{client.address.base} does not answer ({reason}); is the server running?") from error
    if not isinstance(listed, list):
        return None
    return [str(one["id"]) for one in listed if isinstance(one, dict) and isinstance(one.get("id"), str)]


def _written(answer: Mapping[str, Any], *, is_chat: bool) -> str:
    choices = answer.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        raise UnusableError("the endpoint's answer has no choice")
    message = choice.get("message")
    text = (message.get("content") if isinstance(message, dict) else None) if is_chat else choice.get("text")
    if not isinstance(text, str):
        raise UnusableError(
            f"the endpoint's answer has no text (finish_reason: {str(choice.get('finish_reason'))[:40]})"
        )
    return text.encode("utf-8", "replace").decode()  # half a surrogate pair is no text
