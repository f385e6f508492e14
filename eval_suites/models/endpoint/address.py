"""Where an endpoint is, and which of its models is meant: `http://localhost:8000/v1#qwen`."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from corpus.errors import UserError

_ROUTES = ("/chat/completions", "/completions", "/models")  # that users copy along with the address
_LABEL = re.compile(r"(?!xn--$)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")


@dataclass(frozen=True, slots=True)
class Address:
    """An endpoint with one of its models."""

    base: str  # up to the version, without a slash at the end: http://localhost:8000/v1
    model: str  # '' if it was left out: then nothing says which one answers

    @classmethod
    def of(cls, text: str) -> "Address":
        """Reads an address; raises `UserError` for one that holds a password, or no host."""
        try:
            parts = urlsplit(text)
            _ = parts.port
        except ValueError as error:  # a bracket that is not closed, a port that is no number
            raise UserError(_no_address(text)) from error
        if parts.username or parts.password:
            raise UserError(
                "an address must not hold a password, since it is written down with the score; name the environment "
                "variable that holds the key: --key-variable NAME"
            )
        if parts.query or not _is_host(parts.hostname):
            raise UserError(_no_address(text))
        path = parts.path.rstrip("/")
        for route in _ROUTES:
            path = path.removesuffix(route)
        base = urlunsplit((parts.scheme.lower(), parts.netloc.lower(), path, "", ""))
        return cls(base, parts.fragment)

    def __str__(self) -> str:
        return f"{self.base}#{self.model}" if self.model else self.base


def is_address(text: str) -> bool:
    """Returns whether a model is named by the address of an endpoint."""
    return text.lower().startswith(("http://", "https://"))


def _no_address(text: str) -> str:
    return f"{text} is not the address of an endpoint; one looks like http://localhost:8000/v1#MODEL"


def _is_host(host: str | None) -> bool:
    """Returns whether a name can be looked up: plain letters, as DNS has them, or an IP address."""
    if host is None or len(host) > 253:
        return False
    return ":" in host or all(_LABEL.fullmatch(one) for one in host.removesuffix(".").split("."))
