"""Lines of code keep their breaks and indentation, whatever holds them."""

import pytest

from tests.corpus.extract.pages import between

CODE = "if x:\n    y()\n\n    z()"
HELD = {
    "pre": f"<pre>{CODE}</pre>",
    "pre with breaks": "<pre>if x:<br>    y()<br><br>    z()</pre>",
    "pre with a block for each line": (
        '<pre><code><div class="line">if x:</div><div class="line">    y()</div><div class="line"><br></div>'
        '<div class="line">    z()</div></code></pre>'
    ),
    "pre with spans and line ends": '<pre><span class="line">if x:</span>\n<span class="line">    y()</span>\n\n<span>    z()</span></pre>',
    "pre with spans shown as blocks": (
        '<pre><span style="display: block">if x:</span><span style="display: block">    y()</span><br>'
        '<span style="display: block">    z()</span></pre>'
    ),
    "blocks with both": '<pre><code><div>if x:\n</div><div>    y()\n</div><div>\n</div><div>    z()\n</div></code></pre>',
    "divs with no-break spaces": (
        '<div class="highlight"><div>if x:</div><div>&nbsp;&nbsp;&nbsp;&nbsp;y()</div><div><br></div>'
        "<div>&nbsp;&nbsp;&nbsp;&nbsp;z()</div></div>"
    ),
    "code with breaks": "<code>if x:<br>\n&nbsp;&nbsp;&nbsp;&nbsp;y()<br><br>&nbsp;&nbsp;&nbsp;&nbsp;z()</code>",
    "code over lines": f"<div><code>{CODE}</code></div>",
    "an item for each line": (
        '<ol class="linenums"><li>if x:</li><li>    y()</li><li><br></li><li>    z()</li></ol>'
    ),
    "a row for each line, with numbers": (
        '<table class="highlight"><tr><td class="blob-num" data-line-number="1">1</td><td>if x:</td></tr>'
        "<tr><td class='blob-num'>2</td><td>    y()</td></tr><tr><td class='blob-num'>3</td><td><br></td></tr>"
        "<tr><td class='blob-num'>4</td><td>    z()</td></tr></table>"
    ),
    "numbers beside it": (
        f'<table class="highlight"><tr><td class="gutter"><pre>1\n2\n3\n4</pre></td><td class="code"><pre>{CODE}</pre></td></tr></table>'
    ),
    "numbers in its lines": '<pre><span class="lineno">1 </span>if x:\n<span class="lineno">2 </span>    y()\n\n    z()</pre>',
    "a style": f'<div style="white-space: pre-wrap">{CODE}</div>',
    "a language": '<div class="language-python"><div>if x:</div><div>    y()</div><div><br></div><div>    z()</div></div>',
    "a button to copy it": f"<pre><button>Copy</button>{CODE}</pre>",
    "Windows line ends": f"<pre>{CODE}</pre>".replace("\n", "\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("held", HELD.values(), ids=HELD)
def test_lines_and_indentation_survive(held: str) -> None:
    assert between(held) == CODE


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        ('<div class="highlight"><p>A note that</p><p>is no code.</p></div>', "A note that\n\nis no code."),
        ('<p class="lang-en">Words of a page,<br>two lines.</p>', "Words of a page,\ntwo lines."),
        ("<p>Use <code>one\n   thing</code> here.</p>", "Use one thing here."),
        ("<pre>\n\n  a\n b  \n\n</pre>", "  a\n b"),
    ],
)
def test_what_is_no_code_is_text(held: str, wanted: str) -> None:
    assert between(held) == wanted
