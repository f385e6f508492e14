import time

import pytest

from corpus.text.stated_charset import stated_charset


@pytest.mark.parametrize(
    ("page", "label"),
    [
        (b"<meta charset=gb2312>", "gb2312"),
        (b"<META CHARSET = 'Shift_JIS' />", "shift_jis"),
        (b'<meta\ncharset="euc-kr"/>', "euc-kr"),
        (b'<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">', "windows-1251"),
        (b"<meta content='text/html;charset=\"big5\"' http-equiv=content-type>", "big5"),
        (b"<meta http-equiv=content-type content=text/html;charset=koi8-r>", "koi8-r"),
        (b'<?xml version="1.0" encoding="iso-8859-2"?><html>', "iso-8859-2"),
        (b'<?xml version="1.0" encoding="iso-8859-2"?><meta charset=utf-8>', "utf-8"),
        (b"<!-- <meta charset=big5> --><meta charset=utf-8>", "utf-8"),
        (b"<!-- > <meta charset=big5> ", None),
        (b'<a title="<meta charset=big5>"><meta charset=euc-jp>', "euc-jp"),
        (b"<title>x</title>" + b" " * 3000 + b"<meta charset=gbk>", "gbk"),
        (b" " * 5000 + b"<meta charset=gbk>", None),
        (b'<meta name=description content="text/html; charset=gbk">', None),
        (b"<metadata charset=gbk>", None),
        (b"<meta charset=>", None),
        (b"<meta charset=''><meta charset=gbk>", "gbk"),
        (b"<meta charset=utf-16>", "utf-8"),
        (b"<meta charset=x-user-defined>", "windows-1252"),
        (b"<p>charset=gbk</p>", None),
        (b"", None),
    ],
)
def test_what_a_page_states(page: bytes, label: str | None) -> None:
    assert stated_charset(page) == label


@pytest.mark.parametrize("piece", [b"<meta '", b'<a "', b"<meta x=", b"<!--", b"<", b"<meta a", b"<?xml ", b"<meta\"'"])
def test_no_page_is_slow(piece: bytes) -> None:
    start = time.perf_counter()
    stated_charset(piece * 5000)
    assert time.perf_counter() - start < 1
