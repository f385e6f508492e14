import random
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from corpus.text.decoding import Decoded, decode

RUSSIAN = "Съешь же ещё этих мягких французских булок, да выпей чаю. "
JAPANESE = "いろはにほへと ちりぬるを わかよたれそ つねならむ。日本語の文章です。"
CHINESE = "这是一段足够长的中文文本,用来检测编码是否正确。"
GERMAN = "Grüße aus Köln: schöne Häuser, süße Äpfel. "


def read(raw: bytes, declared: str | None = None, html: bool = False) -> Decoded:
    decoded = decode(raw, declared, html=html)
    assert decoded is not None
    return decoded


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "koi8-r", "shift_jis", "gb18030"]
)
def test_text_comes_back_whatever_its_encoding(encoding: str) -> None:
    text = {"koi8-r": RUSSIAN * 5, "shift_jis": JAPANESE * 5, "gb18030": CHINESE * 8}.get(encoding, GERMAN * 5)
    decoded = read(text.encode(encoding))
    assert decoded.text == text
    assert decoded.n_errors == 0


def test_a_declared_encoding_is_tried_before_guessing() -> None:
    decoded = read("naïve café".encode("latin-1"), "ISO-8859-1")
    assert (decoded.text, decoded.encoding) == ("naïve café", "cp1252")


def test_a_declared_encoding_that_does_not_exist_is_passed_over() -> None:
    assert read("ü".encode() * 10, "no-such-encoding").text == "ü" * 10
    assert read(b"abc", "base64").text == "abc"


def test_utf8_says_nothing_of_its_encoding() -> None:
    assert read("häuser".encode()).metadata == {}


# --- The labels: the declared charset counts, and means what it means on the web.


@pytest.mark.parametrize(
    ("label", "text", "raw"),
    [
        ("gb2312", "镕€", "e946 80"),
        ("shift_jis", "①髙", "8740 fbfc"),
        ("euc-kr", "똠방각하", "8c63 b9e6 b0a2 c7cf"),
        ("iso-8859-9", "ğışİ", "f0fdfedd"),
        ("tis-620", "ก…", "a185"),
        ("big5", "喺", "9df6"),
        ("us-ascii", "“naïve”", "93 6e 61 ef 76 65 94"),
    ],
)
def test_a_label_means_what_it_means_on_the_web(label: str, text: str, raw: str) -> None:
    page = b"<p>" + bytes.fromhex(raw) + b"</p>"
    assert read(page, label).text == f"<p>{text}</p>"
    assert read(b"<meta charset=" + label.encode() + b">" + page, html=True).text.endswith(f"<p>{text}</p>")


def test_the_header_counts_before_the_page() -> None:
    page = b"<meta charset=windows-1251><p>" + "это".encode("koi8-r")
    assert read(page, "koi8-r", html=True).encoding == "koi8-r"
    assert read(page, None, html=True).encoding == "cp1251"
    assert read(page, "nonsense", html=True).encoding == "cp1251"


# --- UTF-16 and UTF-32 without a mark

WIDE_SAMPLES = [
    "Hello world, plain text.\n", "é", "a", GERMAN, RUSSIAN, JAPANESE, CHINESE, "<html><body><p>日本語</p>", "一二三,一。",
    "いろはにほへと　ちりぬるを", "مرحبا بالعالم هذا نص", "שלום עולם זה טקסט", "한국어 텍스트입니다 그리고", "สวัสดี ชาวโลก",
    "नमस्ते दुनिया यह पाठ है", "Γειά σου Κόσμε", "🙂 emoji 🙂\n",
]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", WIDE_SAMPLES)
def test_zero_bytes_tell_utf16_and_utf32(text: str, encoding: str) -> None:
    for declared in (None, "utf-8", "windows-1252"):
        assert read(text.encode(encoding), declared) == Decoded(text, encoding)


@pytest.mark.parametrize(
    "raw", [b"a\0b" * 10, b"abc\0", b"name\0", b"./one.txt\0./two.txt\0", b"abcdef\0\0", b"\0", b"\0\0\0\0"]
)
def test_zero_bytes_in_ascii_are_no_utf16(raw: bytes) -> None:
    assert read(raw) == Decoded(raw.decode(), "utf-8")


def test_utf16_that_is_declared_needs_no_zero_bytes() -> None:
    text = "日本語文章"
    assert read(text.encode("utf-16-be"), "utf-16be").text == text
    assert read(text.encode("utf-16-le"), "utf-16").text == text
    assert read(GERMAN.encode("latin-1"), "utf-16").text == GERMAN  # declared, and not true


# --- Bad bytes


@pytest.mark.parametrize("bad", [b"\xff\xfe\xfd", b"\xff\xff\xff", b"\x80\x81\x82", b"\xc0\xaf\xf8"])
@pytest.mark.parametrize("declared", ["utf-8", None])
@pytest.mark.parametrize("stated", [b"", b"<meta charset=utf-8>"])
def test_a_page_of_200_bytes_may_have_three_bad_ones(bad: bytes, declared: str | None, stated: bytes) -> None:
    words = (stated + b"<p>plain page with words </p>" * 8)[:197]
    for page in (words + bad, words[:60] + bad[:1] + words[60:120] + bad[1:2] + words[120:] + bad[2:]):
        decoded = read(page, declared, html=True)
        assert (decoded.encoding, decoded.n_errors) == ("utf-8", 3)
        assert decoded.metadata == {"encoding_errors": "3"}


def test_a_few_bad_bytes_are_counted_not_hidden() -> None:
    assert read(b"plain text " * 100 + b"\xff", "utf-8").metadata == {"encoding_errors": "1"}
    assert read((GERMAN * 20).encode() + b"\xff \xe9", "iso-8859-1").n_errors == 2
    assert read((CHINESE * 20).encode("gbk") + b"\xff", "gbk").metadata == {
        "encoding": "gb18030",
        "encoding_errors": "1",
    }


def test_what_is_declared_survives_a_bad_byte_and_not_many() -> None:
    hebrew = "דג סקרן שט בים מאוכזב ולפתע מצא חברה. " * 6
    bad = b"\xff" + hebrew.encode("cp1255")  # windows-1251 reads it without an error
    assert read(bad, "windows-1255") == Decoded("\ufffd" + hebrew, "cp1255", 1)

    # Declared Greek, in truth Russian: two letters are errors.
    assert read((RUSSIAN * 4).encode("cp1251"), "windows-1253").text == RUSSIAN * 4


def test_an_authors_own_replacement_character_is_no_error() -> None:
    assert read("what \ufffd is".encode()).metadata == {}
    assert read("what \ufffd is, ü ".encode() * 20 + b"\xff").n_errors == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01",
        b"\x1f\x8b\x08\0\0\0\0\0\0\x03",
        b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01",
        b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\xff\x80\xfe",
        zlib.compress(random.Random(0).randbytes(5000)),
        random.Random(1).randbytes(300),
    ],
)
@pytest.mark.parametrize("declared", [None, "utf-8", "iso-8859-1", "gbk", "koi8-r", "utf-16"])
def test_what_is_no_text_is_refused(raw: bytes, declared: str | None) -> None:
    assert decode(raw, declared, html=True) is None


# --- What users of requests, chardet, trafilatura and resiliparse report


@pytest.mark.parametrize(
    ("what", "raw", "declared", "text", "encoding"),
    [
        ("header Latin-1, page UTF-8", GERMAN.encode(), "ISO-8859-1", GERMAN, "utf-8"),
        ("header UTF-8, page Latin-1", GERMAN.encode("latin-1"), "utf-8", GERMAN, "cp1252"),
        ("header Latin-1, page UTF-8 cut inside a letter", (GERMAN * 9 + "ü").encode()[:-1], "ISO-8859-1", GERMAN * 9 + "\ufffd", "utf-8"),
        ("smart quotes in 'Latin-1'", "“l’été”—5 €".encode("cp1252"), "iso-8859-1", "“l’été”—5 €", "cp1252"),
        ("smart quotes in 'UTF-8'", ("It’s “plain” text. " * 3).encode("cp1252"), "utf-8", "It’s “plain” text. " * 3, None),
        ("UTF-8 mark before Latin-1", b"\xef\xbb\xbf" + (GERMAN * 5).encode("latin-1"), None, GERMAN * 5, "cp1252"),
        ("'gb2312' with a traditional name", "朱镕基說".encode("gbk"), "gb2312", "朱镕基說", "gb18030"),
        ("'ks_c_5601-1987' with a modern syllable", "똠방각하".encode("cp949"), "ks_c_5601-1987", "똠방각하", "cp949"),
        ("Shift_JIS with NEC's signs", "①㈱髙島屋".encode("cp932"), "x-sjis", "①㈱髙島屋", "cp932"),
        ("EUC-JP with NEC's signs", b"\xad\xa1 " + "日本".encode("euc_jp"), "euc-jp", "① 日本", "euc_jp"),
        ("header ASCII, page UTF-8", RUSSIAN.encode(), "us-ascii", RUSSIAN, "utf-8"),
        ("Big5 with Cantonese", "佢哋喺度".encode("big5hkscs"), "big5", "佢哋喺度", "big5hkscs"),
        ("a single letter, no header", b"caf\xe9", None, "café", None),
        ("windows-1251, no header", (RUSSIAN * 3).encode("cp1251"), None, RUSSIAN * 3, "cp1251"),
        ("emoji in UTF-8, header wrong", "🙂 ok".encode(), "windows-1251", "🙂 ok", "utf-8"),
        ("UTF-16 named in the page's own ASCII", "<meta charset=utf-16>ü".encode(), None, "<meta charset=utf-16>ü", "utf-8"),
    ],
)  # fmt: skip
def test_reports_of_users(what: str, raw: bytes, declared: str | None, text: str, encoding: str | None) -> None:
    decoded = read(raw, declared, html=True)
    assert decoded.text == text
    assert encoding in (None, decoded.encoding)


# --- Nothing escapes


LABELS = st.sampled_from(
    "utf-8 gbk big5 shift_jis euc-jp euc-kr iso-2022-jp iso-2022-kr iso-2022-cn hz-gb-2312 utf-7 utf-16 utf-32be cp437 "
    "windows-1252 windows-1255 x-user-defined replacement johab koi8-u idna base64 x-mac-ce".split()
)
PIECES = st.sampled_from(
    [b"\x1b$B", b"\x1b(I", b"\x1b$)C", b"\x0e", b"\x0f", b"~{", b"~}", b"+2AA-", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80",
     b"\x84\x31\xa4\x37", b"\xd8\x00", b"\x00\xd8", b"<meta charset=", b"utf-7>", "日本語".encode(), "日本語".encode("euc_jp"), b"plain words "]
)  # fmt: skip
RAW = st.binary(max_size=300) | st.lists(PIECES | st.binary(max_size=4), max_size=40).map(b"".join)


@given(RAW, st.none() | LABELS | st.text(max_size=20), st.booleans())
@example(b"+2AA-", "utf-7", False)
@example(b"\x00\xd8\x00\x00", "utf-16-be", False)
@example(b"", "\ud800", True)
def test_no_bytes_and_no_label_break_it(raw: bytes, declared: str | None, html: bool) -> None:
    decoded = decode(raw, declared, html=html)
    assert decoded == decode(raw, declared, html=html)
    if decoded is not None:
        assert decoded.text.encode().decode() == decoded.text
        assert 0 <= decoded.n_errors <= decoded.text.count("\ufffd")
        assert all(isinstance(value, str) for value in decoded.metadata.values())


@given(st.text(), st.none() | LABELS)
def test_utf8_with_letters_is_utf8_whatever_is_declared(text: str, declared: str | None) -> None:
    text = "naïve café: " + text
    assert read(text.encode(), declared).text == text


@pytest.mark.parametrize("pattern", [b"\x00\x01", b"\x01\x00", b"\x00\x00\x01\x00", b"\x00\x04\x01\x04"])
def test_zero_bytes_of_binary_files_are_no_utf16(pattern: bytes) -> None:
    decoded = decode(pattern * 100)
    assert decoded is None or decoded.encoding == "utf-8"  # and whoever reads text refuses one with zero bytes
