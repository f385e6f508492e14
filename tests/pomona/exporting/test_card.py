import pytest

from pomona.exporting.card import _cell, _public, license_id


@pytest.mark.parametrize(
    ("stated", "name"),
    [
        ("MIT", "mit"),
        ("Apache-2.0", "apache-2.0"),
        ("apache 2.0", "apache-2.0"),
        ("GPL-3.0-or-later", "gpl-3.0"),
        ("LGPL-2.1-only", "lgpl-2.1"),
        ("CC-BY-SA-4.0", "cc-by-sa-4.0"),
        ("https://creativecommons.org/licenses/by-nc/4.0/deed.en", "cc-by-nc-4.0"),
        ("http://creativecommons.org/publicdomain/zero/1.0/", "cc0-1.0"),
        ("PSF-2.0", "other"),
        ("https://example.org/terms", "other"),
        ("not stated", "unknown"),
    ],
)
def test_licenses_have_the_names_of_the_hub(stated: str, name: str) -> None:
    assert license_id(stated) == name


def test_what_documents_say_stays_in_its_cell() -> None:
    assert _cell("a|b\nc<script>") == "a\\|b c&lt;script>"
    assert _cell("![x](http://a.b/c.png) `y`") == "\\!\\[x\\](http://a.b/c.png) \\`y\\`"
    assert _cell("gopher_quality.min_words") == "gopher_quality.min_words"
    assert len(_cell("x" * 10_000)) == 121
    assert not {"\r", "\u202e"} & set(_cell("a\rb\u202ec"))
    assert _cell(12345) == "12,345"


def test_settings_do_not_tell_this_machines_folders() -> None:
    paths = ["/home/me/secret/pages", "s3://bucket/x", "file:///home/me/pages", "http://me:word@a.b/q.jsonl"]
    config = {"paths": paths, "n": 1, "inner": {"model": "/models/m/"}}
    shown = ["pages", "s3://bucket/x", "pages", "http://a.b/q.jsonl"]
    assert _public(config) == {"paths": shown, "n": 1, "inner": {"model": "m"}}
