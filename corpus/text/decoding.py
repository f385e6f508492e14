"""Bytes to valid Unicode text, never lossy in silence.

What a text is in is said by, in this order: a byte order mark; zero bytes where UTF-16 and UTF-32 have them; the marks
of a 7-bit encoding; UTF-8, where nearly all that is not ASCII is well-formed; the declared charset; the charset that a
page states; a detector. The order is the standard's but for two things: UTF-8 is believed before what is declared,
since servers declare for all their pages and other bytes are hardly ever valid UTF-8; and where what is declared has
more than rare errors, the reading with the fewest errors counts, the first of equals.

A single-byte encoding reads everything, so errors alone would always prefer it. What no text has counts as an error
when readings are compared: control characters, signs between letters ("fÃ¼r"), capitals after small ones ("groÃŸ"),
four letters with marks in a row ("ïðèâåò").
"""

import codecs
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from corpus.text import encodings, seven_bit
from corpus.text.encodings import UTF_8, WINDOWS_1252, Encoding
from corpus.text.multibyte import REPLACEMENT, TooManyErrorsError
from corpus.text.stated_charset import stated_charset

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

# A text may have this many bad characters; with more of them the guess at the encoding was wrong.
MAX_ERROR_SHARE = 0.01
HANDFUL = 8  # allowed in a short text too, up to the next share
HANDFUL_SHARE = 0.1
_MAX_NOISE = 2  # control characters in a short text, up to the same share: bytes that are no text have many

_WELL_FORMED_PER_ERROR = 10  # characters beyond ASCII that prove a text to be UTF-8 in spite of one error
_READ_WELL_PER_ERROR = 50  # characters beyond ASCII that keep a declared encoding in spite of one error
_MIN_IN_PLACE = 0.8  # share of the characters beyond ASCII that must make sense where bad UTF-8 is read otherwise
_ENOUGH = 8  # characters that a script other than Latin, or a DOS code page, must have to be believed there

_SAMPLE = 4096  # bytes in which UTF-16 and UTF-32 are looked for
_MAX_ODD_WIDE = 0.02  # share of characters that UTF-16 may have and text has not
_MIN_ODD_UTF8 = 0.1  # and the least share in what the same bytes are as UTF-8
_MIN_HIGH = 0.75  # share of pairs with a high byte below 0x20, where all bytes are ASCII

_ASCII = bytes(range(128))
_NOISE = re.compile("[\x00-\x07\x0b\x0e-\x1a\x1c-\x1f\x7f-\x9fÿ\ufffe\uffff]")
_BEYOND_ASCII = re.compile("[^\x00-\x7f]")
_LETTER = r"[^\W\d_]"
_DOUBTFUL = re.compile(
    rf"(?<={_LETTER})[¡-¬®-¶¸¹»-¿×÷€‚ƒ„…†‡ˆ‰‹›“”•˜™](?={_LETTER})|(?<=[a-z])[À-ÖØ-ÞŠŒŽŸ]|(?<=[а-џ])[Ѐ-Я]"
    "|[À-ÖØ-öø-ɏ]{4,}"
)

# Beyond ASCII: a letter beside one of ASCII, a word of one letter, a sign at a word's edge, a sign that joins words.
_SIGN = "[«»“”„‘’–—…•·°©®™€£§¡¿¼½¾²³ºª\xa0]"
_IN_PLACE = re.compile(
    rf"(?=[^\x00-\x7fÿ])(?:(?<=[A-Za-z]){_LETTER}|{_LETTER}(?=[A-Za-z])|(?<![^\W_])[àáâèéêíòóöÀÁÉÓÖ](?![^\W_])"
    rf"|(?<!{_LETTER}){_SIGN}|{_SIGN}(?!{_LETTER})|[’–—·\xa0\xad])"
)
_FOREIGN_WORD = re.compile("[\u0370-\u1fff]{3,}|[\u3040-\ud7ff]{2,}")


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, the encoding it was in (Python's name), and how many characters were not decoded: they became U+FFFD."""

    text: str
    encoding: str
    n_errors: int = 0

    @property
    def metadata(self) -> dict[str, str]:
        """What a document says of its encoding: nothing where it is clean UTF-8."""
        facts = {} if self.encoding == "utf-8" else {"encoding": self.encoding}
        return {**facts, "encoding_errors": str(self.n_errors)} if self.n_errors else facts


def decode(raw: bytes, declared: str | None = None, *, html: bool = False) -> Decoded | None:
    """Text of `raw`, or None where no encoding fits.

    `declared` is the label that came with the bytes, from an HTTP header say; with `html` the page's own is read too. A
    few bad bytes become U+FFFD and are counted; more of them than a handful and a hundredth refuse the text.
    """
    for mark, name in _MARKS:
        if raw.startswith(mark):
            raw = raw[len(mark) :]
            marked = _read(raw, Encoding(name))
            if marked:
                return marked
            break

    labels = [declared, stated_charset(raw) if html else None]
    named = [encoding for label in labels if (encoding := encodings.lookup(label))]
    return _wide(raw, named) or _seven_bit(raw, named) or _utf8(raw) or _best(raw, named)


def _allowed(n_characters: int, handful: int) -> float:
    return max(MAX_ERROR_SHARE * n_characters, min(handful, HANDFUL_SHARE * n_characters))


def _read(raw: bytes, encoding: Encoding) -> Decoded | None:
    """`raw` in one encoding, None where that leaves more errors and control characters than a text has."""
    try:
        text, n_errors = encoding.decode(raw, int(_allowed(len(raw), HANDFUL)))
    except TooManyErrorsError:
        return None

    # Clean UTF-8 is that, whatever controls are in it; whether such a text is of use is for others to say.
    is_clean = encoding == UTF_8 and not n_errors
    if not is_clean and (n_errors > _allowed(len(text), HANDFUL) or _n_noise(text) > _allowed(len(text), _MAX_NOISE)):
        return None
    return Decoded(text, encoding.name, n_errors)


def _wide(raw: bytes, named: list[Encoding]) -> Decoded | None:
    """`raw` as UTF-16 or UTF-32 without a mark: a sample is text in it, and is not in UTF-8."""
    names = [encoding.name for encoding in named if encoding.name in encodings.WIDE]
    sample = raw[:_SAMPLE]
    if not (names or b"\0" in sample):
        return None
    as_utf8 = codecs.getincrementaldecoder("utf-8")("replace").decode(sample)
    if REPLACEMENT not in as_utf8 and not as_utf8.isascii():
        return None
    if sum(map(_is_odd, as_utf8)) + sample.count(b"\t") < _MIN_ODD_UTF8 * len(as_utf8):
        return None

    # Bytes exchanged, letters of one script become signs of many. Then the most ASCII: blanks, line ends, markup.
    readings = []
    for name in dict.fromkeys((*names, *encodings.WIDE)):
        try:
            text = codecs.getincrementaldecoder(name)().decode(sample)
        except UnicodeDecodeError:
            continue
        if text and sum(map(_is_odd, text)) <= _MAX_ODD_WIDE * len(text) and _high_bytes_fit(sample, name):
            n_ascii = sum(character < "\x80" for character in text)
            if not n_ascii and name not in names:  # undeclared, a zero byte is to belong to a blank, a mark, a letter
                continue
            readings.append((-len(set(map(_block, text))), n_ascii, name))
    if not readings:
        return None
    return _read(raw, Encoding(max(readings, key=lambda reading: reading[:2])[-1]))


def _high_bytes_fit(sample: bytes, name: str) -> bool:
    """Whether a sample of ASCII's bytes can be UTF-16: then it is Latin, Greek, Cyrillic ..., below U+2000."""
    if not sample.isascii() or not name.startswith("utf-16"):
        return True
    high = sample[1::2] if name == "utf-16-le" else sample[::2]
    return sum(byte < 0x20 for byte in high) >= _MIN_HIGH * len(high)


def _is_odd(character: str) -> bool:
    """Whether hardly any text has this character, but bytes that are read in a wrong encoding have."""
    if character in "\t\n\r\f\x1b":
        return False
    rare = "\u3400" <= character <= "\u4dbf" or character == REPLACEMENT
    return rare or unicodedata.category(character) in ("Cc", "Cn", "Co", "Cs")


def _block(character: str) -> int:
    """A number for the character's script, roughly."""
    point = ord(character)
    if point < 0x250 or 0x2000 <= point < 0x2C00 or point >= 0x10000:
        return 0
    return 0x30 if 0x3000 <= point < 0xA000 or point >= 0xF900 else point >> 8 if point < 0xAC00 else 0xAC


def _seven_bit(raw: bytes, named: list[Encoding]) -> Decoded | None:
    names = [encoding.name for encoding in named if encoding.name in seven_bit.NAMES]
    for name in names or (None,):
        recognized = seven_bit.recognize(raw, name, int(_allowed(len(raw), HANDFUL)))
        if recognized:
            return Decoded(*recognized)
    return None


def _utf8(raw: bytes) -> Decoded | None:
    """`raw` as UTF-8 where it is that beyond doubt."""
    decoded = _read(raw, UTF_8)
    if decoded is None or not decoded.n_errors:
        return decoded
    n_ascii = len(raw) - len(raw.translate(None, _ASCII))
    n_well_formed = len(decoded.text) - n_ascii - decoded.n_errors
    return decoded if n_well_formed >= _WELL_FORMED_PER_ERROR * decoded.n_errors else None


def _best(raw: bytes, named: list[Encoding]) -> Decoded | None:
    """The reading with the fewest errors; a declared one that reads all as text is only compared with UTF-8."""
    candidates = [encoding for encoding in named if encoding.name not in (*encodings.WIDE, *seven_bit.NAMES)]
    legacy = [encoding for encoding in candidates if encoding != UTF_8]
    chosen = _first_good(raw, legacy) or _fewest(_read(raw, encoding) for encoding in (*legacy, _detected(raw)))
    utf8 = _read(raw, UTF_8)
    if utf8 is None or chosen is None:
        return chosen or utf8

    # A handful of bytes is not UTF-8. What nobody declared must make sense of them, or they are just bad.
    if Encoding(chosen.encoding) not in legacy:
        others = (chosen, _read(raw, WINDOWS_1252))
        return next((other for other in others if other and _is_in_place(other)), utf8)
    utf8_is_first = candidates[0] == UTF_8
    return utf8 if (_cost(utf8), not utf8_is_first) < (_cost(chosen), utf8_is_first) else chosen


def _is_in_place(reading: Decoded) -> bool:
    """Whether what is not ASCII in a text stands where letters and signs stand."""
    n_beyond = sum(1 for _ in _BEYOND_ASCII.finditer(reading.text))
    n_foreign = sum(len(word) for word in _FOREIGN_WORD.findall(reading.text))
    if n_beyond < _ENOUGH and reading.encoding in encodings.DOS:
        return False
    n_in_place = sum(1 for _ in _IN_PLACE.finditer(reading.text)) + n_foreign * (n_foreign >= _ENOUGH)
    return n_in_place - _n_doubtful(reading.text) >= _MIN_IN_PLACE * n_beyond


def _first_good(raw: bytes, candidates: list[Encoding]) -> Decoded | None:
    """The first declared encoding that reads all as text, but for errors that are rare beside what it reads well."""
    for encoding in candidates:
        reading = _read(raw, encoding)
        if reading is None:
            continue
        n_bad = reading.n_errors + _n_noise(reading.text)
        if not n_bad or n_bad * _READ_WELL_PER_ERROR <= sum(1 for _ in _BEYOND_ASCII.finditer(reading.text)):
            return reading
    return None


def _fewest(readings: Iterable[Decoded | None]) -> Decoded | None:
    return min(filter(None, readings), key=_cost, default=None)


def _cost(reading: Decoded) -> int:
    return reading.n_errors + _n_noise(reading.text) + _n_doubtful(reading.text)


def _n_noise(text: str) -> int:
    return sum(1 for _ in _NOISE.finditer(text))


def _n_doubtful(text: str) -> int:
    return sum(1 for _ in _DOUBTFUL.finditer(text))


def _detected(raw: bytes) -> Encoding:
    """What the detector says, windows-1252 where it says nothing that can be read: the web's own last resort."""
    from resiliparse.parse.encoding import detect_encoding

    encoding = encodings.lookup(detect_encoding(raw, html5_compatible=False))
    return WINDOWS_1252 if encoding is None or encoding.name in (*encodings.WIDE, *seven_bit.NAMES) else encoding
