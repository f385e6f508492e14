"""Likelihoods of continuations, from tokens as servers really return them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_suites.models.endpoint.echo import Echo, UnusableError, likelihood


def _answer(tokens: list[str], nats: list[Any], *, written: int | None = 1, text: str | None = None) -> dict[str, Any]:
    tops = [None if one is None else {"a": one if i % 2 else one + 0.5} for i, one in enumerate(nats)]
    choice: dict[str, Any] = {"logprobs": {"tokens": tokens, "token_logprobs": nats, "top_logprobs": tops}}
    if text is not None:
        choice["text"] = text
    return {"choices": [choice], "usage": {} if written is None else {"completion_tokens": written}}


@given(
    st.lists(st.text(min_size=1, max_size=5), min_size=2, max_size=20), st.integers(1, 19), st.booleans(), st.booleans()
)
def test_any_tokens_are_cut_where_the_continuation_begins(
    tokens: list[str], at: int, begins: bool, writes: bool
) -> None:
    at = min(at, len(tokens) - 1)
    nats: list[float | None] = [-float(i + 1) for i in range(len(tokens))]
    every = ["<s>"] * begins + tokens + ["more"] * writes
    all_nats = [None] * begins + nats + [-99.0] * writes
    got = likelihood(
        Echo.of(_answer(every, all_nats, written=int(writes)), "".join(tokens)),
        "".join(tokens[:at]),
        "".join(tokens[at:]),
    )
    assert got[0] == sum(one for one in nats[at:] if one is not None)
    assert got[2] == len(tokens) - at


def test_a_token_across_the_border_counts_whole() -> None:
    echo = Echo.of(_answer(["Q", ": y", "es", "!"], [None, -1.0, -2.0, -9.0]), "Q: yes")
    assert likelihood(echo, "Q: ", "yes") == (-3.0, False, 2)


def test_tokens_with_parts_of_characters() -> None:
    parts = Echo.of(_answer(["a", "bytes:\\xe2\\x80", "bytes:\\x94", "!"], [None, -1.0, -2.0, -9.0]), "a\u2014")
    assert likelihood(parts, "a", "\u2014")[0] == -3.0
    broken = Echo.of(
        _answer(["<s>", "a", "\ufffd", "\ufffd", "b", "!"], [None, -1.0, -2.0, -3.0, -4.0, -9.0]), "a\u2014b"
    )
    assert likelihood(broken, "a", "\u2014b")[0] == -9.0
    with pytest.raises(UnusableError):
        likelihood(broken, "a", "\u2014c")
    signs = Echo.of(_answer(["a", "\u2581b", "\u0120c", "\u010a", "!"], [None, -1.0, -2.0, -3.0, -9.0]), "a b c\n")
    assert likelihood(signs, "a", " b c\n")[0] == -6.0


def test_how_many_tokens_were_written_follows_from_the_text_if_nobody_counts() -> None:
    tokens, nats = ["x", " yes", " yes"], [None, -1.0, -2.0]
    assert (
        likelihood(Echo.of(_answer(tokens, nats, written=None, text="x yes yes"), "x yes yes"), "x yes", " yes")[0]
        == -2.0
    )
    assert likelihood(Echo.of(_answer(tokens, nats, written=None, text="x yes yes"), "x yes"), "x", " yes")[0] == -1.0


@pytest.mark.parametrize(
    ("tokens", "nats", "reason"),
    [
        ([" no"], [-1.0], "do not spell"),  # only what was written
        (["x", " maybe", "!"], [None, -1.0, -1.0], "do not spell"),
        ([], [], "do not spell"),
        (["x", " yes", ""], [None, -1.0, -7.0], "do not spell"),  # an end of text that is counted as none
        (["x", " yes"], [None, None], "has no log-probability"),
        (["x", " yes"], [None, 0.5], "has no log-probability"),
        (["x", " yes"], [None, float("nan")], "no numbers"),
        (["x", " yes"], [None, True], "no numbers"),
        (["x", " yes"], [None], "do not match"),
        (["x", 7], [None, -1.0], "do not match"),
    ],
)
def test_what_holds_no_likelihood(tokens: list[Any], nats: list[Any], reason: str) -> None:
    with pytest.raises(UnusableError, match=reason):
        likelihood(Echo.of(_answer(tokens, nats, written=0), "x yes"), "x", " yes")


def test_without_the_likeliest_tokens_nothing_is_called_greedy() -> None:
    answer = _answer(["x", " yes"], [None, -1.0], written=0)
    del answer["choices"][0]["logprobs"]["top_logprobs"]
    with pytest.raises(UnusableError, match="likeliest"):
        likelihood(Echo.of(answer, "x yes"), "x", " yes")
