"""Where an endpoint is, and which of its models is meant: `http://localhost:8000/v1#qwen`."""

from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from corpus.errors import UserError

_ROUTES = ("/chat/completions", "/completions", "/models")  # that users copy along with the address


@dataclass(frozen=True, slots=True)
class Address:
    """An endpoint with one of its models."""

    base: str  # up to the version, without a slash at the end: http://localhost:8000/v1
    model: str  # '' for the only one that it serves

    @classmethod
    def of(cls, text: str) -> "Address":
        """Reads an address; raises `UserError` for one that holds a password, or no host."""
        parts = urlsplit(text)
        if parts.username or parts.password:
            raise UserError(
                "an address must not hold a password, since it is written down with the score; name the environment "
                "variable that holds the key: --key-variable NAME"
            )
        if not parts.hostname or parts.query or not _has_good_port(text):
            raise UserError(f"{text} is not the address of an endpoint; one looks like http://localhost:8000/v1#MODEL")
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


def _has_good_port(text: str) -> bool:
    try:
        _ = urlsplit(text).port
    except ValueError:
        return False
    return True
