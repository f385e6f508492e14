"""Raised and lowered text as plain text writes it."""

import pytest

from tests.corpus.extract.pages import between

WRITTEN = {
    "10<sup>5</sup>": "10^5",
    "10<sup>12</sup> of them": "10^12 of them",
    "10<sup>12</sup>m": "10^{12}m",
    "10<sup>-5</sup> of it": "10^-5 of it",
    "10<sup>&minus;5</sup>": "10^−5",
    "x<sup>2</sup>y": "x^2y",
    "2<sup>n+1</sup>": "2^{n+1}",
    "(a+b)<sup>2</sup>": "(a+b)^2",
    "e<sup>-<i>x</i></sup>": "e^{-x}",
    "x<sub>1</sub> and x<sub>ij</sub>": "x_1 and x_ij",
    "x<sub>ij</sub>y": "x_{ij}y",
    "x<sub>1</sub><sup>2</sup>": "x_1^2",
    "1010<sub>2</sub>": "1010_2",
    "log<sub>2</sub> 8": "log_2 8",
    "V<sub>max</sub> is": "V_max is",
    "H<sub>2</sub>O, CO<sub>2</sub>, Ca(OH)<sub>2</sub>, C<sub>6</sub>H<sub>12</sub>O<sub>6</sub>": (
        "H2O, CO2, Ca(OH)2, C6H12O6"
    ),
    "the 1<sup>st</sup>, 2<sup>nd</sup>, 1<sup>er</sup> and M<sup>me</sup>": "the 1st, 2nd, 1er and Mme",
    "Brand<sup>TM</sup> and Name<sup>®</sup>": "BrandTM and Name®",
    'as said<sup><a href="#f1">1</a></sup> there': "as said[1] there",
    '<a href="#f1">as said<sup>1</sup></a> there': "as said[1] there",
    "as said.<sup>3</sup> Then": "as said.[3] Then",
    "as said<sup>[12]</sup> there": "as said[12] there",
    "<sup>3</sup>He": "3He",
    "an empty<sup> </sup> one": "an empty one",
    "<ruby>漢<rt>かん</rt></ruby>": "漢(かん)",
    "<ruby>字<rp>(</rp><rt>じ</rt><rp>)</rp></ruby>": "字(じ)",
}


@pytest.mark.parametrize(("html", "wanted"), WRITTEN.items())
def test_scripts_are_written_in_plain_text(html: str, wanted: str) -> None:
    assert between(f"<p>So it is written here: {html}</p>") == f"So it is written here: {wanted}"


def test_a_block_inside_a_script_leaves_the_other_blocks_alone() -> None:
    assert between(
        "<div>Words before it<sup>up<p>a paragraph inside</p>down</sup> behind it there are more</div>"
    ).split("\n\n") == [
        "Words before itup",
        "a paragraph inside",
        "down behind it there are more",
    ]
    many = "".join(f"<i>word{i}</i> " for i in range(9))
    found = between(
        f"<div>Some <b>words</b> <i>before</i> it<sup>up<p>a paragraph inside</p>{many}</sup> and more.</div>"
    )
    assert found.endswith(" ".join(f"word{i}" for i in range(9)) + " and more.")
