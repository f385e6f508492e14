import pytest

from corpus.extract.page import metadata, opted_out

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


@pytest.mark.parametrize(
    ("facts", "signal"),
    [
        ({}, None),
        ({"robots": "index, follow"}, None),
        ({"robots": "nofollow, NoAI"}, "robots: noai"),
        ({"robots": "noindex"}, "robots: noindex"),
        ({"x_robots_tag": "googlebot: noindex"}, "x_robots_tag: noindex"),
        ({"robots": "none"}, "robots: none"),
        ({"robots": "noimageai"}, None),
        ({"tdm_reservation": "1"}, "tdm-reservation: 1"),
        ({"tdm_reservation": "0"}, None),
    ],
)
def test_rights_signals(facts: dict[str, str], signal: str | None) -> None:
    assert opted_out(facts) == signal
