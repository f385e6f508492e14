"""Finds the decoder for an encoding's name, as the web reads names. Source: WHATWG Encoding Standard, section 4.

The labels come from the package webencodings. Its table is made from the standard's table and is equal to it; a test
checks this against a copy typed by hand. The alternative was resiliparse's `map_encoding_to_html5`. It reads `euc-kr`
without the extension of cp949 and `windows-874` as ISO-8859-11, and does not know `x-mac-cyrillic`, `x-user-defined`
and `iso-2022-kr`.

Python's codecs decode. If a codec differs from the standard, this module corrects it: bytes below 0xA0 that a Windows
code page leaves undefined are C1 controls, and `koi8-u` has two more letters. For multi-byte encodings see
corpus.text.multibyte, for 7-bit encodings corpus.text.seven_bit. A few labels that browsers do not know but files have
(DOS code pages, UTF-32, UTF-7) are read, too. The standard's label `replacement` does not name an encoding here.
"""

import codecs
import re
from dataclasses import dataclass
from functools import cache

import webencodings

from corpus.text import multibyte, seven_bit
from corpus.text.multibyte import REPLACEMENT, TooManyErrorsError

# From the standard's name to Python's, if codecs.lookup does not find the right one.
_PYTHON = {
    "big5": "big5hkscs",
    "euc-jp": "euc_jp",
    "euc-kr": "cp949",
    "gbk": "gb18030",
    "iso-2022-jp": "iso2022_jp",
    "iso-8859-8-i": "iso8859-8",
    "macintosh": "mac-roman",
    "shift_jis": "cp932",
    "windows-874": "cp874",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-user-defined": "x-user-defined",
}

# Labels that the standard does not have, or whose texts it refuses.
_MORE = {
    "csiso2022kr": "iso2022_kr",
    "iso-2022-kr": "iso2022_kr",
    "iso-2022-cn": "iso2022_cn",
    "iso-2022-cn-ext": "iso2022_cn",
    "hz-gb-2312": "hz",
    "hz": "hz",
    "utf-7": "utf-7",
    "unicode-1-1-utf-7": "utf-7",
    "csunicode11utf7": "utf-7",
    "utf-8-sig": "utf-8",
    "utf8mb4": "utf-8",
    "utf-32": "utf-32-le",
    "utf-32le": "utf-32-le",
    "utf-32-le": "utf-32-le",
    "utf-32be": "utf-32-be",
    "utf-32-be": "utf-32-be",
    "ucs-4": "utf-32-le",
    "utf-16-le": "utf-16-le",
    "utf-16-be": "utf-16-be",
    "iso-2022-jp-1": "iso2022_jp",
    "iso-2022-jp-2": "iso2022_jp",
    "iso-2022-jp-ext": "iso2022_jp",
    "cp932": "cp932",
    "cp936": "gb18030",
    "cp949": "cp949",
    "uhc": "cp949",
    "cp950": "big5hkscs",
    "big5hkscs": "big5hkscs",
    "johab": "johab",
    "cp1361": "johab",
    "cp874": "cp874",
    "mac-cyrillic": "mac-cyrillic",
    "mac-roman": "mac-roman",
    "mac-latin2": "mac-latin2",
    "x-mac-ce": "mac-latin2",
    "x-mac-greek": "mac-greek",
    "x-mac-turkish": "mac-turkish",
    "koi8-t": "koi8-t",
    "kz-1048": "kz1048",
    "ptcp154": "ptcp154",
}
_DOS_NUMBERS = "437 720 737 775 850 852 855 857 858 860 861 862 863 864 865 869".split()
for _number in _DOS_NUMBERS:
    _MORE |= dict.fromkeys((f"cp{_number}", f"ibm{_number}", _number), f"cp{_number}")

DOS = ("cp866", *(f"cp{number}" for number in _DOS_NUMBERS))
WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_UNDEFINED = "\ufffe"  # marks a byte as an error in a table of codecs.charmap_decode


@dataclass(frozen=True, slots=True)
class Encoding:
    """An encoding and how to read it."""

    name: str  # Python's name, if Python has one

    @property
    def is_single_byte(self) -> bool:
        """Whether each byte is one character. Such an encoding reads nearly any bytes as text."""
        return self.name not in ("utf-8", "johab", *WIDE, *multibyte.CODECS, *seven_bit.NAMES)

    def decode(self, raw: bytes, limit: int) -> tuple[str, int]:
        """Returns (text, number of U+FFFD in place of bad bytes).

        Raises TooManyErrorsError if there are more than `limit`.
        """
        if self.name in multibyte.CODECS:
            return multibyte.decode(raw, self.name, limit)
        if self.name in seven_bit.NAMES:
            return seven_bit.decode(raw, self.name, limit)

        text, n_errors = _single_byte(raw, self.name) if self.is_single_byte else _by_python(raw, self.name)
        if n_errors > limit:
            raise TooManyErrorsError
        return text, n_errors


UTF_8 = Encoding("utf-8")
WINDOWS_1252 = Encoding("cp1252")


def lookup(label: str | None) -> Encoding | None:
    """Returns the encoding that a label names, or None. Quotes, and all text after a `;` or `,`, are ignored."""
    if not label:
        return None
    label = re.split("[;,]", label, maxsplit=1)[0].strip("\t\n\f\r \"'")
    if not label.isascii():
        return None
    return _of_label(label.lower()) or _of_label(label.lower().replace("_", "-").replace(" ", "-"))


def _of_label(label: str) -> Encoding | None:
    if label in _MORE:
        return Encoding(_MORE[label])
    known = webencodings.lookup(label)
    if known is None or known.name == "replacement":
        return None
    return Encoding(_PYTHON.get(known.name) or codecs.lookup(known.name).name)


def _by_python(raw: bytes, codec: str) -> tuple[str, int]:
    try:
        return raw.decode(codec), 0
    except UnicodeDecodeError:
        text = raw.decode(codec, "replace")
    # A well-formed U+FFFD was already in the author's text.
    own = raw.count(REPLACEMENT.encode()) if codec == "utf-8" else 0
    return text, text.count(REPLACEMENT) - own


def _single_byte(raw: bytes, codec: str) -> tuple[str, int]:
    text, _ = codecs.charmap_decode(raw, "replace", _table(codec))
    return text, text.count(REPLACEMENT)


@cache
def _table(codec: str) -> str:
    """Returns the 256 characters of a single-byte encoding."""
    if codec == "x-user-defined":
        return "".join(chr(byte if byte < 0x80 else 0xF700 + byte) for byte in range(256))

    characters = [bytes([byte]).decode(codec, "replace") for byte in range(256)]
    for byte, character in enumerate(characters):
        if character == REPLACEMENT:
            characters[byte] = chr(byte) if byte < 0xA0 else _UNDEFINED
    if codec == "koi8-u":
        characters[0xAE], characters[0xBE] = "ўЎ"
    if codec == "cp1255":
        characters[0xCA] = "\u05ba"
    return "".join(characters)
