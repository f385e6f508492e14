import pytest
import yaml

from corpus.errors import UserError
from corpus.yaml_text import line, read

TEXT = "a: 1\nb:\n  - x: 2\n    y: 3\n  - z\nc: {d: 4}\n"


def test_the_value_is_that_of_yaml() -> None:
    assert read(TEXT, "f")[0] == yaml.safe_load(TEXT)
    assert read("", "f") == (None, None)


@pytest.mark.parametrize(
    ("path", "number"),
    [([], 1), (["a"], 1), (["b"], 2), (["b", 0], 3), (["b", 0, "y"], 4), (["b", 1], 5), (["c", "none"], 6)],
)
def test_each_part_knows_its_line(path: list[str | int], number: int) -> None:
    assert line(read(TEXT, "f")[1], path) == number


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2", "f line 2: the field 'a' appears twice here"),
        ("a:\n  - {b: 1, c: 2, b: 3}", "f line 2: the field 'b' appears twice here"),
        ("a: [1", "f line 1: invalid YAML: "),
        ("a: !!python/object/apply:os.system ['true']", "invalid YAML: could not determine a constructor"),
        ("x" * (1 << 20) + "x", "f is larger than 1048576 characters"),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        read(text, "f")
    assert message in str(error.value)
