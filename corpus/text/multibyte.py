"""Decodes East Asian multi-byte encodings as the web reads them. Source: WHATWG Encoding Standard, sections 10 to 13.

Python's codecs do the work. If their tables differ from the standard's indexes, this module repairs the result:

- gb18030 (also read for gb2312 and gbk): 0x80 is the euro; 20 code points were private use until GB 18030-2022.
- big5hkscs: Python does not know 192 pairs of the standard's index, and maps 9 to another sign.
- euc_jp: NEC's row 13 and the IBM extensions come from cp932, which counts rows the same way; six signs are full width.
- cp932: four bytes that Python reads as private use are errors.

After an error, decoding continues where the standard continues: after the pair, or at its second byte if that is ASCII.
Three differences of Python's codecs remain: 0xA241 and 0xA242 in big5hkscs are full width, 0x8FA2B7 in euc_jp is "~",
0x8135F437 in gb18030 is U+1E3F.
"""

import codecs
import threading
from collections.abc import Callable

CODECS = ("big5hkscs", "cp932", "cp949", "euc_jp", "gb18030")
REPLACEMENT = "\ufffd"

# Python's signs, and the standard's in the same order. One sign replaces one sign, so a text keeps its length.
_SIGNS = {
    "gb18030": (
        "\ue5e5\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793\ue794\ue795\ue796\ue7c7\ue81e\ue826\ue82b\ue82c\ue832\ue843\ue854\ue864",
        "\u3000\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19\u1e3f\u9fb4\u9fb5\u9fb6\u9fb7\u9fb8\u9fb9\u9fba\u9fbb",
    ),
    "euc_jp": ("〜‖−¢£¬", "～∥－￠￡￢"),
    "big5hkscs": ("•､‾∼♁☉¥¢£", "‧﹑¯～⊕⊙￥￠￡"),
    "cp932": ("\uf8f0\uf8f1\uf8f2\uf8f3", REPLACEMENT * 4),
}

# Pairs of the standard's index-big5 that big5hkscs does not know: the first pair of a run, then the run's characters.
_BIG5_RUNS = """
877a 㡵𡵓𣚞𦀡㻬
87a1 𥣞㫵竼龗𤅡𨤍𣇪𠪊𣉞䌊蒄龖鐯䤰蘓墖靊鈘秐稲晠権袝瑌篅枂稬剏遆㓦珄𥶹瓆鿇垳䤯呌䄱𣚎堘穲𧭥讏䚮𦺈
87ce 䆁𥶙箮𢒼鿈𢓁𢓉𢓌鿉蔄𣖻䂴鿊䓡𪷿拁灮鿋 8e69 箸 8e6f 簆 8e7e 糎 8eab 緒 8eb4 縝 8ecd 者 8ed0 耨 8f57 菁
8f69 蒨 8f6e 萏 8fcb 覦覩 8ffe 起 906d 都 907a 銹 90dc 靜 90f1 響 91bf 鼖 9244 蔃 92af 兙兛兝兞 92c8 鍮
92d1 瑹 9447 浧 94ca 禛 95d9 邗 9644 靝 96ed 瀞 96fc 嬨 9b76 爁 9b78 矗 9b7b 纇 9bc6 駖 9bde 釔 9bec 惞
9bf6 澶 9c42 輶 9c53 侻 9c62 營 9c68 鄄 9c6b 鷰 9c77 菏 9cbc 尐秣 9cd0 婧 9d57 輋 9d5a 筑 9dc4 拐 9ea9 恢
9eef 痹 9efd 汊 9f60 鬮 9f66 鼗 9fcb 僭 9fd8 弌 a063 蠏 a077 拎 a0d5 瑨 a0df 煢 a0e4 牐
a3c0 ␀␁␂␃␄␅␆␇␈␉␊␋␌␍␎␏␐␑␒␓␔␕␖␗␘␙␚␛␜␝␞␟␡€ c6cf 廴 c6d3 无 c6d5 癶 c6d7 隶
c6de 〃仝 fa5f 倩 fa66 偽 fabd 包 fac5 卄 fad5 卿 fb48 嘅 fbb8 婷 fbf3 幵 fbf9 廐 fc4f 彘 fc6c 悤 fcb9 撐
fce2 晴 fcf1 杞 fdb7 沜 fdb8 渝 fdbb 港 fdf1 煮 fe52 猪 fe6f 瑜 feaa 瓩 fedd 砉
"""


def _big5_pairs() -> dict[bytes, str]:
    tokens = _BIG5_RUNS.split()
    return {
        (int(first, 16) + step).to_bytes(2, "big"): character
        for first, run in zip(tokens[::2], tokens[1::2], strict=True)
        for step, character in enumerate(run)
    }


_BIG5_PAIRS = _big5_pairs()


class TooManyErrorsError(ValueError):
    """The text has more bad bytes than allowed, so it is in another encoding."""


class _Count(threading.local):
    """The errors of the current decoding in this thread.

    It is global because Python finds an error handler by its name and passes it only the error.
    """

    n_errors = 0
    limit = 0  # with more errors than this, decoding ends


_count = _Count()


def decode(raw: bytes, codec: str, limit: int) -> tuple[str, int]:
    """Returns (text, errors) of `raw` in one of `CODECS`.

    Raises TooManyErrorsError as soon as there are more than `limit` errors.
    """
    _count.n_errors, _count.limit = 0, limit
    text = raw.decode(codec, f"pomona.{codec}")
    n_errors = _count.n_errors

    for python, standard in zip(*_SIGNS.get(codec, ("", "")), strict=True):
        if standard == REPLACEMENT:
            n_errors += text.count(python)
        text = text.replace(python, standard)
    if n_errors > limit:
        raise TooManyErrorsError
    return text, n_errors


def _handler(codec: str) -> Callable[[UnicodeError], tuple[str, int]]:
    """Returns the function that Python calls if `codec` cannot continue.

    Either only the standard knows the character, or it is an error.
    """

    def handle(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeDecodeError)
        raw, start = error.object, error.start
        character, length = _known(codec, raw[start : start + 2])
        if character:
            return character, start + length

        _count.n_errors += 1
        if _count.n_errors > _count.limit:
            raise TooManyErrorsError
        return REPLACEMENT, start + _length(codec, raw[start : start + 4])

    return handle


def _known(codec: str, pair: bytes) -> tuple[str, int]:
    """Returns the standard's character at the start of `pair` and its length in bytes; ("", 0) if there is none."""
    if codec == "gb18030" and pair[0] == 0x80:
        return "€", 1
    if len(pair) < 2:
        return "", 0
    if codec == "big5hkscs":
        return _BIG5_PAIRS.get(pair, ""), 2

    # EUC counts rows and cells as Shift_JIS counts leads and trails: 188 trails per lead, with 0x7F left out.
    if codec == "euc_jp" and min(pair) >= 0xA1 and max(pair) < 0xFF:
        lead, trail = divmod((pair[0] - 0xA1) * 94 + pair[1] - 0xA1, 188)
        lead += 0x81 if lead < 0x1F else 0xC1
        trail += 0x40 if trail < 0x3F else 0x41
        try:
            return bytes((lead, trail)).decode("cp932"), 2
        except UnicodeDecodeError:
            return "", 0
    return "", 0


def _length(codec: str, head: bytes) -> int:
    """Returns how many bytes from the start of `head` belong to one error."""
    if not _is_lead(codec, head[0]) or len(head) == 1:
        return 1
    if codec == "gb18030" and 0x30 <= head[1] <= 0x39:
        rest = head[2:]
        well_formed = all(0x81 <= byte <= 0xFE if at == 0 else 0x30 <= byte <= 0x39 for at, byte in enumerate(rest))
        return len(head) if well_formed else 1

    if head[1] < 0x80:
        return 1
    if codec == "euc_jp" and head[0] == 0x8F and 0xA1 <= head[1] <= 0xFE:
        return 3 if len(head) > 2 and head[2] >= 0x80 else 2
    return 2


def _is_lead(codec: str, byte: int) -> bool:
    if codec == "euc_jp":
        return byte in (0x8E, 0x8F) or 0xA1 <= byte <= 0xFE
    if codec == "cp932":
        return 0x81 <= byte <= 0x9F or 0xE0 <= byte <= 0xFC
    return 0x81 <= byte <= 0xFE


for _codec in CODECS:
    codecs.register_error(f"pomona.{_codec}", _handler(_codec))
