"""Formulas as TeX, from every form in which pages carry them."""

import pytest

from corpus.extract.formulas import presented
from corpus.extract.markup import parse
from tests.corpus.extract.pages import between

MATHML = {
    "<msup><mi>x</mi><mn>2</mn></msup>": "x^2",
    "<msup><mi>x</mi><mn>12</mn></msup>": "x^{12}",
    "<msub><mi>a</mi><mrow><mi>i</mi><mi>j</mi></mrow></msub>": "a_{ij}",
    "<msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup>": "x_1^2",
    "<mfrac><mn>1</mn><mrow><mi>x</mi><mo>+</mo><mn>1</mn></mrow></mfrac>": "\\frac{1}{x + 1}",
    '<mfrac linethickness="0"><mi>n</mi><mi>k</mi></mfrac>': "{n \\atop k}",
    "<msqrt><mi>x</mi><mo>-</mo><mn>1</mn></msqrt>": "\\sqrt{x - 1}",
    "<mroot><mi>x</mi><mn>3</mn></mroot>": "\\sqrt[3]{x}",
    "<mover><mi>x</mi><mo>¯</mo></mover>": "\\bar{x}",
    "<munderover><mo>∑</mo><mn>1</mn><mi>n</mi></munderover>": "∑_1^n",
    "<mi>sin</mi><mo>\u2061</mo><mi>x</mi>": "\\sin  x",
    "<mi>abc</mi><mtext>if so</mtext>": "\\mathrm{abc}\\text{if so}",
    "<mfenced><mi>a</mi><mi>b</mi></mfenced>": "(a, b)",
    "<mtable><mtr><mtd>a</mtd><mtd>b</mtd></mtr><mtr><mtd>c</mtd><mtd>d</mtd></mtr></mtable>": (
        "\\begin{matrix}a & b \\\\ c & d\\end{matrix}"
    ),
}


@pytest.mark.parametrize(("mathml", "tex"), MATHML.items())
def test_presentation_mathml_is_no_heap_of_letters(mathml: str, tex: str) -> None:
    math = parse(f"<body><math>{mathml}</math></body>").find(".//math")
    assert presented(math) == tex
    assert between(f"<p>so it is <math>{mathml}</math> here</p>") == f"so it is ${' '.join(tex.split())}$ here"


FORMS = {
    "an annotation": (
        '<math display="block"><semantics><mi>x</mi><annotation encoding="application/x-tex">x^2</annotation></semantics></math>',
        "$$x^2$$",
    ),
    "MathJax 2: the source stands behind the picture": (
        '<span class="MathJax_Preview"></span><span class="MathJax" id="M"><nobr aria-hidden="true"><span>x2</span></nobr>'
        '<span class="MJX_Assistive_MathML"><math><msup><mi>x</mi><mn>2</mn></msup></math></span></span>'
        '<script type="math/tex" id="s">x^2</script>',
        "$x^2$",
    ),
    "MathJax 3: MathML inside": (
        '<mjx-container><mjx-math aria-hidden="true"><mjx-c>x</mjx-c></mjx-math><mjx-assistive-mml><math><msup><mi>x</mi>'
        "<mn>2</mn></msup></math></mjx-assistive-mml></mjx-container>",
        "$x^2$",
    ),
    "a picture": ('<img class="latex" alt="\\frac12">', "$\\frac12$"),
    "a displayed script": ('<script type="math/tex; mode=display">y</script>', "$$y$$"),
    "an empty formula": ("<math></math>", ""),
}  # fmt: skip


@pytest.mark.parametrize(("form", "wanted"), FORMS.values(), ids=FORMS)
def test_every_form_gives_its_source_once(form: str, wanted: str) -> None:
    assert between(f"<p>so it is {form} here</p>").split() == f"so it is {wanted} here".split()
