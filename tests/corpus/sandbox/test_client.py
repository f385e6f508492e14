import json
import os
import signal
from collections import Counter
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from corpus.extract import Extraction
from corpus.records import Page, Reject
from corpus.sandbox import Sandbox
from corpus.sources.files import File

GOOD = Page(
    "http://good", "7", b"<html><body><p>A good page with enough words to be kept by everybody.</p></body></html>"
)

HOSTILE = {
    "a million nested tags": b"<div>" * 1_000_000 + b"x",
    "a colspan of nine quadrillion": b"<table><tr><td colspan=9000000000000000>a</td></tr></table>",
    "a huge attribute": b'<p class="' + b"a-" * 5_000_000 + b'">text</p>',
    "an entity bomb": b'<!DOCTYPE html [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><p>&b;&b;</p>',
    "a hundred thousand nested tags inside a pre": b"<pre>" + b"<b>" * 100_000 + b"x</pre>",
    "no html at all": bytes(range(256)) * 100,
    "nothing": b"",
}


@pytest.mark.parametrize("extractor", ["cascade", "fast"])
def test_a_hostile_page_costs_itself_alone(extractor: str) -> None:
    with Sandbox(extractor, timeout_seconds=3) as sandbox:
        for name, html in HOSTILE.items():
            found = sandbox.extract(Page(name, "0", html))
            assert isinstance(found, (Extraction, Reject))
            after = sandbox.extract(GOOD)
            assert isinstance(after, Extraction), (name, after)
            assert "enough words" in after.text


def test_a_page_that_takes_too_long_is_refused() -> None:
    with Sandbox("cascade", timeout_seconds=0.001) as sandbox:
        found = sandbox.extract(Page("slow", "3", b"<p>" + b"<a href=x>link</a> " * 200_000))
    assert isinstance(found, Reject)
    assert (found.reason, found.uri, found.position) == ("extraction_timeout", "slow", "3")


def test_a_parser_that_dies_costs_one_page() -> None:
    with Sandbox("cascade") as sandbox:
        sandbox.extract(GOOD)
        assert sandbox._process is not None
        sandbox._process.kill()
        found = sandbox.extract(Page("victim", "", b"<p>x</p>"))
        assert isinstance(found, Reject)
        assert found.reason == "extraction_crash"
        assert isinstance(sandbox.extract(GOOD), Extraction)


def test_memory_is_bounded() -> None:
    with Sandbox("cascade", timeout_seconds=30, memory_bytes=64 << 20) as sandbox:
        found = sandbox.extract(Page("big", "", b"<p>some text</p>" * 2_000_000))
        assert isinstance(found, Reject)
        assert found.reason in ("extraction_memory", "extraction_crash", "extraction_error")
        assert isinstance(sandbox.extract(GOOD), Extraction)


def test_encodings_are_detected_and_said() -> None:
    html = '<html><head><meta charset="koi8-r"></head><body><p>{}</p></body></html>'
    text = "Съешь же ещё этих мягких французских булок, да выпей чаю. " * 5
    with Sandbox("cascade") as sandbox:
        found = sandbox.extract(Page("ru", "", html.format(text).encode("koi8-r")))
    assert isinstance(found, Extraction)
    assert text.strip() in found.text
    assert found.metadata["encoding"] == "koi8-r"


def test_nothing_of_the_worker_is_left() -> None:
    with Sandbox("fast") as sandbox:
        sandbox.extract(GOOD)
        process = sandbox._process
    assert process is not None
    assert process.poll() is not None


# Reading work items


def spec(*paths: Path, kind: str = "html", **options: Any) -> dict[str, Any]:
    chosen = {"kind": kind, "max_record_bytes": 1 << 20, "extractor": "fast", "honor_rights": False} | options
    return {"options": chosen, "pieces": [[str(path), path.stat().st_size, "1", path.name, None] for path in paths]}


def pages(folder: Path, n: int) -> list[Path]:
    paths = []
    for i in range(n):
        paths.append(folder / f"{i:03}.html")
        paths[-1].write_text(f"<p>{f'Page {i} has words enough to be kept. ' * 10}</p>")
    return paths


def outcome(sandbox: Sandbox, item: dict[str, Any]) -> tuple[list[str], list[tuple[str, str]], Counter[str]]:
    uris, rejects, passed = [], [], Counter[str]()
    for delivery in sandbox.read(item):
        uris += [Path(uri).name for uri in delivery.batch["uri"].to_pylist()]
        rejects += [(Path(r.uri).name, r.reason) for r in delivery.rejects]
        passed.update({kind: n for _, kind, n in delivery.passed})
    return uris, rejects, passed


def test_an_item_is_read_whole_and_in_order(tmp_path: Path) -> None:
    paths = pages(tmp_path, 30)
    with Sandbox("fast") as sandbox:
        uris, rejects, _ = outcome(sandbox, spec(*paths))
    assert uris == [path.name for path in paths]
    assert rejects == []


def test_a_record_that_kills_or_hangs_the_parser_costs_itself(tmp_path: Path) -> None:
    paths = pages(tmp_path, 12)
    (tmp_path / "005.html").write_bytes(b"<p>" + b"<a href=x>link</a> " * 300_000)  # too slow for this clock
    with Sandbox("cascade", timeout_seconds=1.5) as sandbox:
        uris, rejects, _ = outcome(sandbox, spec(*paths, extractor="cascade", max_record_bytes=1 << 30))
    assert rejects == [("005.html", "extraction_timeout")]
    assert uris == [path.name for path in paths if path.name != "005.html"]


def test_a_parser_killed_at_any_moment_loses_and_doubles_nothing(tmp_path: Path) -> None:
    paths = pages(tmp_path, 40)
    for after in (0, 1, 3):
        with Sandbox("fast") as sandbox:
            item = spec(*paths)
            uris: list[str] = []
            rejects: list[str] = []
            for n, delivery in enumerate(sandbox.read(item)):
                uris += [Path(uri).name for uri in delivery.batch["uri"].to_pylist()]
                rejects += [Path(r.uri).name for r in delivery.rejects]
                if n == after and sandbox._process is not None:
                    os.kill(sandbox._process.pid, signal.SIGKILL)
        assert uris == [path.name for path in paths]
        assert rejects == []  # killed once from outside, a page is read again


def deadly_parser(tmp_path: Path, code: str) -> str:
    """A folder for PYTHONPATH with which the worker runs `code` before it parses a `line` of JSON."""
    patch = tmp_path / "patch"
    patch.mkdir()
    (patch / "sitecustomize.py").write_text(
        "import os, sys\n"
        "if 'corpus.sandbox.worker' in ' '.join(sys.orig_argv):\n"
        "    import orjson\n"
        "    loads = orjson.loads\n"
        "    def deadly(line):\n" + indent(code, 8 * " ") + "\n"
        "        return loads(line)\n"
        "    orjson.loads = deadly\n"
    )
    return str(patch)


def test_a_reader_that_dies_again_ends_its_piece_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [tmp_path / f"{i}.jsonl" for i in range(3)]
    for path in lines:
        path.write_text("".join(json.dumps({"text": f"{path.name} {n}"}) + "\n" for n in range(5)))
    monkeypatch.setenv("PYTHONPATH", deadly_parser(tmp_path, "if b'1.jsonl 3' in line: os._exit(139)"))
    with Sandbox() as sandbox:
        texts, rejects = [], []
        for delivery in sandbox.read(spec(*lines, kind="jsonl")):
            texts += delivery.batch["text"].to_pylist()
            rejects += delivery.rejects
    assert [t for t in texts if not t.startswith("1.")] == [f"{i}.jsonl {n}" for i in (0, 2) for n in range(5)]
    assert [(Path(r.uri).name, r.reason) for r in rejects] == [("1.jsonl", "corrupt")]
    assert "the rest was not read" in rejects[0].detail


def test_memory_that_a_record_asks_for_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "a"}\n{"text": "b", "x": [' + b"[]," * 9_000_000 + b'1]}\n{"text": "c"}\n')
    with Sandbox(memory_bytes=256 << 20) as sandbox:
        texts, rejects = [], []
        for delivery in sandbox.read(spec(path, kind="jsonl", max_record_bytes=1 << 30)):
            texts += delivery.batch["text"].to_pylist()
            rejects += delivery.rejects
    assert texts == ["a", "c"]
    assert len(rejects) == 1
    assert rejects[0].position == "14"


def test_what_passes_by_is_counted_across_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a"}\n\n\n{"text": "b"}\n\n')
    with Sandbox() as sandbox:
        sandbox.columns("jsonl", File(str(path), 1), 100)
        assert sandbox._process is not None
        os.kill(sandbox._process.pid, signal.SIGKILL)
        _, rejects, passed = outcome(sandbox, spec(path, kind="jsonl"))
    assert rejects == []
    assert passed == {"blank line": 3}


@pytest.mark.parametrize("times", [1, 2])
def test_a_record_on_which_the_parser_dies_once_is_read_again_and_twice_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    path, deaths = tmp_path / "a.jsonl", tmp_path / "deaths"
    path.write_text('{"text": "a"}\n' + json.dumps({"text": "deadly " * 200_000}) + '\n{"text": "c"}\n')
    deaths.mkdir()
    dies = (
        f"n = len(os.listdir({str(deaths)!r}))\n"
        f"if b'deadly' in line and n < {times}: open({str(deaths)!r} + '/' + str(n), 'w').close(); os._exit(137)"
    )
    monkeypatch.setenv("PYTHONPATH", deadly_parser(tmp_path, dies))
    texts, rejects = [], []
    with Sandbox() as sandbox:
        for delivery in sandbox.read(spec(path, kind="jsonl", max_record_bytes=1 << 30)):
            texts += [text[:6] for text in delivery.batch["text"].to_pylist()]
            rejects += [(r.position, r.reason) for r in delivery.rejects]
    assert sorted(texts) == (["a", "c", "deadly"] if times == 1 else ["a", "c"])
    assert rejects == ([] if times == 1 else [("14", "extraction_crash")])
