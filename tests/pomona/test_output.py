import json
from pathlib import Path

import pytest

from pomona import output
from pomona.cli import main
from pomona.output import show, table, visible


def test_tables_align_numbers_to_the_right() -> None:
    text = output.table([("a", 1), ("bb", 1234)], ("name", "n"))
    assert text.splitlines() == ["name      n", "----  -----", "a         1", "bb    1,234"]
    assert output.table([], ("name",)).splitlines() == ["name", "----"]


def test_what_is_no_number_is_null_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    show({"a": [float("nan"), 1.5], "b": {"c": float("inf")}}, "", True)
    assert json.loads(capsys.readouterr().out, parse_constant=pytest.fail) == {"a": [None, 1.5], "b": {"c": None}}


@pytest.mark.parametrize(
    ("n", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (2.5e9, "2.5 GB"), (1e16, "10000.0 TB")]
)
def test_bytes_for_a_person(n: float, text: str) -> None:
    assert output.size_text(n) == text


def test_json_is_one_document_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    output.show({"a": "ü"}, "text", True)
    assert json.loads(capsys.readouterr().out) == {"a": "ü"}
    output.show({}, "", False)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\x9b31mb", "a\\x9b31mb"),
        ("a\rb\x00\x7f", "a\\x0db\\x00\\x7f"),
        ("a\u202eb\u2066c\u200fd", "a\\u202eb\\u2066c\\u200fd"),
        ("line\n\tnext é 漢 \U0001f600", "line\n\tnext é 漢 \U0001f600"),
    ],
)
def test_what_a_terminal_would_obey_is_made_visible(text: str, wanted: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert visible(text) == wanted
    show(None, text, as_json=False)
    assert capsys.readouterr().out == wanted + "\n"

    show({"text": text}, "", as_json=True)
    out = capsys.readouterr().out
    assert json.loads(out) == {"text": text}
    assert not set(out) & set("\x1b\x9b\x00\x7f\u202e\u2066\u200f")


def test_a_cell_is_one_line_and_not_too_wide() -> None:
    lines = table([("a\nb", "x" * 500)], ("one", "two")).split("\n")
    assert len(lines) == 3
    assert lines[2].startswith("a b  xxx")
    assert lines[2].endswith("x…")
    assert len(lines[2]) < 130


def test_a_document_does_not_steer_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever command prints what a page says of itself."""
    monkeypatch.chdir(tmp_path)
    evil = "\x1b]0;title\x07\x9b2J\u202e" + "some words that stand in the document " * 10
    rows = [{"text": f"{evil}{i}", "url": f"http://x.org/{i}\u202e\x1b[2J"} for i in range(2)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main(["ingest", "a.jsonl", "--source", "s", "--uri-column", "url", "--workers", "1"]) == 0
    assert main(["filter", "--rules", "gopher_quality,gopher_quality.min_words=0", "--workers", "1"]) == 0
    assert main(["dedup", "--workers", "1"]) in (0, 2)
    for command in (["explain", "x.org/0"], ["sql", "select uri, text from documents"], ["similar", "x.org/0"]):
        main(command)
        main([*command, "--json"])
    main(["explain", "\x1b[2J nosuch"])
    captured = capsys.readouterr()
    assert not set(captured.out + captured.err) & set("\x1b\x07\x9b\u202e")
