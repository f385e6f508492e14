"""A model behind an endpoint answers as it does on this machine, and what servers get wrong is found out."""

import gzip
import json
import time
from pathlib import Path
from typing import Any

import pytest

from corpus.errors import UserError
from eval_suites.models.endpoint.responder import EndpointResponder, check
from eval_suites.models.endpoint.settings import Endpoint
from eval_suites.models.loading import load
from eval_suites.models.local import LocalResponder
from eval_suites.models.responses import Request, Response
from tests.eval_suites.models import tiny
from tests.eval_suites.models.endpoint.serving import serving

QUICK = Endpoint(tries=2, at_once=4, timeout_seconds=20)
TEXT = Request("generate_until", "the question is", "", {"until": ["\n"], "max_gen_toks": 6})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.folder(tmp_path_factory.mktemp("model") / "tiny")


def _answers(responder: Any, requests: list[Request]) -> list[Response]:
    return [one for _, one in sorted(responder.respond(requests), key=lambda pair: pair[0])]


def _nothing(*_: Any) -> tuple[int, Any, dict[str, str]]:
    return 200, {"choices": [{"text": "x"}]}, {}


CONTEXTS = [
    *(Request("loglikelihood", "the question is", f" {word}") for word in ("here", "there", "on and on", "Ünïcode")),
    Request("loglikelihood", "the question is \n", "here"),
    TEXT,
]
ALONE = [
    Request("loglikelihood", "", "the answer"),
    Request("loglikelihood_rolling", "on and on it went"),
    Request("loglikelihood_rolling", ""),
]


@pytest.mark.parametrize(("requests", "begins"), [(CONTEXTS, False), (ALONE, True)])
def test_answers_are_those_of_the_model_itself(folder: Path, requests: list[Request], begins: bool) -> None:
    expected = _answers(LocalResponder(load(str(folder))), requests)
    with serving(folder, begins=begins) as server:
        got = _answers(EndpointResponder(server.url, QUICK), requests)
    assert [one.error for one in got] == [""] * len(requests)
    assert [one.text for one in got] == [one.text for one in expected]
    for ours, theirs, request in zip(got, expected, requests, strict=True):
        assert ours.log_likelihood == pytest.approx(theirs.log_likelihood, abs=1e-4)
        if request.kind == "loglikelihood":
            assert ours.is_greedy == theirs.is_greedy


def test_a_first_token_that_nothing_comes_before_has_no_likelihood(folder: Path) -> None:
    with serving(folder) as server:
        got = _answers(EndpointResponder(server.url, QUICK), ALONE[:2])
    assert all("has no log-probability" in one.error for one in got)


def test_chat_is_sent_as_messages(folder: Path) -> None:
    with serving(folder) as server:
        responder = EndpointResponder(server.url, QUICK, chat=True)
        prompt = responder.chat([{"role": "user", "content": "the question"}], continues=False)
        (answer,) = _answers(responder, [Request("generate_until", prompt, "", {"until": [], "max_gen_toks": 3})])
        assert answer.error == ""
        route, payload = server.requests[-1]
        assert (route, payload["messages"]) == ("/chat/completions", [{"role": "user", "content": "the question"}])
        assert "authorization" not in server.headers[-1]


def test_a_server_without_likelihoods_of_the_prompt_is_found_out_at_once(folder: Path) -> None:
    """llama.cpp returns only the tokens that it wrote: every choice would score 0."""

    def written_only(number: int, route: str, payload: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        logprobs = {"tokens": [" x"], "token_logprobs": [-0.1], "top_logprobs": [{" x": -0.1}]}
        return 200, {"choices": [{"text": " x", "logprobs": logprobs}], "usage": {"completion_tokens": 1}}, {}

    requests = [Request("loglikelihood", "a", f" {i}") for i in range(50)]
    for fault in (written_only, _nothing):
        with serving(None, fault) as server:
            with pytest.raises(UserError, match="gives no likelihoods of a prompt's tokens"):
                _answers(EndpointResponder(server.url, QUICK), requests)
            assert len(server.requests) <= 6


def test_a_server_whose_likelihoods_are_those_of_the_next_token_is_found_out(folder: Path) -> None:
    """llama-cpp-python's are."""

    def shifted(answer: dict[str, Any]) -> dict[str, Any]:
        logprobs = answer["choices"][0]["logprobs"]
        for name in ("token_logprobs", "top_logprobs"):
            logprobs[name] = [*logprobs[name][1:], logprobs[name][-1]]
        return answer

    with (
        serving(folder, change=shifted) as server,
        pytest.raises(UserError, match=r"was written with .* nats, and has"),
    ):
        _answers(EndpointResponder(server.url, QUICK), CONTEXTS)


def test_a_busy_server_is_asked_again(folder: Path) -> None:
    def busy(number: int, route: str, payload: dict[str, Any]) -> tuple[int, Any, dict[str, str]] | None:
        return (429, {"error": "later"}, {"retry-after": "0"}) if number == 0 else None

    with serving(folder, busy) as server:
        responder = EndpointResponder(server.url, QUICK)
        assert _answers(responder, [TEXT])[0].error == ""
        assert (len(server.requests), responder.about["tries"]) == (2, 2)


def test_a_server_that_stops_ends_the_run_in_one_line_and_soon(folder: Path) -> None:
    def stops(number: int, route: str, payload: dict[str, Any]) -> tuple[int, Any, dict[str, str]] | None:
        return (503, b"overloaded", {"retry-after": "0"}) if number >= 3 else None

    requests = [Request("generate_until", f"the {i}", "", {"max_gen_toks": 2}) for i in range(500)]
    answered: list[int] = []
    with serving(folder, stops) as server:
        responder = EndpointResponder(server.url, QUICK)
        with pytest.raises(UserError, match=r"has stopped answering .*goes on") as error:
            answered.extend(number for number, _ in responder.respond(requests))
    assert "\n" not in str(error.value)
    assert len(answered) <= 3
    assert len(server.requests) < 100


def test_nobody_there() -> None:
    with pytest.raises(UserError, match=r"127\.0\.0\.1:9/v1 does not answer"):
        check("http://127.0.0.1:9/v1#m", QUICK)


@pytest.mark.parametrize(
    "body",
    [b"<html>nonsense", b"[1]", {"choices": []}, {"choices": [7]}, {"choices": [{"text": None}]}, {}, b"\xff\xfe",
     {"choices": [{"text": ["a"]}]}, {"error": {"message": "too long"}}],
)  # fmt: skip
def test_a_text_that_is_nonsense_is_one_marked_item(folder: Path, body: Any) -> None:
    def nonsense(number: int, route: str, payload: dict[str, Any]) -> tuple[int, Any, dict[str, str]] | None:
        return (400 if isinstance(body, dict) and "error" in body else 200, body, {}) if number == 0 else None

    with serving(folder, nonsense) as server:
        first, second = _answers(
            EndpointResponder(server.url, Endpoint(at_once=1)), [TEXT, Request("generate_until", "x")]
        )
    assert first.error
    assert first.text == ("" if isinstance(body, dict) and "too long" in str(body) else None)
    assert second.error == ""


@pytest.mark.parametrize("nats", [[None] * 99, [float("nan")] * 99, ["a"] * 99, [1.0] * 99, [-1.0]])
def test_likelihoods_that_are_nonsense_are_no_answer(folder: Path, nats: list[Any]) -> None:
    responder: EndpointResponder

    def nonsense(number: int, route: str, payload: dict[str, Any]) -> tuple[int, Any, dict[str, str]] | None:
        if number < 2:
            return None
        tokens = list(payload["prompt"]) + ["x"]
        values = [*nats[: len(tokens)]]
        logprobs = {"tokens": tokens, "token_logprobs": values, "top_logprobs": [{"x": -1.0}] * len(tokens)}
        return 200, {"choices": [{"logprobs": logprobs}], "usage": {"completion_tokens": 1}}, {}

    with serving(folder, nonsense) as server:
        responder = EndpointResponder(server.url, QUICK)
        (answer,) = _answers(responder, [Request("loglikelihood", "ab", "cd")])
    assert answer.error
    assert answer.log_likelihood is None


def test_what_an_endpoint_does_not_know_is_left_out_or_renamed(folder: Path) -> None:
    def newer(number: int, route: str, payload: dict[str, Any]) -> tuple[int, Any, dict[str, str]] | None:
        if "max_tokens" in payload:
            return 400, {"error": {"message": "Unsupported parameter: use 'max_completion_tokens' instead"}}, {}
        if "stop" in payload:
            return 400, {"error": {"message": "Unsupported parameter: 'stop'"}}, {}
        return 200, {"choices": [{"text": "here\nand there"}]}, {}

    with serving(None, newer) as server:
        (answer,) = _answers(EndpointResponder(server.url, QUICK), [TEXT])
        assert answer.text == "here"  # cut here, since the endpoint does not
        assert len(server.requests) == 3


def test_the_key_is_sent_only_if_it_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret-key")
    with serving(folder) as server:
        _answers(EndpointResponder(server.url, QUICK), [TEXT])
        assert "authorization" not in server.headers[-1]
        responder = EndpointResponder(server.url, Endpoint(key_variable="OPENAI_API_KEY"))
        _answers(responder, [TEXT])
        assert server.headers[-1]["authorization"] == "Bearer secret-key"
        assert "secret" not in json.dumps(dict(responder.about)) + responder.key
    with pytest.raises(UserError, match="there is no such environment variable"):
        EndpointResponder(server.url, Endpoint(key_variable="NOT_THERE"))


def test_a_key_does_not_follow_a_redirect(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "secret-key")
    with serving(folder) as other:
        moved = serving(None, lambda *_: (302, b"", {"location": f"{other.base}/completions"}))
        with moved as server:
            responder = EndpointResponder(server.url, Endpoint(key_variable="KEY"))
            with pytest.raises(UserError, match="answers 302"):
                _answers(responder, [TEXT])
        assert other.requests == []


def test_a_refused_key_ends_the_run() -> None:
    with (
        serving(None, lambda *_: (401, {"error": "no key"}, {})) as server,
        pytest.raises(UserError, match=r"refuses the key .*--key-variable NAME"),
    ):
        _answers(EndpointResponder(server.url, QUICK), [TEXT])


def test_the_cost_is_counted_and_limited(folder: Path) -> None:
    requests = [Request("generate_until", f"the {i}", "", {"max_gen_toks": 2, "until": []}) for i in range(30)]
    settings = Endpoint(at_once=1, input_price=1e6, output_price=2e6, most_cost=40.0)
    with serving(folder) as server:
        responder = EndpointResponder(server.url, settings)
        with pytest.raises(UserError, match="stopped at a cost of"):
            _answers(responder, requests)
    about = responder.about
    assert about["cost"] == about["read"] + 2 * about["written"]
    assert 40 <= about["cost"] < 60


def test_no_more_requests_than_allowed_are_on_their_way_and_the_pace_is_kept(folder: Path) -> None:
    def slow(number: int, route: str, payload: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        time.sleep(0.05)
        return 200, {"choices": [{"text": "x"}]}, {}

    requests = [Request("generate_until", f"{i}") for i in range(12)]
    with serving(None, slow) as server:
        _answers(EndpointResponder(server.url, Endpoint(at_once=3)), requests)
        assert server.most_at_once == 3
        begin = time.monotonic()
        _answers(EndpointResponder(server.url, Endpoint(at_once=3, per_minute=1200)), requests)
        assert time.monotonic() - begin >= 11 * 0.05  # 1,200 a minute are one every 50 ms: at least that, however slow


def test_a_model_has_to_be_named(folder: Path) -> None:
    """What answers without a name may be another model tomorrow."""
    with serving(folder) as server:
        for ask in (lambda: EndpointResponder(server.base, QUICK), lambda: check(server.base, QUICK)):
            with pytest.raises(UserError, match=r"which model\? it serves tiny. Add its name: .*#tiny"):
                ask()
        first, second = (EndpointResponder(server.url, Endpoint(revision=one)).key for one in (None, "2"))
        assert first != second


@pytest.mark.parametrize("status", [301, 307, 402, 405, 410, 501])
def test_what_concerns_the_endpoint_ends_the_run(status: int) -> None:
    """Money that is used up, or an address that has moved, says nothing of the model."""
    with (
        serving(None, lambda *_: (status, {"error": "no"}, {})) as server,
        pytest.raises(UserError, match=rf"/completions answers {status}: .*What was answered is kept"),
    ):
        _answers(EndpointResponder(server.url, QUICK), [TEXT])


@pytest.mark.parametrize(
    ("answer", "counts"),
    [
        ((400, {"error": {"code": "content_filter"}}, {}), True),
        ((200, {"choices": [{"text": None, "finish_reason": "content_filter"}]}, {}), True),
        ((400, {"error": "This model's maximum context length is 512 tokens"}, {}), True),
        ((400, {"error": "temperature does not support 0"}, {}), False),
        ((200, {"choices": []}, {}), False),
    ],
)
def test_only_what_the_model_may_or_can_not_write_counts_as_empty(answer: Any, counts: bool) -> None:
    with serving(None, lambda *_: answer) as server:
        (response,) = _answers(EndpointResponder(server.url, QUICK), [TEXT])
    assert response.error
    assert response.text == ("" if counts else None)


def test_a_chat_has_no_likelihoods(folder: Path) -> None:
    """The messages must not be scored as if they were the prompt."""
    with serving(folder) as server:
        responder = EndpointResponder(server.url, QUICK, chat=True)
        with pytest.raises(UserError, match="a chat has no likelihoods"):
            _answers(responder, CONTEXTS)
        assert server.requests == []


def test_a_small_answer_must_not_become_a_large_one() -> None:
    packed = gzip.compress(b'{"choices": [{"text": "' + b"x" * (1 << 24) + b'"}]}')
    with serving(None, lambda *_: (200, packed, {"content-encoding": "gzip"})) as server:
        (response,) = _answers(EndpointResponder(server.url, QUICK), [TEXT])
        assert server.headers[-1]["accept-encoding"] == "identity"
    assert "compressed" in response.error


def test_an_answer_has_to_be_whole_in_time() -> None:
    """A server that sends a byte now and then keeps nobody waiting for ever."""

    def slow(*_: Any) -> tuple[int, Any, dict[str, str]]:
        return 200, b"{" + b" " * 64, {"content-length": "1000", "x-drip": "0.2"}

    settings = Endpoint(tries=1, timeout_seconds=1)
    begin = time.monotonic()
    with serving(None, slow) as server, pytest.raises(UserError, match="does not answer"):
        _answers(EndpointResponder(server.url, settings), [TEXT])
    assert time.monotonic() - begin < 10


def test_the_key_is_in_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "secret-key")
    named = Endpoint(key_variable="KEY", tries=1)
    for status in (400, 401, 503):
        with serving(None, lambda *_, status=status: (status, {"error": "bad key secret-key"}, {})) as server:
            try:
                told = _answers(EndpointResponder(server.url, named), [TEXT])[0].error
            except UserError as error:
                told = str(error)
        assert "secret-key" not in told
        assert "[key]" in told
    monkeypatch.setenv("KEY", "ab\ncd")
    with pytest.raises(UserError, match="it holds no key") as error:
        EndpointResponder(server.url, named)
    assert "cd" not in str(error.value).replace("code", "")


@pytest.mark.parametrize(
    "body",
    [
        b'{"choices": [{"text": "\\ud800 here"}]}',
        b"[" * 200_000,
        b'{"choices": [{"text": "x", "a": ' + b"9" * 5000 + b"}]}",
    ],
)
def test_hostile_json_is_no_traceback(body: bytes) -> None:
    with serving(None, lambda *_: (200, body, {})) as server:
        (response,) = _answers(EndpointResponder(server.url, QUICK), [TEXT])
    assert response.error or (response.text or "").encode()


def test_a_limit_of_cost_needs_prices_and_counted_tokens() -> None:
    with pytest.raises(ValueError, match="it needs input_price or output_price"):
        Endpoint(most_cost=1.0)
    settings = Endpoint(most_cost=1.0, input_price=1.0)
    with (
        serving(None, lambda *_: (200, {"choices": [{"text": "x"}]}, {})) as server,
        pytest.raises(UserError, match="counts no tokens"),
    ):
        _answers(EndpointResponder(server.url, settings), [TEXT])
