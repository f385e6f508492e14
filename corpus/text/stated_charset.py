"""Finds the charset that a page states in its own bytes. Source: WHATWG HTML Standard, "prescan a byte stream".

It reads `<meta charset>`, `<meta http-equiv=content-type content=...>` and an XML declaration, outside of comments. The
standard reads 1,024 bytes and lets the parser change the charset later. Here one scan of 4,096 bytes replaces both.
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

# A page in UTF-16 cannot state its charset in ASCII's bytes. `x-user-defined` in a page is always a mistake.
_CORRECTED = {"utf-16": "utf-8", "utf-16le": "utf-8", "utf-16be": "utf-8", "x-user-defined": "windows-1252"}


def stated_charset(raw: bytes) -> str | None:
    """Returns the label that the head of a page states, or None."""
    head = raw[:_SCANNED]
    declaration = _XML.match(head)
    labels = [declaration.group(1)] if declaration else []

    # A `meta` comes before the XML declaration; the first one with a label counts.
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
    """Returns the label in the attributes of one `meta`, or None."""
    values: dict[bytes, bytes] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(attributes):
        values.setdefault(name.lower(), double or single or bare)

    if values.get(b"charset"):
        return values[b"charset"]
    if values.get(b"http-equiv", b"").strip().lower() != b"content-type":
        return None
    match = _CHARSET.search(values.get(b"content", b""))
    return next(filter(None, match.groups()), None) if match else None
