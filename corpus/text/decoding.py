"""Decodes bytes to valid Unicode text. Characters that cannot be decoded are counted, never dropped in silence.

These decide the encoding of a text, in this order:

1. a byte order mark;
2. zero bytes where UTF-16 and UTF-32 have them;
3. the marks of a 7-bit encoding;
4. UTF-8, if nearly all bytes beyond ASCII are well-formed;
5. the declared charset;
6. the charset that a page states;
7. a detector.

This is the WHATWG standard's order with two exceptions. UTF-8 comes before the declared charset, because servers
declare one charset for all their pages, and bytes in another encoding are hardly ever valid UTF-8. If the declared
charset gives more than rare errors, the reading with the fewest errors is taken, and the first one of several equals.

A single-byte encoding can read any bytes, so a count of decoding errors alone would always prefer it. When readings are
compared, sequences that texts do not have count as errors, too: control characters, signs between letters ("fÃ¼r"),
capitals after small letters ("groÃŸ"), four letters with marks in a row ("ïðèâåò").
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

# A text may have this share of bad characters. With more of them, the guess at the encoding was wrong.
MAX_ERROR_SHARE = 0.01
HANDFUL = 8  # bad characters that a short text may have, too, up to HANDFUL_SHARE of its characters
HANDFUL_SHARE = 0.1
_MAX_NOISE = 2  # the same for control characters: binary data has many of them

_WELL_FORMED_PER_ERROR = 10  # well-formed characters beyond ASCII per error that prove a text to be UTF-8
_READ_WELL_PER_ERROR = 50  # characters beyond ASCII per error that keep a declared encoding
_MIN_IN_PLACE = 0.8  # if bad UTF-8 is read in another encoding: the share of characters beyond ASCII that must fit
_ENOUGH = 8  # in that case: characters beyond ASCII that a script other than Latin, or a DOS code page, must have

_SAMPLE = 4096  # bytes that are examined for UTF-16 and UTF-32
_MAX_ODD_WIDE = 0.02  # share of odd characters (see `_is_odd`) that a text read as UTF-16 or UTF-32 may have
_MIN_ODD_UTF8 = 0.1  # share of odd characters that the same bytes must have as UTF-8
_MIN_HIGH = 0.75  # share of pairs that must have a high byte below 0x20 if all bytes are ASCII

_ASCII = bytes(range(128))
_NOISE = re.compile("[\x00-\x07\x0b\x0e-\x1a\x1c-\x1f\x7f-\x9fÿ\ufffe\uffff]")
_BEYOND_ASCII = re.compile("[^\x00-\x7f]")
_LETTER = r"[^\W\d_]"
_DOUBTFUL = re.compile(
    rf"(?<={_LETTER})[¡-¬®-¶¸¹»-¿×÷€‚ƒ„…†‡ˆ‰‹›“”•˜™](?={_LETTER})|(?<=[a-z])[À-ÖØ-ÞŠŒŽŸ]|(?<=[а-џ])[Ѐ-Я]"
    "|[À-ÖØ-öø-ɏ]{4,}"
)

# Characters beyond ASCII in a usual place: a letter beside an ASCII letter, a word of one letter, a sign at the edge of
# a word, a sign that joins words.
_SIGN = "[«»“”„‘’–—…•·°©®™€£§¡¿¼½¾²³ºª\xa0]"
_IN_PLACE = re.compile(
    rf"(?=[^\x00-\x7fÿ])(?:(?<=[A-Za-z]){_LETTER}|{_LETTER}(?=[A-Za-z])|(?<![^\W_])[àáâèéêíòóöÀÁÉÓÖ](?![^\W_])"
    rf"|(?<!{_LETTER}){_SIGN}|{_SIGN}(?!{_LETTER})|[’–—·\xa0\xad])"
)
_FOREIGN_WORD = re.compile("[\u0370-\u1fff]{3,}|[\u3040-\ud7ff]{2,}")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded text and its encoding."""

    text: str
    encoding: str  # Python's name
    n_errors: int = 0  # characters that could not be decoded and became U+FFFD

    @property
    def metadata(self) -> dict[str, str]:
        """The document's metadata about its encoding; empty for clean UTF-8."""
        facts = {} if self.encoding == "utf-8" else {"encoding": self.encoding}
        return {**facts, "encoding_errors": str(self.n_errors)} if self.n_errors else facts


def decode(raw: bytes, declared: str | None = None, *, html: bool = False) -> Decoded | None:
    """Returns the text of `raw`, or None if no encoding fits.

    `declared` is the label that came with the bytes, for example in an HTTP header. With `html`, the page's own label
    is read, too. A few bad bytes become U+FFFD and are counted. A text with more of them than both HANDFUL and
    MAX_ERROR_SHARE allow is refused.
    """
    # A byte order mark decides, unless the text cannot be read that way.
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
    """Returns `raw` decoded in one encoding, or None if it has more errors or control characters than a text has."""
    try:
        text, n_errors = encoding.decode(raw, int(_allowed(len(raw), HANDFUL)))
    except TooManyErrorsError:
        return None

    # Clean UTF-8 is accepted with any control characters: later steps decide whether the text is useful.
    is_clean = encoding == UTF_8 and not n_errors
    if not is_clean and (n_errors > _allowed(len(text), HANDFUL) or _n_noise(text) > _allowed(len(text), _MAX_NOISE)):
        return None
    return Decoded(text, encoding.name, n_errors)


def _wide(raw: bytes, named: list[Encoding]) -> Decoded | None:
    """Returns `raw` as UTF-16 or UTF-32 without a byte order mark, or None.

    A sample of the bytes must be text in this encoding and must not be text in UTF-8.
    """
    # Only bytes with a zero, or with a declaration, are candidates; bytes that are text in UTF-8 are not.
    names = [encoding.name for encoding in named if encoding.name in encodings.WIDE]
    sample = raw[:_SAMPLE]
    if not (names or b"\0" in sample):
        return None

    as_utf8 = codecs.getincrementaldecoder("utf-8")("replace").decode(sample)
    if REPLACEMENT not in as_utf8 and not as_utf8.isascii():
        return None
    if sum(map(_is_odd, as_utf8)) + sample.count(b"\t") < _MIN_ODD_UTF8 * len(as_utf8):
        return None

    # In the wrong byte order, letters of one script become signs of many scripts: the fewest scripts win. Among equals,
    # the reading with the most ASCII wins, which is blanks, line ends and markup.
    readings = []
    for name in dict.fromkeys((*names, *encodings.WIDE)):
        try:
            text = codecs.getincrementaldecoder(name)().decode(sample)
        except UnicodeDecodeError:
            continue

        if text and sum(map(_is_odd, text)) <= _MAX_ODD_WIDE * len(text) and _high_bytes_fit(sample, name):
            n_ascii = sum(character < "\x80" for character in text)
            if not n_ascii and name not in names and len(text) >= 16 and len(set(text)) <= 4:
                continue  # a pattern of a binary file
            readings.append((-len(set(map(_block, text))), n_ascii, name))

    if not readings:
        return None
    return _read(raw, Encoding(max(readings, key=lambda reading: reading[:2])[-1]))


def _high_bytes_fit(sample: bytes, name: str) -> bool:
    """Whether a sample can be UTF-16 even if all its bytes are ASCII.

    Such a sample must be mostly Latin, Greek, Cyrillic ..., which are below U+2000. Other samples pass.
    """
    if not sample.isascii() or not name.startswith("utf-16"):
        return True
    high = sample[1::2] if name == "utf-16-le" else sample[::2]
    return sum(byte < 0x20 for byte in high) >= _MIN_HIGH * len(high)


def _is_odd(character: str) -> bool:
    """Whether the character is rare in texts but usual in bytes that are read in a wrong encoding."""
    if character in "\t\n\r\f\x1b":
        return False
    rare = "\u3400" <= character <= "\u4dbf" or character == REPLACEMENT
    return rare or unicodedata.category(character) in ("Cc", "Cn", "Co", "Cs")


def _block(character: str) -> int:
    """Returns a number that roughly identifies the character's script."""
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
    """Returns `raw` as UTF-8 if it is UTF-8 beyond doubt, otherwise None."""
    decoded = _read(raw, UTF_8)
    if decoded is None or not decoded.n_errors:
        return decoded
    n_ascii = len(raw) - len(raw.translate(None, _ASCII))
    n_well_formed = len(decoded.text) - n_ascii - decoded.n_errors
    return decoded if n_well_formed >= _WELL_FORMED_PER_ERROR * decoded.n_errors else None


def _best(raw: bytes, named: list[Encoding]) -> Decoded | None:
    """Returns the reading with the fewest errors, or None.

    A declared encoding that reads everything as text is compared with UTF-8 only.
    """
    candidates = [encoding for encoding in named if encoding.name not in (*encodings.WIDE, *seven_bit.NAMES)]
    legacy = [encoding for encoding in candidates if encoding != UTF_8]
    chosen = _first_good(raw, legacy) or _fewest(_read(raw, encoding) for encoding in (*legacy, _detected(raw)))

    utf8 = _read(raw, UTF_8)
    if utf8 is None or chosen is None:
        return chosen or utf8

    # A handful of bytes is not UTF-8. An encoding that was not declared must make sense of them. Otherwise the text is
    # UTF-8 with some bad bytes.
    if Encoding(chosen.encoding) not in legacy:
        others = (chosen, _read(raw, WINDOWS_1252))
        return next((other for other in others if other and _is_in_place(other)), utf8)

    # The lower cost wins. Among equals, UTF-8 wins only if it is declared first.
    utf8_is_first = candidates[0] == UTF_8
    return utf8 if (_cost(utf8), not utf8_is_first) < (_cost(chosen), utf8_is_first) else chosen


def _is_in_place(reading: Decoded) -> bool:
    """Whether most characters beyond ASCII are where such letters and signs usually are."""
    n_beyond = sum(1 for _ in _BEYOND_ASCII.finditer(reading.text))
    n_foreign = sum(len(word) for word in _FOREIGN_WORD.findall(reading.text))
    if n_beyond < _ENOUGH and reading.encoding in encodings.DOS:
        return False

    n_in_place = sum(1 for _ in _IN_PLACE.finditer(reading.text)) + n_foreign * (n_foreign >= _ENOUGH)
    return n_in_place - _n_doubtful(reading.text) >= _MIN_IN_PLACE * n_beyond


def _first_good(raw: bytes, candidates: list[Encoding]) -> Decoded | None:
    """Returns the first reading without errors, or with so few that they are rare beside the characters read well.

    Returns None if no declared encoding gives such a reading.
    """
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
    """Returns the detector's encoding, or windows-1252, the web's last resort, if it finds none that can be read."""
    from resiliparse.parse.encoding import detect_encoding

    encoding = encodings.lookup(detect_encoding(raw, html5_compatible=False))
    return WINDOWS_1252 if encoding is None or encoding.name in (*encodings.WIDE, *seven_bit.NAMES) else encoding
