"""A small server that speaks OpenAI's protocol for a model of this machine, through transformers alone."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

Fault = Callable[[int, str, dict[str, Any]], tuple[int, Any, dict[str, str]] | None]


@dataclass
class Server:
    """What a test sees of a server."""

    base: str = ""
    url: str = ""  # with the name of the model
    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0


@contextmanager
def serving(
    folder: Path | None,
    fault: Fault = lambda number, route, payload: None,
    *,
    begins: bool = False,
    change: Callable[[dict[str, Any]], dict[str, Any]] = lambda answer: answer,
) -> Iterator[Server]:
    """Serves a model; `fault` may answer in its place with (status, body, headers). Without a folder, only it does.

    `begins`: whether the server puts the token that begins a text before each prompt. `change` changes its answers.
    """
    model = _Model(folder, begins) if folder else None
    server, lock, model_lock = Server(), threading.Lock(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(200, {"data": [{"id": "tiny"}]} if self.path == "/v1/models" else {}, {})

        def do_POST(self) -> None:
            payload = json.loads(self.rfile.read(int(self.headers["content-length"])))
            route = self.path.removeprefix("/v1")
            with lock:
                number = len(server.requests)
                server.requests.append((route, payload))
                server.headers.append({name.lower(): value for name, value in self.headers.items()})
                server.at_once += 1
                server.most_at_once = max(server.most_at_once, server.at_once)
            try:
                answer = fault(number, route, payload)
                if answer is None:
                    assert model is not None
                    with model_lock:
                        answer = (200, change(model.answer(route, payload)), {})
                self._send(*answer)
            finally:
                with lock:
                    server.at_once -= 1

        def _send(self, status: int, body: Any, headers: dict[str, str]) -> None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"content-length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if "x-drip" not in headers:
                self.wfile.write(data)
                return
            with suppress(OSError):  # the other side has enough
                for byte in data:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(float(headers["x-drip"]))

        def log_message(self, format: str, *args: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    server.base = f"http://127.0.0.1:{http.server_address[1]}/v1"
    server.url = f"{server.base}#tiny"
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()


class _Model:
    def __init__(self, folder: Path, begins: bool) -> None:
        self.begins = begins
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModelForCausalLM.from_pretrained(folder).eval()

    def answer(self, route: str, payload: dict[str, Any]) -> dict[str, Any]:
        is_chat = route == "/chat/completions"
        prompt = payload["prompt"] if not is_chat else "".join(f"{one['content']}\n" for one in payload["messages"])
        ids = [
            *[self.tokenizer.bos_token_id] * self.begins,
            *self.tokenizer(prompt, add_special_tokens=False)["input_ids"],
        ]
        written: list[int] = []
        nats: list[float | None] = [None]
        tops: list[dict[str, float] | None] = [None]
        with torch.inference_mode():
            logits = self.model(torch.tensor([ids])).logits[0].log_softmax(-1)
            for i, one in enumerate(ids[1:]):
                nats.append(float(logits[i, one]))
                best = int(logits[i].argmax())
                tops.append({self.tokenizer.decode([best]): float(logits[i, best])})
            while len(written) < payload["max_tokens"]:
                logits = self.model(torch.tensor([[*ids, *written]])).logits[0, -1].log_softmax(-1)
                best = int(logits.argmax())
                if best == self.tokenizer.eos_token_id:
                    break
                written.append(best)
                nats.append(float(logits[best]))
                tops.append({self.tokenizer.decode([best]): float(logits[best])})
        text = self.tokenizer.decode(written)
        for stop in payload.get("stop") or ():
            text = text.split(stop)[0]
        usage = {"prompt_tokens": len(ids), "completion_tokens": len(written)}
        if is_chat:
            return {"choices": [{"message": {"role": "assistant", "content": text}}], "usage": usage}
        choice: dict[str, Any] = {"text": (prompt if payload.get("echo") else "") + text}
        if payload.get("logprobs"):
            tokens = [self.tokenizer.decode([one]) for one in (*ids, *written)]
            begin = 0 if payload.get("echo") else len(ids)
            choice["logprobs"] = {
                "tokens": tokens[begin:], "token_logprobs": nats[begin:], "top_logprobs": tops[begin:]
            }  # fmt: skip
        return {"choices": [choice], "usage": usage}
