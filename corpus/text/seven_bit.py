"""Decodes encodings that write other scripts in ASCII's bytes: ISO-2022-JP, -KR and -CN, HZ, and UTF-7.

Such texts are valid ASCII, so a decoder that tries UTF-8 first gets `$B$3$s$K` for text. ISO-2022 is recognized by an
escape sequence that names a character set, HZ by pairs in `~{ ... ~}`. The WHATWG standard reads -KR, -CN and HZ as one
U+FFFD, because a browser runs scripts; nothing runs here. UTF-7 is read only if it is declared, because `+AGE-` is as
likely a part of a URL, of Base64 or of a patch, and the standard has no such label.

Runs of ISO-2022 get their high bit set, which makes them EUC, and corpus.text.multibyte decodes them. Of ISO-2022-CN
only GB 2312 is read, because Python has no table of CNS 11643.
"""

import re

from corpus.text import multibyte

ISO_2022 = ("iso2022_jp", "iso2022_kr", "iso2022_cn")
NAMES = (*ISO_2022, "hz", "utf-7")

# Each escape sequence: the character set that it names, and 0 for G0 (used at once) or 1 for G1 (used after SO).
_ESCAPES = {
    b"\x1b(B": ("ascii", 0),
    b"\x1b(J": ("roman", 0),
    b"\x1b(I": ("kana", 0),
    b"\x1b$@": ("euc_jp", 0),
    b"\x1b$B": ("euc_jp", 0),
    b"\x1b$(@": ("euc_jp", 0),
    b"\x1b$(B": ("euc_jp", 0),
    b"\x1b$(D": ("jis0212", 0),
    b"\x1b$A": ("gb18030", 0),
    b"\x1b$(A": ("gb18030", 0),
    b"\x1b$(C": ("cp949", 0),
    b"\x1b$)A": ("gb18030", 1),
    b"\x1b$)C": ("cp949", 1),
}
_TOKENS = re.compile(b"(" + b"|".join(map(re.escape, _ESCAPES)) + b"|[\x0e\x0f])")
_HIGH = bytes(byte | 0x80 if 0x21 <= byte < 0x7F else byte for byte in range(256))
_ASCII = bytes(range(128))
_ROMAN = str.maketrans("\\~", "¥‾")
_HZ = re.compile(rb"~\{((?:[\x21-\x77][\x21-\x7e])*+)~\}|~~|~\r?\n|~\{")
_CJK = re.compile("[\u1100-\u11ff\u2e80-\ud7ff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]")
_PER_ERROR = 20  # East Asian characters per error that a text without a declaration must have
_USUAL_ROW = 0x58  # GB 2312 has the usual characters before this row; `~{` in a program seldom precedes such pairs


def decode(raw: bytes, name: str, limit: int) -> tuple[str, int]:
    """Returns (text, errors) of `raw` in one of `NAMES`. Raises TooManyErrorsError for more than `limit` errors."""
    if name == "utf-7":
        text = raw.decode("utf-7", "replace").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return _within(text, text.count(multibyte.REPLACEMENT), limit)
    return _hz(raw, limit) if name == "hz" else _iso_2022(raw, limit)


def recognize(raw: bytes, declared: str | None, limit: int) -> tuple[str, str, int] | None:
    """Returns (text, name, errors) if `raw` is in a 7-bit encoding, otherwise None.

    `declared` is the encoding that was declared for it, if that is one of `NAMES`.
    """
    name = _name(raw, declared, limit)
    if name is None:
        return None
    try:
        text, n_errors = decode(raw, name, limit)
    except multibyte.TooManyErrorsError:
        return None

    # A declared encoding is believed if the text is not ASCII only. Any other must bring enough East Asian characters.
    if name == "utf-7":
        return (text, name, 0) if not n_errors and not text.isascii() else None
    if name == declared:
        return None if text.strip(multibyte.REPLACEMENT).isascii() else (text, name, n_errors)
    n_cjk = len(_CJK.findall(text))
    if not n_cjk or n_cjk < _PER_ERROR * n_errors or (name == "hz" and (n_errors or not _is_usual(raw))):
        return None
    return text, name, n_errors


def _name(raw: bytes, declared: str | None, limit: int) -> str | None:
    """Returns the 7-bit encoding whose marks are in `raw`, or None.

    Bytes of 8 bits are errors. ISO-2022 may have a few of them, the other encodings none.
    """
    if not raw.isascii() and (b"\x1b$" not in raw or len(raw.translate(None, _ASCII)) > limit):
        return None

    # ISO-2022: the character sets that the text uses tell which one it is.
    if b"\x1b$" in raw and (sets := {_ESCAPES[token] for token in _TOKENS.findall(raw) if token in _ESCAPES}):
        if declared in ISO_2022:
            return declared
        names = {("cp949", 1): "iso2022_kr", ("gb18030", 1): "iso2022_cn"}
        return next((name for key, name in names.items() if key in sets), "iso2022_jp")
    if declared == "iso2022_jp" and b"\x1b(I" in raw:
        return declared

    # HZ and UTF-7 are pure ASCII.
    if not raw.isascii():
        return None
    if b"~{" in raw and (declared == "hz" or b"~}" in raw):
        return "hz"
    return "utf-7" if declared == "utf-7" and b"+" in raw else None


def _iso_2022(raw: bytes, limit: int) -> tuple[str, int]:
    """Returns (text, errors): decodes the runs between escape sequences, each in the current character set.

    Line ends and blanks are kept as they are. A line end does not reset the character set.
    """
    parts, n_errors = [], 0
    sets = ["ascii", "ascii"]
    shifted = 0
    for token in _TOKENS.split(raw):
        if token in (b"\x0e", b"\x0f"):
            shifted = int(token == b"\x0e")
        elif token in _ESCAPES:
            name, register = _ESCAPES[token]
            sets[register] = name
        elif token:
            text, n_bad = _run(token, sets[shifted], limit)
            parts.append(text)
            n_errors += n_bad
    return _within("".join(parts), n_errors, limit)


def _run(raw: bytes, name: str, limit: int) -> tuple[str, int]:
    """Returns (text, errors) of a run in one character set."""
    if name in ("ascii", "roman"):
        text = raw.decode("ascii", "replace")
        n_errors = text.count(multibyte.REPLACEMENT) + raw.count(b"\x1b$")
        return (text.translate(_ROMAN) if name == "roman" else text), n_errors
    if name == "kana":
        return multibyte.decode(raw.translate(_HIGH), "cp932", limit)
    if name == "jis0212":
        triples = re.sub(rb"[\xa1-\xfe]{1,2}", lambda pair: b"\x8f" + pair.group(), raw.translate(_HIGH))
        return multibyte.decode(triples, "euc_jp", limit)
    return multibyte.decode(raw.translate(_HIGH), name, limit)


def _hz(raw: bytes, limit: int) -> tuple[str, int]:
    """Returns (text, errors) of an HZ text.

    Its marks are pairs in `~{ ... ~}`, `~~` for a tilde, and a tilde at a line's end for nothing.
    """
    parts, n_errors, end = [], 0, 0
    for match in _HZ.finditer(raw):
        parts.append(raw[end : match.start()].decode("ascii", "replace"))
        end = match.end()
        if match.group(1) is not None:
            text, n_bad = multibyte.decode(match.group(1).translate(_HIGH), "gb18030", limit)
            parts.append(text)
            n_errors += n_bad
        elif match.group() == b"~{":  # without pairs or without an end
            parts.append("~{")
            n_errors += 1
        elif match.group() == b"~~":
            parts.append("~")

    text = "".join(parts) + raw[end:].decode("ascii", "replace")
    return _within(text, max(n_errors, text.count(multibyte.REPLACEMENT)), limit)


def _is_usual(raw: bytes) -> bool:
    """Whether an undeclared HZ text has pairs as people write them: at least two, and most not from the rare rows."""
    leads = b"".join(match.group(1)[::2] for match in _HZ.finditer(raw) if match.group(1))
    return len(leads) >= 2 and sum(lead < _USUAL_ROW for lead in leads) >= 0.7 * len(leads)


def _within(text: str, n_errors: int, limit: int) -> tuple[str, int]:
    if n_errors > limit:
        raise multibyte.TooManyErrorsError
    return text, n_errors
