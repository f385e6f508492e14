"""WARC files made by hand, so that each test says what is in them."""

import gzip
import zlib


def http(body: bytes, mime: str = "text/html", status: int = 200, **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} OK", f"Content-Type: {mime}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def record(uri: str, block: bytes, kind: str = "response", length: int | None = None) -> bytes:
    mime = "text/plain" if kind == "conversion" else f"application/http; msgtype={kind}"
    head = (
        f"WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {uri}\r\nWARC-Date: 2026-01-02T03:04:05Z\r\n"
        f"WARC-Record-ID: <urn:uuid:{zlib.crc32(uri.encode()):032x}>\r\nWARC-Payload-Digest: sha1:ABC\r\n"
        f"Content-Type: {mime}\r\nContent-Length: {len(block) if length is None else length}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def page(n: int, size: int = 30) -> bytes:
    sentence = f"This is sentence number {n} of a page that is long enough to be read as running text. "
    return f"<html><head><title>Page {n}</title></head><body><p>{sentence * size}</p></body></html>".encode()


def plain(*records: bytes) -> bytes:
    return b"".join(records)


def gzipped(*records: bytes) -> bytes:
    return b"".join(gzip.compress(r, mtime=0) for r in records)


def zstandard(*records: bytes) -> bytes:
    import zstandard as zstd

    return b"".join(zstd.ZstdCompressor().compress(r) for r in records)


def responses(n: int) -> list[bytes]:
    found = []
    for i in range(n):
        found.append(record(f"http://x.org/{i}", b"GET / HTTP/1.1\r\n\r\n", "request"))
        found.append(record(f"http://x.org/{i}", http(page(i))))
    return found
