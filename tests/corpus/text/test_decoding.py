import pytest

from corpus.text.decoding import decode


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252", "koi8-r", "shift_jis", "gb18030"]
)
def test_text_comes_back_whatever_its_encoding(encoding: str) -> None:
    text = {
        "koi8-r": "Съешь же ещё этих мягких французских булок, да выпей чаю. " * 5,
        "shift_jis": "いろはにほへと ちりぬるを わかよたれそ つねならむ。日本語の文章です。" * 5,
        "gb18030": "这是一段足够长的中文文本,用来检测编码是否正确。" * 8,
    }.get(encoding, "Grüße aus Köln: schöne Häuser, süße Äpfel. " * 5)
    decoded = decode(text.encode(encoding))
    assert decoded is not None
    assert decoded.text == text
    assert decoded.n_errors == 0


def test_a_declared_encoding_is_tried_before_guessing() -> None:
    decoded = decode("naïve café".encode("latin-1"), "ISO-8859-1")
    assert decoded is not None
    assert (decoded.text, decoded.encoding) == ("naïve café", "cp1252")


def test_a_few_bad_bytes_are_counted_not_hidden() -> None:
    decoded = decode(b"plain text " * 100 + b"\xff", "utf-8")
    assert decoded is not None
    assert decoded.metadata["encoding_errors"] == "1" or decoded.encoding != "utf-8"


def test_a_declared_encoding_that_does_not_exist_is_passed_over() -> None:
    assert decode("ü".encode() * 10, "no-such-encoding") is not None
    assert decode(b"abc", "base64") is not None


def test_utf8_says_nothing_of_its_encoding() -> None:
    decoded = decode("häuser".encode())
    assert decoded is not None
    assert decoded.metadata == {}
