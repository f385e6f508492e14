"""The charset that a page states in its own bytes. Source: WHATWG HTML Standard, "prescan a byte stream".

Read are `<meta charset>`, `<meta http-equiv=content-type content=...>` and an XML declaration, comments left out. The
standard looks at 1,024 bytes and lets the parser change its mind later; here one look at 4,096 bytes does for both.
"""

import re

_SCANNED = 4096  # bytes
_XML = re.compile(rb"""\s*<\?xml\s[^>]*?encoding\s*=\s*["']?([^"'\s?>]+)""")
_VALUE = rb"""[^>"']*+(?:"[^"]*+"|'[^']*+'|[^>"']++)*+"""
_TAG = re.compile(
    rb"<!--.*?(?:-->|$)|<meta(?=[\s/])(" + _VALUE + rb")|</?[a-z]" + _VALUE + rb"|<[!/?][^>]*+",
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTE = re.compile(rb"""([^\s/>=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+)))?""")
_CHARSET = re.compile(rb"""charset\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s;"']+))""", re.IGNORECASE)

# A page in UTF-16 cannot state it in ASCII's bytes, and `x-user-defined` in a page was always a mistake.
_CORRECTED = {"utf-16": "utf-8", "utf-16le": "utf-8", "utf-16be": "utf-8", "x-user-defined": "windows-1252"}


def stated_charset(raw: bytes) -> str | None:
    """The label that the head of a page gives, None where it gives none."""
    head = raw[:_SCANNED]
    declaration = _XML.match(head)
    labels = [declaration.group(1)] if declaration else []

    for tag in _TAG.finditer(head):
        if tag.group(1) is not None and (label := _of_meta(tag.group(1))):
            labels.insert(0, label)
            break

    for label in labels:
        text = label.decode("ascii", "ignore").strip().lower()
        if text:
            return _CORRECTED.get(text, text)
    return None


def _of_meta(attributes: bytes) -> bytes | None:
    """The label in the attributes of one `meta`."""
    values: dict[bytes, bytes] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(attributes):
        values.setdefault(name.lower(), double or single or bare)

    if values.get(b"charset"):
        return values[b"charset"]
    if values.get(b"http-equiv", b"").strip().lower() != b"content-type":
        return None
    match = _CHARSET.search(values.get(b"content", b""))
    return next(filter(None, match.groups()), None) if match else None
