import pytest

from tests.decontam.disguises.seen import seen


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("the <b>quick</b> <I>brown</I> <span class='x y'>fox</span>", "the quick brown fox"),
        ('<a href="https://e.org/a_b?c=d" rel=nofollow>link</a>ed', "linked"),
        ("<b>W</b>ord x<sup>2</sup>", "word x2"),
        ("one<br>two<BR />three<p>four</p>five<td class=a>six", "one two three four five six"),
        ("&lt;b&gt;quick&lt;/b&gt; fox", "quick fox"),
        ("if a <b and c> d: x<y and z>w, a<b>c", "if a b and c d x y and z w ac"),
        ('<img alt="one two three four five six seven eight">', "img alt one two three four five six seven eight"),
        ("<b", "b"),
        ("<" * 50 + "b" * 50, "b" * 50),
        (r"the \textbf{quick} \emph{brown} $\mathrm{fox}$ {\bf jumps}", "the quick brown fox jumps"),
        (r"\textcolor{red}{quick} \href{http://e.org}{fox}", "quick fox"),
        (r"\frac{1}{2} \alpha C:\text\new \textbf", "frac 1 2 alpha c text new textbf"),
        ("[b]quick[/b] [URL=http://e.org]fox[/URL] x[i] f(x)[b]", "quick fox x i f x b"),
        ("one [list]two[quote=me]three[/list]four", "one two three four"),
        ("[fox](https://e.org/x_y) [dog](#top) a[i](x)", "fox dog a i x"),
    ],
)  # fmt: skip
def test_markup(text: str, want: str) -> None:
    assert seen(text) == want
