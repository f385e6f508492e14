"""The process that parses foreign bytes: archives, Parquet, JSON, HTML. It answers requests until it ends.

corpus.sandbox.client runs it as `python -m corpus.sandbox.worker SOCKET EXTRACTOR MEMORY_BYTES`. EXTRACTOR is empty for
sources without HTML. Requests and answers are JSON and Arrow, never pickles, in frames of multiprocessing's connection
protocol. A request is `page`, `read`, `cut` or `columns`.

The answer to `read`, frame by frame
  {"piece": k}                                 records of the item's k-th piece begin here
  {"begin": [index, uri, position]}            this record is being built; if the process dies now, it is the cause
  {"done": index}                              the record was built
  {"upto": n, "rejects": ..., "passed": ...}   all records before the n-th; their texts are in the next frame, in Arrow
  {"end": true}
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.connection import Connection
from typing import Any

import pyarrow as pa

from corpus.records import Page, Reject, Risky, Text
from corpus.sources import source
from corpus.sources.columns import RAW
from corpus.sources.files import File
from corpus.text.strings import valid

SENT = RAW.append(pa.field("key", pa.binary()))  # the bytes from which the document's id is made
# Collected records are sent as soon as one of these is reached.
_FLUSH_CHARACTERS = 1 << 20
_FLUSH_RECORDS = 1000
_FLUSH_SECONDS = 0.5


def main(socket: int, extractor: str, memory_bytes: int) -> None:
    """Answers requests until the other end closes the socket."""
    pa.set_cpu_count(1)

    # Imports and warm-up come before the memory limit.
    if extractor:
        from corpus.extract import extract

        extract("<p>warm up the parser and its imports</p>", extractor)

    limit = _virtual_bytes() + memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    tasks: dict[str, Callable[[Connection, dict[str, Any]], None]] = {
        "page": _page, "read": _read, "cut": _cut, "columns": _columns,
    }  # fmt: skip
    with Connection(socket) as connection:
        connection.send_bytes(b"ready")
        while True:
            try:
                request = json.loads(connection.recv_bytes())
                tasks[request["task"]](connection, request)
            except (EOFError, OSError):
                return


def _send(connection: Connection, value: Any) -> None:
    connection.send_bytes(json.dumps(value).encode())


# One page


def _page(connection: Connection, request: dict[str, Any]) -> None:
    page = Page("", "", connection.recv_bytes(), request["charset"])
    record = extracted(page, request["extractor"])
    if isinstance(record, Reject):
        _send(connection, {"reason": record.reason, "detail": valid(record.detail)})
    else:
        _send(connection, {"text": record.text, "metadata": dict(record.metadata)})


def extracted(page: Page, extractor: str, *, honor_rights: bool = False) -> Text | Reject:
    """Returns the page's main text, or a reject with the reason why there is none."""
    from corpus.extract import extract
    from corpus.extract.rights import merged, opted_out
    from corpus.text.decoding import decode

    try:
        decoded = decode(page.html, page.charset, html=True)
        if decoded is None:
            return Reject(page.uri, page.position, "encoding", f"begins {page.html[:16]!r}")

        extraction = extract(decoded.text, extractor)
        stated = {name: valid(value) for name, value in extraction.metadata.items()}
        metadata = merged(page.metadata, stated) | decoded.metadata

        asked = opted_out(metadata) if honor_rights else None
        if asked:
            return Reject(page.uri, page.position, "opted_out", asked)
        return Text(page.uri, page.position, valid(extraction.text), page.license, metadata)
    except MemoryError:
        return Reject(page.uri, page.position, "extraction_memory", f"a page of {len(page.html)} bytes")
    except Exception as error:  # noqa: BLE001 - any error of a parser on a hostile page costs one page
        detail = f"{type(error).__name__}: {error}"[:300]
        return Reject(page.uri, page.position, "extraction_error", detail)


# A work item


def _read(connection: Connection, request: dict[str, Any]) -> None:
    options = request["spec"]["options"]
    skip, refused = request["skip"], {int(index): fields for index, fields in request["refused"].items()}
    sender = _Sender(connection, skip, eager=request["eager"])
    for index, (file, record) in enumerate(_records(request["spec"], request["ended"], sender)):
        if index < skip:
            continue
        if index in refused:
            record = Reject(*refused[index])
        if isinstance(record, (Page, Risky)):
            record = _built(connection, index, record, options)
        sender.add(file, record)
    sender.flush()
    _send(connection, {"end": True})


def _built(connection: Connection, index: int, record: Page | Risky, options: Mapping[str, Any]) -> Text | Reject:
    """Returns the text or reject of a page or risky record, and reports to the client which record is being built."""
    _send(connection, {"begin": [index, valid(record.uri), record.position]})
    try:
        built = record.build() if isinstance(record, Risky) else record
    except MemoryError:
        built = Reject(record.uri, record.position, "too_large", "it needs more memory than a record may have")

    if isinstance(built, Page):
        built = extracted(built, options["extractor"], honor_rights=options["honor_rights"])
    _send(connection, {"done": index})
    return built


class _Sender:
    """Collects records and sends them together: about a megabyte, or half a second's. With `eager`, one by one."""

    def __init__(self, connection: Connection, upto: int, *, eager: bool) -> None:
        self._connection, self._eager = connection, eager
        self._upto = upto
        self._begin()

    def _begin(self) -> None:
        self._texts: list[tuple[bytes, Text]] = []
        self._rejects: list[list[str]] = []
        self._passed: dict[tuple[str, str], int] = {}
        self._n_characters, self._n_records = 0, 0
        self._since = time.monotonic()

    def piece(self, number: int) -> None:
        """Sends that a piece begins."""
        _send(self._connection, {"piece": number})

    def add(self, file: File, record: Any) -> None:
        """Adds one record, and sends the collected ones if there are enough."""
        if isinstance(record, pa.RecordBatch):
            self.flush()
            self._send(_with_key(record, file), self._upto + 1)
        elif isinstance(record, Text):
            self._texts.append((file.id_key + b"\x1f" + record.position.encode(), record))
            self._n_characters += len(record.text)
        elif isinstance(record, Reject):
            fields = (record.uri, record.position, record.reason, record.detail[:2000])
            self._rejects.append([valid(field) for field in fields])
        else:
            key = (file.uri, record.kind)
            self._passed[key] = self._passed.get(key, 0) + record.n
        if not isinstance(record, pa.RecordBatch):
            self._n_records += 1

        late = time.monotonic() - self._since > _FLUSH_SECONDS
        if self._eager or self._n_characters >= _FLUSH_CHARACTERS or self._n_records >= _FLUSH_RECORDS or late:
            self.flush()

    def flush(self) -> None:
        """Sends the collected records."""
        if not self._n_records:
            return

        texts = [text for _, text in self._texts]
        columns: list[list[Any]] = [
            [text.uri for text in texts], [text.position for text in texts], [text.text for text in texts],
            [text.license for text in texts], [list(text.metadata.items()) for text in texts],
            [key for key, _ in self._texts],
        ]  # fmt: skip
        arrays = [pa.array(column, field.type) for column, field in zip(columns, SENT, strict=True)]
        self._send(pa.record_batch(arrays, schema=SENT), self._upto + self._n_records)

    def _send(self, batch: pa.RecordBatch, upto: int) -> None:
        passed = [[uri, kind, n] for (uri, kind), n in self._passed.items()]
        _send(self._connection, {"upto": upto, "rejects": self._rejects, "passed": passed})
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, SENT) as writer:
            writer.write_batch(batch)
        self._connection.send_bytes(sink.getvalue())
        self._upto = upto
        self._begin()


def _with_key(batch: pa.RecordBatch, file: File) -> pa.RecordBatch:
    import pyarrow.compute as pc

    key = pc.binary_join_element_wise(pa.scalar(file.id_key), batch["position"].cast(pa.binary()), b"\x1f")
    return pa.record_batch([*batch.columns, key], schema=SENT)


def _records(spec: Mapping[str, Any], ended: Mapping[str, Any], sender: _Sender) -> Iterator[tuple[File, Any]]:
    """Yields every record of the item's pieces, in order, with its file.

    `ended` maps the number of a piece to (n, reject): the piece ends before the item's n-th record, with this reject.
    """
    index = 0
    module = source(spec["options"]["kind"])
    for number, (path, n_bytes, stamp, name, span) in enumerate(spec["pieces"]):
        file = File(path, n_bytes, stamp, name)
        sender.piece(number)

        last, fields = ended.get(str(number), (None, None))
        reader = _guarded(module, file, tuple(span) if span else None, spec["options"])
        while index != last and (record := next(reader, None)) is not None:
            index += 1
            yield file, record
        if last is not None:
            index += 1
            yield file, Reject(*fields)


def _guarded(module: Any, file: File, span: Any, options: dict[str, Any]) -> Iterator[Any]:
    """Yields the records of one piece. Any error ends the piece with a reject."""
    position = str(span[0]) if span else ""
    try:
        file.open().close()
    except OSError as error:
        yield Reject(file.uri, position, "unreadable", str(error))
        return

    try:
        yield from module.read(file, span, options)
    except MemoryError:
        yield Reject(file.uri, position, "corrupt", "reading on needs more memory than a record may have")
    except PermissionError as error:
        yield Reject(file.uri, position, "unreadable", str(error))
    except Exception as error:  # noqa: BLE001 - broken bytes end their file, not the run
        yield Reject(file.uri, position, "corrupt", f"{type(error).__name__}: {error}")


# Requests of planning


def _cut(connection: Connection, request: dict[str, Any]) -> None:
    module: Any = source(request["kind"])
    file, spans, held = File(*request["file"]), [None], 0
    try:
        spans = module.cut(file, request["n_bytes"])
        held = module.held(file) if hasattr(module, "held") else 0
    except Exception:  # noqa: BLE001 - a file that cannot be cut stays whole, and `read` refuses it
        pass
    _send(connection, {"spans": spans, "held": held})


def _columns(connection: Connection, request: dict[str, Any]) -> None:
    module: Any = source(request["kind"])
    try:
        columns = module.columns_of(File(*request["file"]), request["n_bytes"], request["wanted"])
        names = sorted(valid(name) for name in columns)
    except Exception:  # noqa: BLE001 - an unreadable file has no columns; `read` refuses it
        names = []
    _send(connection, {"columns": names})


def _virtual_bytes() -> int:
    """Returns the bytes that this process has mapped already: libraries, before any foreign byte."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 2 << 30


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
