import json

import pytest

from pomona import output


def test_tables_align_numbers_to_the_right() -> None:
    text = output.table([("a", 1), ("bb", 1234)], ("name", "n"))
    assert text.splitlines() == ["name      n", "----  -----", "a         1", "bb    1,234"]
    assert output.table([], ("name",)).splitlines() == ["name", "----"]


@pytest.mark.parametrize(
    ("n", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2.5e9, "2.5 GB"), (1e16, "10000.0 TB")]
)
def test_bytes_for_a_person(n: float, text: str) -> None:
    assert output.n_bytes(n) == text


def test_json_is_one_document_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    output.show({"a": "ü"}, "text", True)
    assert json.loads(capsys.readouterr().out) == {"a": "ü"}
    output.show({}, "", False)
    assert capsys.readouterr().out == ""
