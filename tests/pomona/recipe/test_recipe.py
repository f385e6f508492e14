import pytest

from corpus.errors import UserError
from corpus.sizes import parse_bytes
from pomona.recipe import parse

GOOD = "sources:\n  - {name: a, path: x.html}\n"


def test_defaults() -> None:
    recipe = parse(GOOD)
    assert recipe.lake == "./lake"
    assert recipe.filter is not None
    assert recipe.filter.rules == ("gopher_quality", "gopher_repetition", "c4", "fineweb")
    assert recipe.sources[0].path == ("x.html",)


def test_null_turns_a_stage_off() -> None:
    recipe = parse(GOOD + "filter: null\ndedup: null\n")
    assert recipe.filter is None
    assert recipe.dedup is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "does not hold a recipe"),
        ("- a list", "does not hold a recipe"),
        ("sources: [", "line 1: invalid YAML"),
        ("lake: x\n", "line 1: sources: is missing"),
        (GOOD + "filtr: {}\n", "line 3: filtr: no such field; did you mean 'filter'"),
        (
            "sources:\n  - {name: a, path: x, kinds: html}\n",
            "line 2: sources.0.kinds: no such field; did you mean 'kind'",
        ),
        ("sources:\n  - name: a\n    path: x\n    kind: htm\n", "line 4: .*unknown kind 'htm'"),
        ("sources:\n  - {name: a b, path: x}\n", "line 2: sources.0.name: .*, got 'a b'"),
        ("sources:\n  - {name: ../x, path: x}\n", "sources.0.name"),
        ("sources:\n  - {name: a, path: x}\n  - {name: a, path: y}\n", "two entries are called a"),
        (GOOD + "filter: {rules: [gophr]}\n", "unknown rule set 'gophr'"),
        (GOOD + "filter:\n  limits: {c4.min_sentence: 3}\n", "did you mean 'c4.min_sentences'"),
        (GOOD + "filter:\n  limits: {code.max_line_length: 3}\n", "its rule set is not among"),
        (GOOD + "dedup: {keep: best}\n", "line 3: dedup.keep"),
        (GOOD + "lake: a\nlake: b\n", "line 4: the field 'lake' appears twice here"),
        ("sources:\n  - {name: a, path: x, max_record_bytes: lots}\n", "is not a size"),
        ("sources:\n  - {name: a, path: x, timeout_seconds: 0}\n", "timeout_seconds"),
        ("!!python/object/apply:os.system ['true']", "invalid YAML"),
    ],
)
def test_mistakes_name_the_line_and_what_is_allowed(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        parse(text, "recipe.yaml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "n_bytes"),
    [("64MB", 64 * 10**6), ("8GiB", 8 << 30), ("1.5k", 1500), (7, 7), ("2 TB", 2 * 10**12), ("0", 0)],
)
def test_sizes(text: object, n_bytes: int) -> None:
    assert parse_bytes(text) == n_bytes


@pytest.mark.parametrize("text", ["", "many", "-1", "8XB", "1e9"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        parse_bytes(text)


def test_languages_become_a_rule() -> None:
    recipe = parse(GOOD + "filter: {rules: [c4], languages: [en, de]}\n")
    assert recipe.filter is not None
    settings = recipe.filter.decisive()
    assert settings.rule_sets == ("c4", "language")
    assert settings.limit("language.allowed") == ("en", "de")


def test_shipped_recipes_are_valid() -> None:
    from importlib.resources import files

    shipped = [path for path in (files("pomona") / "recipes").iterdir() if path.name.endswith(".yaml")]
    assert shipped
    for path in shipped:
        parse(path.read_text(), path.name)
