"""The process in which hostile pages are parsed: it reads pages from a socket and answers with text, until it dies.

Run by corpus.extract.sandbox as `python -m corpus.extract.worker SOCKET EXTRACTOR MEMORY_BYTES`. Requests and
answers are JSON headers and raw bytes, never pickles, in frames of multiprocessing's connection protocol.
"""

import json
import resource
import sys
from multiprocessing.connection import Connection
from typing import Any


def main(socket: int, extractor: str, memory_bytes: int) -> None:
    """Answers pages until the other end closes."""
    from corpus.extract import extract

    extract("<p>warm up the parser and its imports</p>", extractor)
    limit = _virtual_bytes() + memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with Connection(socket) as connection:
        connection.send_bytes(b"ready")
        while True:
            try:
                charset = json.loads(connection.recv_bytes())
                page = connection.recv_bytes()
            except (EOFError, OSError):
                return
            connection.send_bytes(json.dumps(_answer(page, charset, extractor)).encode("utf-8", "surrogatepass"))


def _answer(page: bytes, charset: str | None, extractor: str) -> dict[str, Any]:
    from corpus.extract import extract
    from corpus.text.decoding import decode

    try:
        decoded = decode(page, charset, html=True)
        if decoded is None:
            return {"reason": "encoding", "detail": f"begins {page[:16]!r}"}
        found = extract(decoded.text, extractor)
        text = found.text.encode("utf-8", "replace").decode()  # a lone surrogate from a character reference
        return {"text": text, "metadata": {**found.metadata, **decoded.metadata}}
    except MemoryError:
        return {"reason": "extraction_memory", "detail": f"a page of {len(page)} bytes"}
    except Exception as error:  # noqa: BLE001 - whatever a parser raises on a hostile page costs one page
        return {"reason": "extraction_error", "detail": f"{type(error).__name__}: {error}"[:300]}


def _virtual_bytes() -> int:
    """What this process maps already: libraries, before any page."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 2 << 30


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
