import pytest

from corpus.text.decoding import decode


def read(raw: bytes, declared: str | None = None) -> tuple[str, str]:
    decoded = decode(raw, declared)
    assert decoded is not None
    return decoded.text, decoded.encoding


@pytest.mark.parametrize(
    ("raw", "text", "encoding"),
    [
        (b"\x1b$B$3$s$K$A$O\x1b(B, world", "こんにちは, world", "iso2022_jp"),
        (b"\x1b$@4A;z\x1b(J a\\b~\x1b(B\\~", "漢字 a¥b‾\\~", "iso2022_jp"),
        (b"\x1b$B-!\x1b(I1\x1b$B4A\x1b(B", "①ｱ漢", "iso2022_jp"),
        (b"\x1b$B4A\n;z \x1b(B!", "漢\n字 !", "iso2022_jp"),
        (b"\x1b$(D0!\x1b$B4A\x1b(B", "丂漢", "iso2022_jp"),
        ("한국어 text".encode("iso2022_kr"), "한국어 text", "iso2022_kr"),
        (b"\x1b$)A\x0eVPND\x0f text", "中文 text", "iso2022_cn"),
        (b"~{VPND~} text ~~", "中文 text ~", "hz"),
        (b"This ~{<:Ky2;S{#,NpJ)l6HK!#~}Bye.", "This 己所不欲，勿施於人。Bye.", "hz"),  # RFC 1843
    ],
)
def test_it_is_recognized_before_ascii(raw: bytes, text: str, encoding: str) -> None:
    assert raw.isascii()
    for declared in (None, "utf-8", "us-ascii", "hz-gb-2312" if encoding == "hz" else "iso-2022-jp"):
        assert read(raw, declared)[0] == text
    assert read(raw)[1] == encoding


@pytest.mark.parametrize(
    "text",
    [
        "if ($text =~{pattern}) { print qq~{}~; }",
        "x = a[~{i}~]; y = ~{ab~};",
        "~{}~{~}",
        "# ~{ \n ~}",
        "~~struck~~ and ~/home",
        "\x1b[31merror\x1b[0m: \x1b(B\x1b[m done\x1b]0;title\x07",
        "\x1b(0lqqk\x1b(B",  # line drawing
        "\x1b$x\x1b$B",
        "price \x1b$B 5",
        "C++ and +AGE-, a+b-c, +2AA-",
        "",
    ],
)
def test_a_program_or_a_log_stays_ascii(text: str) -> None:
    for declared in (None, "utf-8", "iso-8859-1", "iso-2022-jp" if "\x1b" not in text else "utf-8"):
        assert read(text.encode(), declared) == (text, "utf-8")


def test_utf7_counts_only_where_it_is_declared() -> None:
    raw = "Grüße +, 日本".encode("utf-7")
    assert read(raw, "UTF-7") == ("Grüße +, 日本", "utf-7")
    assert read(raw) == (raw.decode(), "utf-8")
    assert read(b"a +2AA- b", "utf-7") == ("a +2AA- b", "utf-8")  # half of a surrogate pair is an error


def test_a_bad_pair_in_a_long_text_is_one_error() -> None:
    raw = b"\x1b$B" + b"$3$s$K$A$O" * 20 + b"~~" + b"\x1b(B"
    decoded = decode(raw)
    assert decoded is not None
    assert (decoded.encoding, decoded.n_errors, decoded.text.count("こんにちは")) == ("iso2022_jp", 1, 20)


def test_a_byte_of_eight_bits_is_an_error_not_the_end() -> None:
    raw = b"\x1b$B" + b"$3$s$K$A$O" * 20 + b"\x1b(B \xff abc"
    decoded = decode(raw)
    assert decoded is not None
    assert (decoded.encoding, decoded.n_errors, decoded.text) == ("iso2022_jp", 1, "こんにちは" * 20 + " \ufffd abc")
