import os
import socket
import time

import datasets.config  # before the environment is another: they read it once
import huggingface_hub.constants
import pytest

from corpus import hub


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_ENDPOINT", *hub._PROXIES):
        monkeypatch.setenv(name, "")
    for module, name in hub._SWITCHES:
        monkeypatch.setattr(f"{module}.{name}", False)


def test_a_hub_that_answers_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        assert not hub.offline_if_unreachable()
    assert not os.environ["HF_HUB_OFFLINE"]


def test_one_that_does_not_is_not_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert hub.offline_if_unreachable()
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    assert datasets.config.HF_HUB_OFFLINE
    assert huggingface_hub.constants.HF_HUB_OFFLINE
    monkeypatch.setattr(hub, "_answers", lambda: pytest.fail("it was told already"))
    assert hub.offline_if_unreachable()


@pytest.mark.parametrize("endpoint", ["https://x:abc", f"https://{'a' * 70}.org"])
def test_an_endpoint_that_is_none_does_not_answer(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    assert hub.offline_if_unreachable()


def test_nothing_is_tried_behind_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setattr(hub, "_answers", lambda: pytest.fail("a proxy is in between"))
    assert not hub.offline_if_unreachable()


def test_a_task_of_the_hub_fails_at_once(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: object
) -> None:
    from corpus.errors import UserError
    from decontam.benchmarks import load

    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path))
    started = time.monotonic()
    with pytest.raises(UserError, match=r"lm-eval task 'gsm8k' cannot be loaded \(the hub cannot be reached"):
        load("gsm8k")
    assert time.monotonic() - started < 60  # seconds, of which most go into lm-eval's import; it was minutes
    assert "Traceback" not in capfd.readouterr().err
