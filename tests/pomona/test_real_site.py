"""A WARC that wget makes of a site on this machine, ingested by the documented command."""

import gzip
import http.server
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from pomona.cli import main
from tests.pomona.corpora import PROSE


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """Address of a small site: pages that link to one another, an image, a style sheet, a missing page."""
    root = tmp_path / "site"
    root.mkdir()
    links = "".join(f'<a href="p{i}.html">page {i}</a> ' for i in range(40))
    (root / "index.html").write_text(
        f'<html><body>{links}<a href="missing.html">gone</a><img src="i.png"></body></html>'
    )
    for i in range(40):
        (root / f"p{i}.html").write_text(
            f"<html><head><title>Page {i}</title></head><body><p>{i}. {PROSE}</p></body></html>"
        )
    (root / "i.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    (root / "notes.txt").write_text(PROSE)
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(root))
    handler.log_message = lambda *_: None  # type: ignore[attr-defined]
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


def qualifying(warc: Path) -> int:
    """Responses with status 200 and HTML or plain text, counted without a WARC library."""
    raw = gzip.decompress(warc.read_bytes())
    records = re.split(rb"(?=WARC/1\.[01]\r\n)", raw)
    count = 0
    for record in records:
        if b"WARC-Type: response" in record[:600]:
            http_head = record.split(b"\r\n\r\n", 2)[1].lower()
            count += b" 200 " in http_head and re.search(rb"content-type: text/(html|plain)", http_head) is not None
    return count


@pytest.mark.skipif(shutil.which("wget") is None, reason="wget is not installed")
def test_documents_and_rejects_are_the_records_that_qualify(
    site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    subprocess.run(
        ["wget", "-q", "--mirror", "--warc-file=site", "-P", "mirror", site, f"{site}notes.txt"], check=False
    )
    capsys.readouterr()
    assert main(["ingest", "site.warc.gz", "--source", "site", "--workers", "1", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert rows["documents"] + rows["rejects"] == qualifying(tmp_path / "site.warc.gz") == 42
    assert rows["documents"] >= 41  # the index page is links alone
    assert main(["explain", f"{site}p7.html", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)["document"]
    assert document["metadata"]["title"] == "Page 7"
    assert document["text"].startswith("7. The committee")
    assert document["metadata"]["payload_digest"].startswith("sha1:")
