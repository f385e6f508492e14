"""Which tables hold data. Truth: cases of Gecko's and Readability's rules."""

import pytest

from corpus.extract.markup import parse
from corpus.extract.tables import holds_data

ROWS = "<tr><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr>"
LONG = "word " * 400


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        (f"<table>{ROWS}</table>", True),
        (f'<table role="presentation">{ROWS}</table>', False),
        (f'<table datatable="0">{ROWS}</table>', False),
        ("<table><tr><td>1</td><td>2</td></tr></table>", False),
        ("<table><tr><td>1</td></tr><tr><td>2</td></tr></table>", False),
        ("<table><caption>It</caption><tr><td>1</td></tr></table>", True),
        ("<table><tr><th>1</th><td>2</td></tr></table>", True),
        ('<table summary="it"><tr><td>1</td></tr></table>', True),
        (f"<table><tr><td>{LONG}</td><td>2</td></tr><tr><td>{LONG}</td><td>4</td></tr></table>", False),
        (f"<table><tr><td><table>{ROWS}</table></td><td>2</td></tr>{ROWS}</table>", False),
        (f"<table><tr><th>a</th><th>b</th></tr><tr><td><table>{ROWS}</table></td><td>2</td></tr></table>", True),
        (f"<table><tr><td><h1>Title</h1></td><td>2</td></tr>{ROWS}</table>", False),
        (f"<table><tr><td><nav>a</nav></td><td>2</td></tr>{ROWS}</table>", False),
        ("<table></table>", False),
    ],
)
def test_tables_of_data(table: str, wanted: bool) -> None:
    assert holds_data(parse(f"<body>{table}</body>").find(".//table")) is wanted
