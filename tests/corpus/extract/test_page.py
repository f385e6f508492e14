import pytest

from corpus.extract.page import metadata

HEAD = """<?xml version="1.0"?><!doctype html><html lang="de-AT"><head><title> A
 title </title><link rel="canonical" href="https://x.org/a"><meta name="robots" content="noindex, nofollow">
<meta property="article:published_time" content="2026-01-02"><meta name="tdm-reservation" content="1"></head>
<body><title>not this</title></body></html>"""


def test_what_a_page_says_of_itself() -> None:
    assert metadata(HEAD) == {
        "html_language": "de-AT",
        "title": "A title",
        "canonical": "https://x.org/a",
        "date": "2026-01-02",
        "robots": "noindex, nofollow",
        "tdm_reservation": "1",
    }


@pytest.mark.parametrize("html", ["", "plain text", "<head", "<head></head>", "\x00"])
def test_pages_that_say_nothing(html: str) -> None:
    assert metadata(html).get("title") is None


def test_values_are_bounded() -> None:
    assert len(metadata(f"<head><title>{'x' * 10_000}</title></head>")["title"]) == 500
