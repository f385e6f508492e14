"""Rights signals, as the specifications of robots directives and of TDMRep write them."""

import pytest

from corpus.extract.page import metadata
from corpus.extract.rights import merged, opted_out


@pytest.mark.parametrize(
    ("facts", "signal"),
    [
        ({}, None),
        ({"robots": "index, follow"}, None),
        ({"robots": "nofollow, NoAI"}, "robots: noai"),
        ({"robots": "noindex"}, "robots: noindex"),
        ({"robots": "none"}, "robots: none"),
        ({"robots": "all, nofollow noai"}, "robots: noai"),
        ({"robots": "nofollow;noai"}, "robots: noai"),
        ({"robots": "noimageai"}, None),
        ({"robots": "max-image-preview:none"}, None),
        ({"robots": "max-image-preview: none, max-snippet : -1"}, None),
        ({"robots": "max-image-preview: none, noindex"}, "robots: noindex"),
        ({"robots": "unavailable_after: Sunday, 01-Sep-24 12:34:56 GMT"}, None),
        ({"x_robots_tag": "googlebot: noindex"}, "x_robots_tag: noindex"),
        ({"x_robots_tag": "otherbot:noai, nofollow"}, "x_robots_tag: noai"),
        ({"x_robots_tag": "googlebot: max-image-preview: none"}, None),
        ({"x_robots_tag": "all, NOAI"}, "x_robots_tag: noai"),
        ({"tdm_reservation": "1"}, "tdm-reservation: 1"),
        ({"tdm_reservation": " 1 "}, "tdm-reservation: 1"),
        ({"tdm_reservation": "0, 1"}, "tdm-reservation: 1"),
        ({"tdm_reservation": "0"}, None),
        ({"tdm_reservation": "10"}, None),
    ],
)
def test_rights_signals(facts: dict[str, str], signal: str | None) -> None:
    assert opted_out(facts) == signal


@pytest.mark.parametrize(
    ("metas", "signal"),
    [
        ('<meta name="robots" content="index"><meta name="robots" content="noai">', "robots: noai"),
        ('<meta name="ROBOTS" content="NoIndex">', "robots: noindex"),
        ('<meta name=" robots " content="noai">', "robots: noai"),
        ('<meta name="GPTBot" content="noai">', "robots: noai"),
        ('<meta name="googlebot" content="noindex"><meta name="robots" content="all">', "robots: noindex"),
        ('<meta name="description" content="noai">', None),
        ('<meta name="tdm-reservation" content="0"><meta name="tdm-reservation" content="1">', "tdm-reservation: 1"),
        ('<meta name="robots"><meta name="robots" content="">', None),
    ],
)
def test_repeated_metas_combine(metas: str, signal: str | None) -> None:
    assert opted_out(metadata(f"<html><head>{metas}</head><body></body></html>")) == signal


def test_header_and_page_combine() -> None:
    both = merged({"tdm_reservation": "1", "date": "a"}, {"tdm_reservation": "0", "date": "b"})
    assert both == {"tdm_reservation": "1, 0", "date": "b"}
    assert opted_out(both) == "tdm-reservation: 1"
    assert merged({"tdm_policy": "x"}, {}) == {"tdm_policy": "x"}
