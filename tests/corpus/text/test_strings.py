import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.text.strings import address, valid

ANYTHING = st.text(st.characters() | st.characters(categories=["Cs"]) | st.sampled_from("\0\ud83d\udc80\udcff"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("plain\n", "plain\n"),
        ("naïve 🙂", "naïve 🙂"),
        ("cut \ud83d", "cut \ufffd"),
        ("\udc80\udfff", "\ufffd\ufffd"),
        ("\ud83d\ude00", "😀"),
        ("\ude00\ud83d!", "\ufffd\ufffd!"),
        ("a\0b", "a\ufffdb"),
        ("é\0", "é\ufffd"),
        ("\ufffe\uffff\x1b", "\ufffe\uffff\x1b"),
    ],
)
def test_a_string_is_made_valid(text: str, expected: str) -> None:
    assert valid(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("https://example.org/a%20b?q=1#x", "https://example.org/a%20b?q=1#x"),
        ("data/naïve 🙂.txt", "data/naïve 🙂.txt"),
        (os.fsdecode(b"caf\xe9.txt"), "caf%E9.txt"),
        (os.fsdecode(b"\xff/\xc3\xa9"), "%FF/é"),
        ("cut \ud83d", "cut %ED%A0%BD"),
        ("\udc7f\udd00", "%ED%B1%BF%ED%B4%80"),
        ("a\0b\nc\td\x7f", "a%00b%0Ac%09d%7F"),
        ("next\x85line", "next%C2%85line"),
    ],
)
def test_an_address_keeps_its_bytes(text: str, expected: str) -> None:
    assert address(text) == expected


@given(ANYTHING)
def test_what_comes_out_is_utf8_and_stays(text: str) -> None:
    for make in (valid, address):
        out = make(text)
        assert out.encode().decode() == out
        assert "\0" not in out
        assert make(out) == out
    lone = "".join(character for character in text if not "\ud800" <= character <= "\udfff")
    assert valid(lone) == lone.replace("\0", "\ufffd")


@given(st.binary())
def test_names_of_files_differ_where_their_bytes_differ(raw: bytes) -> None:
    def percent(name: bytes) -> bytes:
        """The bytes behind an address, for names without a percent sign."""
        from urllib.parse import unquote_to_bytes

        return unquote_to_bytes(address(os.fsdecode(name)))

    name = raw.replace(b"%", b"")
    assert percent(name) == name
