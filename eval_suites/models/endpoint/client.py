"""Sends requests to an endpoint, again if it is busy, and trusts nothing that comes back.

An answer is one of three things: JSON, which the caller checks; `RejectedError`, which concerns this request alone; or
a `UserError`, which ends the run. The key goes to the address that the user named and nowhere else: redirects are not
followed.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from corpus.errors import UserError
from eval_suites.models.endpoint.address import Address
from eval_suites.models.endpoint.settings import Endpoint

_MOST_BYTES = 256 << 20  # of an answer
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0  # seconds between two tries
_BUSY = (408, 409, 425, 429, 500, 502, 503, 504, *range(520, 531), 598, 599)  # a later try may succeed
_REFUSED = (401, 403)
_OF_REQUEST = (400, 404, 413, 414, 415, 422, 431)  # others concern the endpoint: it has moved, it wants money, ...
_LIST = "/models"  # which an endpoint need not have
_TOLD = 200  # characters of an answer that a message repeats


class RejectedError(Exception):
    """The endpoint does not answer this request; others it may."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"the endpoint answers {status}: {text}" if status else text)
        self.status, self.text = status, text


@dataclass(slots=True)
class Usage:
    """What was used so far."""

    requests: int = 0
    tries: int = 0
    read: int = 0  # tokens
    written: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, *, requests: int = 0, tries: int = 0, read: int = 0, written: int = 0) -> None:
        """Adds to the counts, from any thread."""
        with self._lock:
            self.requests += requests
            self.tries += tries
            self.read += read
            self.written += written

    def cost(self, settings: Endpoint) -> float:
        """Returns the cost by the prices of the settings."""
        return (self.read * settings.input_price + self.written * settings.output_price) / 1e6


class Client:
    """A connection to an endpoint, for several threads."""

    def __init__(self, address: Address, settings: Endpoint, key: str | None) -> None:
        import httpx

        headers = {"Accept-Encoding": "identity"}  # a small answer must not become a large one
        headers |= {} if key is None else {"Authorization": f"Bearer {key}"}
        self._key = key
        limits = httpx.Limits(max_connections=settings.at_once, max_keepalive_connections=settings.at_once)
        timeout = httpx.Timeout(settings.timeout_seconds, connect=min(settings.timeout_seconds, 10.0))
        self.address, self.settings, self.usage = address, settings, Usage()
        self._http = httpx.Client(headers=headers, timeout=timeout, limits=limits, follow_redirects=False)
        self._ended = threading.Event()
        self._wait = _pace(settings.per_minute, self._ended)
        self._has_answered = False

    def close(self) -> None:
        """Closes the connections; threads that wait for an answer, or for another try, give up."""
        self._ended.set()
        self._http.close()

    def get(self, route: str) -> Mapping[str, Any]:
        """Returns what the endpoint says about itself; raises `RejectedError` if it says nothing. One try."""
        return self._once("GET", route, None)

    def post(self, route: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Returns the answer to a request. Raises `RejectedError`, or `UserError` if there is no use in going on."""
        import httpx

        self._refuse_dear()
        for left in reversed(range(self.settings.tries)):
            self._wait()
            self.usage.add(tries=1)
            try:
                answer = self._once("POST", route, payload)
            except (httpx.InvalidURL, UnicodeError) as error:
                raise UserError(f"{self.address.base} is not the address of an endpoint") from error
            except (httpx.HTTPError, BusyError) as error:
                if not left or self._ended.is_set():
                    raise UserError(self._stopped(error)) from error
                self._ended.wait(_pause(self.settings.tries - left - 1, getattr(error, "seconds", None)))
                continue
            self._count(answer)
            return answer
        raise AssertionError("there is at least one try")

    def _once(self, method: str, route: str, payload: Mapping[str, Any] | None) -> Mapping[str, Any]:
        import json

        status, after, body = self._sent(method, f"{self.address.base}{route}", payload)
        text = self._told(body)
        if status in _REFUSED:
            raise UserError(f"{self.address.base} refuses the key ({status}: {_short(text)}); {self._advice()}")
        if status in _BUSY:
            raise BusyError(status, text, after)
        if status in _OF_REQUEST or (status != 200 and route == _LIST):
            raise RejectedError(status, _short(text))
        if status != 200:
            raise UserError(f"{self.address.base}{route} answers {status}: {_short(text)}. What was answered is kept")
        try:
            answer = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise RejectedError(0, f"the endpoint's answer is not JSON: {_short(text)!r}") from error
        if not isinstance(answer, dict):
            raise RejectedError(0, f"the endpoint's answer is not a JSON object: {_short(text)!r}")
        self._has_answered = True
        return answer

    def _sent(self, method: str, url: str, payload: Mapping[str, Any] | None) -> tuple[int, str | None, bytes]:
        """Returns (status, seconds to wait, body) of an answer that came whole and in time."""
        import httpx

        deadline = time.monotonic() + self.settings.timeout_seconds
        body = bytearray()
        with self._http.stream(method, url, json=None if payload is None else dict(payload)) as response:
            if response.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
                raise RejectedError(0, "the endpoint's answer is compressed, which was not asked for")
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > _MOST_BYTES:
                    raise RejectedError(0, f"the endpoint's answer is longer than {_MOST_BYTES >> 20} MB")
                if time.monotonic() > deadline:  # httpx's own limit is for each piece
                    raise httpx.ReadTimeout(f"no whole answer in {self.settings.timeout_seconds:g} s")
        return response.status_code, response.headers.get("retry-after"), bytes(body)

    def _told(self, body: bytes) -> str:
        """Returns the beginning of an answer for a message: on one line, and without the key."""
        text = " ".join(body[: 8 * _TOLD].decode("utf-8", "replace").split())
        return text.replace(self._key, "[key]") if self._key else text

    def _count(self, answer: Mapping[str, Any]) -> None:
        read, written = counted(answer, "prompt_tokens"), counted(answer, "completion_tokens")
        if self.settings.most_cost is not None and not read + written:
            raise UserError(f"{self.address.base} counts no tokens (usage), so most_cost cannot be kept; leave it out")
        self.usage.add(requests=1, read=read, written=written)

    def _refuse_dear(self) -> None:
        most, cost = self.settings.most_cost, self.usage.cost(self.settings)
        if most is not None and cost >= most:
            raise UserError(
                f"stopped at a cost of {cost:.4g} (most_cost is {most:g}). What was answered is kept; the same command "
                "with a higher limit goes on"
            )

    def _advice(self) -> str:
        variable = self.settings.key_variable
        if variable is None:
            return "name the environment variable that holds one: --key-variable NAME"
        return f"look at the environment variable {variable}"

    def _stopped(self, error: Exception) -> str:
        reason = str(error) or type(error).__name__
        if not self._has_answered:
            return f"{self.address.base} does not answer ({_short(reason)}); is the server running?"
        return (
            f"{self.address.base} has stopped answering ({_short(reason)}, {self.settings.tries} tries). What was "
            "answered is kept; the same command goes on"
        )


class BusyError(Exception):
    """The endpoint wants to be asked later."""

    def __init__(self, status: int, text: str, after: str | None) -> None:
        super().__init__(f"{status}: {_short(text)}")
        self.seconds: float | None = None
        with suppress(ValueError):  # a date, or nothing
            self.seconds = min(max(float(after or ""), 0.0), _LONGEST_PAUSE)


def _pause(retry: int, wanted: float | None) -> float:
    """Returns the seconds to the next try: what the endpoint asks for, or twice as long each time, with some chance."""
    seconds = min(_FIRST_PAUSE * 2**retry, _LONGEST_PAUSE) if wanted is None else wanted
    return seconds * random.uniform(1.0, 1.5)


def _pace(per_minute: float | None, ended: threading.Event) -> Callable[[], None]:
    """Returns a function that waits until the next request may be sent."""
    if per_minute is None:
        return lambda: None
    lock, interval, due = threading.Lock(), 60.0 / per_minute, [0.0]

    def wait() -> None:
        with lock:
            now = time.monotonic()
            at = max(now, due[0])
            due[0] = at + interval
        ended.wait(max(at - now, 0.0))

    return wait


def counted(answer: Mapping[str, Any], name: str) -> int:
    """Returns a number of tokens that an answer counts; 0 if it does not."""
    usage = answer.get("usage")
    value = usage.get(name) if isinstance(usage, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40 else 0


def _short(text: str) -> str:
    return text if len(text) <= _TOLD else f"{text[:_TOLD]}..."
