"""Labels and tables against the WHATWG Encoding Standard: section 4.2's table, typed here, and what its indexes say."""

import codecs

import pytest

from corpus.text.encodings import lookup

# The standard's name, our name (Python's where Python has the codec), all labels.
STANDARD = """
utf-8 utf-8: unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8
ibm866 cp866: 866 cp866 csibm866 ibm866
iso-8859-2 iso8859-2: csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2
iso-8859-3 iso8859-3: csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3
iso-8859-4 iso8859-4: csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4
iso-8859-5 iso8859-5: csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988
iso-8859-6 iso8859-6: arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987
iso-8859-7 iso8859-7: csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597 iso_8859-7 iso_8859-7:1987 sun_eu_greek
iso-8859-8 iso8859-8: csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-ir-138 iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 visual
iso-8859-8-i iso8859-8: csiso88598i iso-8859-8-i logical
iso-8859-10 iso8859-10: csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6
iso-8859-13 iso8859-13: iso-8859-13 iso8859-13 iso885913
iso-8859-14 iso8859-14: iso-8859-14 iso8859-14 iso885914
iso-8859-15 iso8859-15: csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9
iso-8859-16 iso8859-16: iso-8859-16
koi8-r koi8-r: cskoi8r koi koi8 koi8-r koi8_r
koi8-u koi8-u: koi8-ru koi8-u
macintosh mac-roman: csmacintosh mac macintosh x-mac-roman
windows-874 cp874: dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874
windows-1250 cp1250: cp1250 windows-1250 x-cp1250
windows-1251 cp1251: cp1251 windows-1251 x-cp1251
windows-1252 cp1252: ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252
windows-1253 cp1253: cp1253 windows-1253 x-cp1253
windows-1254 cp1254: cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 latin5 windows-1254 x-cp1254
windows-1255 cp1255: cp1255 windows-1255 x-cp1255
windows-1256 cp1256: cp1256 windows-1256 x-cp1256
windows-1257 cp1257: cp1257 windows-1257 x-cp1257
windows-1258 cp1258: cp1258 windows-1258 x-cp1258
x-mac-cyrillic mac-cyrillic: x-mac-cyrillic x-mac-ukrainian
gbk gb18030: chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk
gb18030 gb18030: gb18030
big5 big5hkscs: big5 big5-hkscs cn-big5 csbig5 x-x-big5
euc-jp euc_jp: cseucpkdfmtjapanese euc-jp x-euc-jp
iso-2022-jp iso2022_jp: csiso2022jp iso-2022-jp
shift_jis cp932: csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis
euc-kr cp949: cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949
utf-16be utf-16-be: unicodefffe utf-16be
utf-16le utf-16-le: csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le
x-user-defined x-user-defined: x-user-defined
"""
# "replacement" in the standard, which does not read them; here they are text, but for the label itself.
REPLACEMENT = {
    "csiso2022kr": "iso2022_kr",
    "iso-2022-kr": "iso2022_kr",
    "iso-2022-cn": "iso2022_cn",
    "iso-2022-cn-ext": "iso2022_cn",
    "hz-gb-2312": "hz",
    "replacement": None,
}
LABELS = {
    label: line.split(":", 1)[0].split()
    for line in STANDARD.strip().splitlines()
    for label in line.split(": ", 1)[1].split()
}


def name(label: str) -> str | None:
    encoding = lookup(label)
    return encoding and encoding.name


def text(raw: bytes, label: str) -> str:
    encoding = lookup(label)
    assert encoding is not None
    decoded, n_errors = encoding.decode(raw, len(raw))
    assert n_errors == decoded.count("\ufffd")
    return decoded


def test_the_table_is_whole() -> None:
    assert len(LABELS) + len(REPLACEMENT) == 228
    assert len({standard for standard, _ in LABELS.values()}) == 39


@pytest.mark.parametrize("label", LABELS)
def test_every_label_of_the_standard(label: str) -> None:
    assert name(label) == LABELS[label][1]
    assert name(f"\t {label.upper()}\r\n") == LABELS[label][1]
    assert text(b"plain ASCII" if "16" not in LABELS[label][0] else "plain ASCII".encode(LABELS[label][1]), label)


def test_webencodings_has_the_standards_table() -> None:
    import webencodings.labels

    theirs = {label: standard for label, standard in webencodings.labels.LABELS.items() if standard != "replacement"}
    assert theirs == {label: standard for label, (standard, _) in LABELS.items()}


@pytest.mark.parametrize("label", REPLACEMENT)
def test_what_a_browser_refuses_is_text_here(label: str) -> None:
    assert name(label) == REPLACEMENT[label]


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ('"utf-8"', "utf-8"),
        ("'ISO-8859-1'", "cp1252"),
        ("utf-8; boundary=x", "utf-8"),
        ("gb2312,utf-8", "gb18030"),
        ("utf_8", "utf-8"),
        ("cp850", "cp850"),
        ("utf-7", "utf-7"),
        ("utf-32", "utf-32-le"),
        ("", None),
        (" ", None),
        ("base64", None),
        ("rot13", None),
        ("idna", None),
        ("unicode_escape", None),
        ("no-such-encoding", None),
        ("utf-8\0", None),
        ("\u212aoi8-r", None),  # a Kelvin sign is no K
        ("\ud800", None),
        ("x" * 100_000, None),
        (None, None),
    ],
)
def test_labels_as_servers_send_them(label: str | None, expected: str | None) -> None:
    encoding = lookup(label)
    assert (encoding and encoding.name) == expected


SAMPLES = {
    "ibm866": "Съешь же ещё этих булок", "iso-8859-2": "Příliš žluťoučký kůň", "iso-8859-3": "Ċetta ġiet għand ħija",
    "iso-8859-4": "Šis ķēniņš ēd āboļus", "iso-8859-5": "Съешь же ещё этих булок", "iso-8859-6": "نص عربي قصير",
    "iso-8859-7": "Ξεσκεπάζω την ψυχή", "iso-8859-8": "דג סקרן שט בים", "iso-8859-8-i": "דג סקרן שט בים",
    "iso-8859-10": "Kæmi ný öxi hér", "iso-8859-13": "Įlinkdama fechtuotojo špaga", "iso-8859-14": "Ŵy ŷd ḃí",
    "iso-8859-15": "cœur à 5 €", "iso-8859-16": "Înțelegerea șarpelui", "koi8-r": "Съешь же ещё этих булок",
    "koi8-u": "Жебракують філософи, їх ґанок ў Ў", "macintosh": "Zwölf Boxkämpfer", "windows-874": "เป็นมนุษย์สุดประเสริฐ",
    "windows-1250": "Příliš žluťoučký kůň – „kůň“", "windows-1251": "Съешь же ещё этих — «булок»", "windows-1252": "Voilà l’œuvre, 5 €",
    "windows-1253": "Ξεσκεπάζω την ψυχή", "windows-1254": "Pijamalı hasta yağız şoföre", "windows-1255": "דָּג סַקְרָן",
    "windows-1256": "نص عربي قصير پ", "windows-1257": "Įlinkdama fechtuotojo špaga", "windows-1258": "Tôi ăn đêm",
    "x-mac-cyrillic": "Съешь же ещё этих булок", "gbk": "这是中文文本镕", "gb18030": "这是中文文本𠀀ḿ€", "big5": "這是繁體中文喺",
    "euc-jp": "日本語の文章ｱ", "iso-2022-jp": "日本語の文章", "shift_jis": "日本語の文章①髙ｱ", "euc-kr": "한국어 똠방각하",
    "utf-8": "naïve 日本 🙂", "utf-16le": "naïve 日本 🙂", "utf-16be": "naïve 日本 🙂",
}  # fmt: skip


@pytest.mark.parametrize("standard", sorted({standard for standard, _ in LABELS.values()} - {"x-user-defined"}))
def test_a_sample_comes_back_in_every_encoding(standard: str) -> None:
    sample = SAMPLES[standard]
    python = {"windows-1255": "cp1255", "koi8-u": None}.get(standard, name(standard))
    raw = sample.encode(python) if python else sample[:-4].encode("koi8-u") + b"\xae \xbe"
    assert text(raw, standard) == (sample if standard != "koi8-u" else sample[:-4] + "ў Ў")


def test_bytes_that_windows_leaves_undefined_are_controls() -> None:
    assert text(b"\x81\x8d\x8f\x90\x9d", "latin1") == "\x81\x8d\x8f\x90\x9d"
    assert text(b"\x80\x81", "tis-620") == "€\x81"
    assert text(b"\x98", "windows-1251") == "\x98"
    assert text(b"\xaa\xd2\xff", "windows-1253") == "\ufffd" * 3
    assert text(b"\xdb\xfc", "windows-874") == "\ufffd" * 2
    assert text(b"A\x80\xff", "x-user-defined") == "A\uf780\uf7ff"


def test_single_bytes_are_what_python_has_where_it_has_something() -> None:
    for standard, ours in set(map(tuple, LABELS.values())):
        if ours == "x-user-defined" or not lookup(standard).is_single_byte:  # type: ignore[union-attr]
            continue
        for byte in range(256):
            python = codecs.decode(bytes([byte]), ours, "ignore")
            if python and (ours, byte) not in {("koi8-u", 0xAE), ("koi8-u", 0xBE)}:
                assert text(bytes([byte]), standard) == python
