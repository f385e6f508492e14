"""Addresses of endpoints."""

import pytest

from corpus.errors import UserError
from eval_suites.models.endpoint.address import Address, is_address


@pytest.mark.parametrize(
    ("text", "base", "model"),
    [
        ("http://localhost:8000/v1#qwen", "http://localhost:8000/v1", "qwen"),
        ("http://localhost:8000/v1/", "http://localhost:8000/v1", ""),
        ("HTTPS://API.Example.com/v1/chat/completions#org/Model-7B", "https://api.example.com/v1", "org/Model-7B"),
        ("http://[::1]:8080/v1/completions", "http://[::1]:8080/v1", ""),
    ],
)
def test_addresses(text: str, base: str, model: str) -> None:
    assert is_address(text)
    address = Address.of(text)
    assert (address.base, address.model) == (base, model)
    assert Address.of(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "http://",
        "http://host:port/v1",
        "http://host:99999999/v1",
        "http:///v1",
        "http://h/v1?a=b",
        "http://[::1/v1",
        "http://.../v1",
        "http://xn--/v1",
        f"http://{'a' * 300}/v1",
        "http://a..b/v1",
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UserError, match="is not the address of an endpoint"):
        Address.of(text)


def test_a_password_is_refused_and_not_repeated() -> None:
    with pytest.raises(UserError) as error:
        Address.of("http://me:hunter2@host/v1")
    assert "hunter2" not in str(error.value)
    assert not is_address("./http")
