import html
import re
import urllib.parse

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.corpus.text.test_normal import reference
from tests.decontam.disguises.seen import seen


def decoded(text: str) -> str:
    """Each reference and percent-encoded character as Python's library reads it."""

    def character(match: re.Match[str]) -> str:
        if match[0][0] == "%":
            try:
                return urllib.parse.unquote(match[0], errors="strict")
            except UnicodeDecodeError:
                return match[0]
        return html.unescape(f"&{match[1]}")

    return re.sub(r"&(?:amp;)*((?:#[0-9]+|#x[0-9a-f]+|[A-Za-z]+);)|%[2-7][0-9a-f]|(?:%[c-e][0-9a-f])(?:%[89ab][0-9a-f])+",
                  character, text)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(["a", "b ", "é", "&amp;", "&#101;", "&#x65;", "&nbsp;", "&hellip;", "&eacute;", "&Delta;", "&none;", "&", ";",
                                 "%20", "%3f", "%c3%a9", "%e2%80%99", "%zz", "%", "#"]), max_size=12).map("".join))  # fmt: skip
def test_encoded_characters_are_what_the_library_decodes(text: str) -> None:
    assert seen(text) == reference(decoded(text).replace("\ufffd", " "))


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("What&nbsp;is&#160;the&#xA0;point&#32;of", "what is the point of"),
        ("&#87;hat &#x69;&#X73; &eacute;t&EACUTE;", "what is ete"),
        ("fish &amp;amp;amp;nbsp; chips", "fish chips"),
        ("R&amp;D and AT&T and a&b", "r d and at t and a b"),
        ("so&shy;ft so&#8203;ft so&ZeroWidthSpace;ft", "soft soft soft"),
        ("What%20is%2C%20this%3F%0Aca%66%C3%A9", "what is this cafe"),
        ("100% of 20%, n%10 and 5%de", "100 of 20 n 10 and 5 de"),
        ("&#0;a&#x110000;b&#55357;c&#9999999999999999;d", "a b c 9999999999999999 d"),
        ("&#; &#x; &;&noname; &nbsp", "x noname nbsp"),
        ("%C3 %C3%41 %ED%A0%80", "c3 c3a ed a0 80"),
    ],
)
def test_encoded_characters(text: str, want: str) -> None:
    assert seen(text) == want
