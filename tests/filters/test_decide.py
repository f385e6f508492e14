import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.errors import UserError
from filters.decide import Override, Settings, decide
from filters.rules import rules
from filters.spec import parse


def rows(**columns: list[object]) -> pl.DataFrame:
    n = len(next(iter(columns.values())))
    return pl.DataFrame({"id": [str(i) for i in range(n)], "source": ["web"] * n} | columns)


CODE = Settings(("code",))


def code_rows() -> pl.DataFrame:
    return rows(
        mean_line_length=[20.0, 101.0, 101.0, None],
        max_line_length=[80, 80, 2000, 80],
        alphanumeric_fraction=[0.6, 0.6, 0.1, 0.6],
        comment_fraction=[0.0, 0.0, 0.0, 0.0],
    )


def test_every_failing_rule_is_a_reason_with_its_value_and_limit() -> None:
    decided = decide(code_rows(), CODE)
    assert decided["kept"].to_list() == [True, False, False, True]
    assert decided["reasons"].to_list()[1:3] == [
        ["code.max_mean_line_length"],
        ["code.max_mean_line_length", "code.max_line_length", "code.min_alphanumeric_fraction"],
    ]
    assert decided["measured"].to_list()[2][1] == {"rule": "code.max_line_length", "value": 2000.0, "limit": 1000.0}
    assert decided["stage"].unique().to_list() == ["filter"]


def test_zero_is_a_limit_and_only_none_is_off() -> None:
    frame = code_rows()
    assert decide(frame, Settings(("code",), {"code.max_comment_fraction": 0.0}))["kept"][0]
    strict = Settings(("code",), {"code.max_mean_line_length": 0.0})
    assert not decide(frame, strict)["kept"][0]
    off = Settings(("code",), {"code.max_mean_line_length": None})
    assert decide(frame, off)["kept"].to_list() == [True, True, False, True]


def test_an_unknown_value_breaks_no_rule() -> None:
    assert decide(code_rows(), CODE)["kept"][3]


def test_overrides_by_source_and_language_and_the_last_wins() -> None:
    frame = rows(language=["en", "de", "de", "xx"], language_probability=[0.9, 0.5, 0.9, 0.9]).with_columns(
        source=pl.Series(["web", "web", "books", "web"])
    )
    base = Settings(("language",), {"language.allowed": ("en", "de")})
    assert decide(frame, base)["reasons"].to_list() == [[], ["language.min_probability"], [], ["language.allowed"]]
    german = Override(language="de", limits={"language.min_probability": 0.4})
    books = Override(source="books", limits={"language.min_probability": 0.95})
    decided = decide(frame, Settings(("language",), base.limits, (german, books)))
    assert decided["kept"].to_list() == [True, True, False, False]


def test_an_override_can_swap_the_rule_sets_of_a_source() -> None:
    frame = code_rows().with_columns(
        source=pl.Series(["code", "web", "code", "web"]), language=pl.lit("en"), language_probability=pl.lit(0.1)
    )
    swapped = Settings(("language",), {}, (Override(source="code", rules=("code",)),))
    assert decide(frame, swapped)["reasons"].to_list() == [
        [],
        ["language.min_probability"],
        ["code.max_mean_line_length", "code.max_line_length", "code.min_alphanumeric_fraction"],
        ["language.min_probability"],
    ]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 300), st.integers(0, 3000), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=8
    ),
    st.floats(0, 300),
)
def test_agrees_with_plain_python(values: list[tuple[float, int, float, float]], limit: float) -> None:
    names = ["mean_line_length", "max_line_length", "alphanumeric_fraction", "comment_fraction"]
    frame = rows(**{name: [v[i] for v in values] for i, name in enumerate(names)})
    decided = decide(frame, Settings(("code",), {"code.max_mean_line_length": limit}))
    for value, reasons in zip(values, decided["reasons"].to_list(), strict=True):
        row = dict(zip(names, value, strict=True))
        want = []
        for name, rule in rules().items():
            bound = limit if name == "code.max_mean_line_length" else rule.limit
            if name.startswith("code.") and isinstance(bound, (int, float)):
                low = row[rule.signal] < bound
                if low if rule.bound == "at_least" else row[rule.signal] > bound:
                    want.append(name)
        assert reasons == want


def test_settings_parse_from_text() -> None:
    settings = parse("gopher_quality, c4,gopher_quality.min_words=30,c4.min_sentences=off")
    assert settings.rule_sets == ("gopher_quality", "c4")
    assert settings.limit("gopher_quality.min_words") == 30
    assert settings.limit("c4.min_sentences") is None
    assert parse("language,language.allowed=en+de").limit("language.allowed") == ("en", "de")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("", "no rule set"),
        ("gopher", "unknown rule set 'gopher'"),
        ("c4,c4.min_sentences=many", "takes a number or off, got 'many'"),
        ("c4,fineweb.max_short_line_fraction=1", "its rule set is not among"),
        ("c4,c4.min_sentence=1", "did you mean 'c4.min_sentences'"),
    ],
)
def test_mistakes_in_settings_are_named(spec: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse(spec)


def test_a_missing_signal_is_named() -> None:
    with pytest.raises(UserError, match="alphanumeric_fraction"):
        decide(rows(mean_line_length=[1.0]), CODE)


def test_no_documents_no_decisions() -> None:
    assert decide(code_rows().head(0), CODE).height == 0
