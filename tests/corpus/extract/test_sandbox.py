import pytest

from corpus.extract import Extraction
from corpus.extract.sandbox import Sandbox
from corpus.records import Page, Reject

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
