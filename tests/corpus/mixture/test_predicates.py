"""Predicates: what they may name, and hosts of addresses."""

import polars as pl
import pytest

from corpus.errors import UserError
from corpus.mixture.predicates import check, columns, domain, predicate

SIGNALS = {"n_words": pl.Int64, "language": pl.String}


def test_a_predicate_says_what_it_reads() -> None:
    assert columns([predicate("n_words > 3 and source <> 'web'"), predicate("domain = 'a.org'")]) == {
        "n_words", "source", "domain"
    }  # fmt: skip
    check("n_words > 3 and uri like '%x%' and tokens < 10", SIGNALS)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("n_words >", "is not SQL"),
        ("n_word > 3", "unknown column 'n_word'; did you mean 'n_words'"),
        ("n_words + 1", "neither true nor false"),
        ("source > 3", "predicate"),
        ("drop table documents", "is not SQL"),
    ],
)
def test_mistakes(text: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        check(text, SIGNALS)


@pytest.mark.parametrize(
    ("uri", "host"),
    [
        ("https://www.Example.org/a?b", "example.org"),
        ("http://user:pw@a.b.org:8080/x", "a.b.org"),
        ("file#3", ""),
        ("/usr/share/doc", ""),
        ("s3://bucket/key", "bucket"),
        ("http://x.org?q=http://y.org", "x.org"),
    ],
)
def test_domains(uri: str, host: str) -> None:
    assert pl.DataFrame({"uri": [uri]}).select(domain(pl.col("uri")))["uri"][0] == host
