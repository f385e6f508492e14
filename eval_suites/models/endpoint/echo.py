"""The log-likelihood of a continuation, out of a prompt that an endpoint has echoed with its log-probabilities.

An endpoint answers `echo` with all tokens of the prompt, and at most one that it wrote. Where the continuation begins
among them is found by spelling: the continuation from the end, or else the context from the beginning, since servers
get tokens wrong that hold a part of a character. What cannot be spelled has no likelihood. So a server is found out
that returns only what it wrote, as llama.cpp does: every choice would score 0, and guessing would look like a score.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_BROKEN = "\ufffd"  # stands for a part of a character
_SPECIAL = 2  # tokens that a server may put before a text
_MOST_NATS = 1e6  # beyond which a log-probability is none; NaN and infinity are not within, either
_SLACK = 1e-3  # nats by which rounding may lift a log-probability above 0


class UnusableError(ValueError):
    """The answer holds no likelihood."""


@dataclass(frozen=True, slots=True)
class Echo:
    """The tokens of a prompt, and at most one that was written after it. T tokens."""

    tokens_T: tuple[str, ...]
    log_likelihoods_T: tuple[float | None, ...]  # nats; None for a first token that nothing comes before
    greedy_T: tuple[bool | None, ...]  # whether the model would write the token; None if the endpoint does not tell
    written: tuple[int, ...]  # how many tokens may have been written, the likeliest number first

    @classmethod
    def of(cls, answer: Mapping[str, Any], prompt: str) -> "Echo":
        """Reads an answer of `/completions`; raises `UnusableError` for one without log-probabilities of the prompt."""
        choice = _choice(answer)
        logprobs = choice.get("logprobs")
        if not isinstance(logprobs, dict) or not isinstance(logprobs.get("tokens"), list):
            raise UnusableError("it gives no log-probabilities of the prompt")
        tokens, nats = logprobs["tokens"], logprobs.get("token_logprobs")
        if not all(isinstance(one, str) for one in tokens) or not isinstance(nats, list) or len(nats) != len(tokens):
            raise UnusableError("it gives tokens and log-probabilities that do not match")
        if not all(one is None or _is_number(one) for one in nats):
            raise UnusableError("it gives log-probabilities that are no numbers")

        tops = logprobs.get("top_logprobs")
        tops = tops if isinstance(tops, list) and len(tops) == len(tokens) else [None] * len(tokens)
        greedy = tuple(_is_greedy(value, top) for value, top in zip(nats, tops, strict=True))
        return cls(tuple(tokens), tuple(nats), greedy, _written(answer, choice, prompt))


def likelihood(echo: Echo, context: str, continuation: str) -> tuple[float, bool, int]:
    """Returns (nats, whether the model would write it, tokens) of a continuation.

    A token that begins before the continuation and ends in it counts whole. Raises `UnusableError` if the tokens do not
    spell the prompt, or have no likelihood.
    """
    for written in echo.written:
        end = len(echo.tokens_T) - written
        tokens = echo.tokens_T[:end]
        begin = _from_end(tokens, continuation)
        if begin is None:
            begin = _from_beginning(tokens, context, continuation)
        if begin is not None:
            break
    else:
        raise UnusableError("its tokens do not spell the prompt")

    nats, greedy = echo.log_likelihoods_T[begin:end], echo.greedy_T[begin:end]
    if any(one is None or one > _SLACK for one in nats):
        raise UnusableError(
            "a token has no log-probability, as the first one of a text if the endpoint puts none before it"
        )
    if any(one is None for one in greedy):
        raise UnusableError("it does not tell which tokens are likeliest (top_logprobs)")
    return sum(one for one in nats if one is not None), all(greedy), end - begin


def _written(answer: Mapping[str, Any], choice: Mapping[str, Any], prompt: str) -> tuple[int, ...]:
    """Returns how many tokens the endpoint may have written: by its own count, else by the text that it returns."""
    usage = answer.get("usage")
    counted = usage.get("completion_tokens") if isinstance(usage, dict) else None
    if counted in (0, 1):
        return (int(counted),)
    return (0, 1) if choice.get("text") == prompt else (1, 0)


def _from_end(tokens: Sequence[str], text: str) -> int | None:
    """Returns the number of the first of the last tokens that spell a text; None if they spell something else."""
    wanted = text.encode("utf-8", "surrogatepass")
    for read in (_as_is, _of_vocabulary):
        length, begin = 0, len(tokens)
        while begin and length < len(wanted):
            begin -= 1
            length += len(read(tokens[begin]))
        # An empty last token is one that ends a text: its likelihood is not the continuation's.
        if tokens and tokens[-1] and b"".join(map(read, tokens[begin:])).endswith(wanted):
            return begin
    return None


def _from_beginning(tokens: Sequence[str], context: str, continuation: str) -> int | None:
    """Returns the number of the first token after a context; None if the tokens spell something else.

    Tokens of the continuation that hold a part of a character are spelled with replacement characters.
    """
    for first in range(min(_SPECIAL, len(tokens)) + 1):  # tokens that begin a text come before it
        length, begin = 0, first
        while begin < len(tokens) and length + len(tokens[begin]) <= len(context):
            length += len(tokens[begin])
            begin += 1
        if not context.startswith("".join(tokens[first:begin])):
            continue
        rest, wanted = "".join(tokens[begin:]), context[length:] + continuation
        if _BROKEN in rest and tokens[-1] and _agree(rest, wanted):
            return begin
    return None


def _agree(spelled: str, text: str) -> bool:
    """Returns whether the whole parts of a text that was spelled with replacement characters stand in the text."""
    at = 0
    for part in spelled.split(_BROKEN):
        place = text.find(part, at)
        if place < 0:
            return False
        at = place + len(part)
    return True


def _as_is(token: str) -> bytes:
    """Returns a token's text. OpenAI writes the parts of a character as `bytes:\\xe2\\x80`."""
    parts = token.removeprefix("bytes:")
    if parts == token or len(parts) % 4:
        return token.encode("utf-8", "surrogatepass")
    try:
        return bytes(int(parts[i + 2 : i + 4], 16) for i in range(0, len(parts), 4) if parts[i : i + 2] == "\\x")
    except ValueError:
        return token.encode("utf-8", "surrogatepass")


def _of_vocabulary(token: str) -> bytes:
    """Returns the text of a token as some servers have it in their vocabulary, with signs for blanks."""
    return token.replace("\u2581", " ").replace("\u0120", " ").replace("\u010a", "\n").encode("utf-8", "surrogatepass")


def _choice(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    choices = answer.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise UnusableError("it gives no choice")
    return choices[0]


def _is_greedy(nats: float | None, top: Any) -> bool | None:
    if nats is None or not isinstance(top, dict) or not top:
        return None
    values = [float(one) for one in top.values() if _is_number(one)]
    return nats >= max(values) - 1e-9 if values else None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -_MOST_NATS < value < _MOST_NATS
