import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from pomona.cli import main
from tests.pomona.corpora import PROSE, raw, recipe

HEAVY = (
    "torch",
    "transformers",
    "datatrove",
    "lm_eval",
    "polars",
    "pyarrow",
    "numba",
    "duckdb",
    "deltalake",
    "fsspec",
)  # pydantic is there: options are made of the settings


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("POMONA_LAKE", raising=False)
    return raw(tmp_path / "raw")


def out(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    capsys.readouterr()
    assert main(list(arguments)) == code
    return capsys.readouterr().out


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> object:
    return json.loads(out(capsys, *arguments, "--json"))


def error(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert main(list(arguments)) == 2
    message = capsys.readouterr().err
    assert "Traceback" not in message
    assert message.startswith("error: ")
    assert message.count("\n") == 1
    return message


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from pomona.cli import main; main(['--help']); "
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "quickstart" in ran.stdout
    assert ran.stderr.strip() == "[]"


def test_the_documented_commands_in_a_row(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = as_json(capsys, "ingest", f"{root}/site.warc.gz", "--source", "site", "--workers", "1")
    assert found["rows"] == {"documents": 30, "rejects": 0, "passed_over": 30}  # type: ignore[index]
    out(capsys, "ingest", f"{root}/html", "--source", "pages", "--kind", "html", "--workers", "1")
    out(capsys, "ingest", f"{root}/lines.jsonl.gz", "--source", "lines", "--workers", "1")
    out(capsys, "ingest", f"{root}/rows.parquet", "--source", "rows", "--text-column", "body", "--workers", "1")
    decided = as_json(capsys, "filter", "--rules", "gopher_quality,gopher_quality.min_words=40", "--workers", "1")
    assert decided["rows"] == {"decisions": 120}  # type: ignore[index]
    out(capsys, "dedup")
    exported = as_json(capsys, "export", "--out", "kept.jsonl.gz")
    kept = pl.read_ndjson("kept.jsonl.gz")
    assert exported["documents"] == kept.height > 0  # type: ignore[index]
    assert kept.height == kept["text"].n_unique()
    card = Path("kept.jsonl.gz.md").read_text()
    assert f"{kept.height:,} documents" in card
    tables = {t["table"]: t["rows"] for t in as_json(capsys, "lake")}  # type: ignore[attr-defined]
    assert tables["documents"] == 120
    assert tables["rejects"] == 2
    [row] = as_json(capsys, "sql", "select count(*) as n from rejects")  # type: ignore[misc]
    assert row == {"n": 2}


def test_run_status_plan_and_report(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(recipe(root, tmp_path / "lake"))
    assert {s["state"] for s in as_json(capsys, "status", path)} == {"missing"}  # type: ignore[attr-defined]
    planned = as_json(capsys, "plan", path)
    assert [p["stage"] for p in planned["stages"]][4:7] == ["signals", "filter", "exact"]  # type: ignore[index]
    assert all(p["peak_bytes"] > 0 for p in planned["stages"])  # type: ignore[index]
    ran = as_json(capsys, "run", path, "--workers", "1", "--report", "r.html")
    assert {s["state"] for s in ran["stages"]} == {"ran"}  # type: ignore[index]
    assert "<!doctype html>" in Path("r.html").read_text()
    assert {s["state"] for s in as_json(capsys, "status", path)} == {"current"}  # type: ignore[attr-defined]
    assert as_json(capsys, "plan", path)["total"]["items"] == 0  # type: ignore[index]


def test_ingesting_again_adds_paths_and_repeats_nothing(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = ("ingest", "--source", "p", "--workers", "1")
    assert as_json(capsys, *page, f"{root}/html/000.html")["rows"]["documents"] == 1  # type: ignore[index]
    assert as_json(capsys, *page, f"{root}/html/001.html")["rows"]["documents"] == 2  # type: ignore[index]
    assert as_json(capsys, *page, f"{root}/html/001.html")["state"] == "current"  # type: ignore[index]
    assert "was ingested with another extractor" in error(capsys, *page, f"{root}/html", "--extractor", "fast")
    replaced = as_json(capsys, *page, f"{root}/html/002.html", "--extractor", "fast", "--replace")
    assert replaced["rows"]["documents"] == 1  # type: ignore[index]


def test_explain_by_id_prefix_and_uri(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out(capsys, "run", str(recipe(root, tmp_path / "lake")), "--workers", "1")
    found = as_json(capsys, "explain", "html/000.html")
    assert found["document"]["uri"].endswith("/html/000.html")  # type: ignore[index]
    assert found["kept"] is True  # type: ignore[index]
    assert found["signals"]["n_words"] > 50  # type: ignore[index]
    by_id = as_json(capsys, "explain", found["document"]["id"][:16])  # type: ignore[index]
    assert by_id == found
    copy = out(capsys, "explain", f"{root}/rows.parquet#3")
    assert "exact.duplicate" in copy
    assert "(stays)" in copy
    assert "several" in error(capsys, "explain", f"{root}/html")
    assert "no document" in error(capsys, "explain", "nothing-like-this")
    [line] = [r["uri"] for r in as_json(capsys, "sql", "select uri from rejects where reason = 'invalid_json'")]  # type: ignore[attr-defined]
    assert "line 31" in out(capsys, "explain", line)


def test_rules_list_diff_and_sweep(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out(capsys, "run", str(recipe(root, tmp_path / "lake")), "--workers", "1")
    assert "gopher_quality.min_words" in out(capsys, "rules", "list")
    diff = as_json(capsys, "rules", "diff", "gopher_quality", "gopher_quality,gopher_quality.min_words=90")
    counts = diff["counts"]  # type: ignore[index]
    assert sum(counts.values()) == 120
    assert counts["kept_dropped"] > 0 == counts["dropped_kept"]
    assert "kept only by A" in out(
        capsys, "rules", "diff", "gopher_quality", "gopher_quality,gopher_quality.min_words=90", "--samples", "2"
    )
    swept = as_json(capsys, "rules", "sweep", "gopher_quality.min_words", "--out", "s.svg")
    documents = [p["documents"] for p in swept["points"]]  # type: ignore[index]
    assert documents == sorted(documents, reverse=True)
    assert Path("s.svg").read_text().startswith("<svg")


def test_time_travel(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = recipe(root, tmp_path / "lake")
    out(capsys, "run", str(path), "--workers", "1")
    query = "select count(*) as n from decisions where stage = 'filter' and kept"
    [before] = as_json(capsys, "sql", query)  # type: ignore[misc]
    version = len(as_json(capsys, "lake", "decisions")) - 1  # type: ignore[arg-type]
    path.write_text(path.read_text().replace("min_words: 40", "min_words: 90"))
    out(capsys, "run", str(path), "--workers", "1")
    [after] = as_json(capsys, "sql", query)  # type: ignore[misc]
    assert after["n"] < before["n"]
    assert as_json(capsys, "sql", query, "--at", f"decisions={version}") == [before]


def test_extract_prints_text_without_a_lake(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert PROSE[:40] in out(capsys, "extract", f"{root}/html/003.html")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["lake"], "there is no lake at ./lake"),
        (["run", "nope.yaml"], "cannot read the recipe nope.yaml"),
        (["ingest", "nope", "--source", "x"], "does not exist"),
        (["ingest", "raw/*.xyz", "--source", "x"], "matches no file"),
        (["ingest", "raw/html", "--source", "a/b"], "--source"),
        (["ingest", "raw/html", "--source", "x", "--kind", "pdf"], "unknown kind 'pdf'"),
        (["ingest", "raw/html", "--source", "x", "--kind", "warc"], "holds no warc file"),
        (["ingest", "raw/html", "--source", "x", "--memory", "lots"], "--memory: 'lots' is not a size"),
        (["ingest", "raw/html", "--source", "x", "--memory", "10MB"], "is too little for ingest:x"),
        (["filter", "--rules", "gophr"], "unknown rule set 'gophr'"),
        (["frobnicate"], "No such command 'frobnicate'"),
        (["ingest"], "Missing"),
        (["extract", "raw/html/000.html", "--extractor", "fst"], "did you mean 'fast'"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_two(
    root: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert message in error(capsys, *arguments)


def test_mistakes_on_a_lake(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out(capsys, "ingest", f"{root}/html", "--source", "p", "--workers", "1")
    for arguments, message in (
        (["sql", "select nothing"], "sql: "),
        (["sql", "select 1", "--at", "decisions"], "--at takes TABLE=VERSION"),
        (["export", "--out", "x.csv"], "cannot tell the format"),
        (["export", "--out", "no/such/x.parquet"], "does not exist"),
        (["rules", "sweep", "c4.min_sentences"], "run `pomona signals` first"),
        (["lake", "documnts"], "did you mean 'documents'"),
        (
            ["dedup", "--keep", "best"],
            "--keep: must be one of 'source_order', 'longest', 'first' or 'quality', got 'best'",
        ),
    ):
        assert message in error(capsys, *arguments)


def test_debug_shows_the_traceback(root: Path) -> None:
    from corpus.errors import UserError

    with pytest.raises(UserError):
        main(["--debug", "lake"])


def test_an_ingest_that_gave_no_document_fails_again(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = root.parent / "bad.jsonl"
    path.write_text("[1]\n")
    assert main(["ingest", str(path), "--source", "bad"]) == 2
    first = capsys.readouterr().err.splitlines()[-1]
    assert "gave no document" in first
    assert error(capsys, "ingest", str(path), "--source", "bad") == f"{first}\n"


def test_a_column_that_few_records_have_may_come_late(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = root.parent / "late.jsonl"
    lines = [json.dumps({"text": f"{i} {PROSE}"}) for i in range(9_000_000 // len(PROSE))]
    path.write_text("\n".join([*lines, json.dumps({"text": PROSE, "titré": "late"})]) + "\n")
    assert "--metadata 'title' is not in any record" in error(
        capsys, "ingest", str(path), "--source", "late", "--metadata", "title"
    )
    told = as_json(capsys, "ingest", str(path), "--source", "late", "--metadata", "titré")
    assert isinstance(told, dict)
    assert told["rows"]["documents"] == len(lines) + 1


def test_a_path_that_is_gone_can_be_left_out(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        (root.parent / f"{name}.jsonl").write_text(json.dumps({"text": f"{name} {PROSE}"}) + "\n")
    a, b = (str(root.parent / f"{name}.jsonl") for name in "ab")
    out(capsys, "ingest", a, "--source", "web")
    Path(a).unlink()
    assert f"{a} does not exist" in (said := error(capsys, "ingest", b, "--source", "web"))
    assert said.endswith("--replace with the other paths drops it\n")
    out(capsys, "ingest", b, "--source", "web", "--replace")


def test_an_address_that_repeats_is_explained_by_id(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = root.parent / "two.jsonl"
    path.write_text("".join(json.dumps({"text": f"{i} {PROSE}", "url": "http://x.org/"}) + "\n" for i in range(2)))
    out(capsys, "ingest", str(path), "--source", "web", "--uri-column", "url")
    told = error(capsys, "explain", "http://x.org/")
    assert told.endswith("; give the id of one\n")
    assert "http://x.org/" in out(capsys, "explain", told.split("e.g. ")[1].split()[0])


def test_a_file_that_several_paths_of_a_source_reach_is_counted_once(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = root.parent / "tree"
    (folder / "node_modules").mkdir(parents=True)
    (root.parent / "outside.txt").write_text(f"outside {PROSE}")
    (folder / "o.txt").symlink_to(root.parent / "outside.txt")
    (folder / "node_modules" / "v.txt").write_text(f"vendored {PROSE}")
    (folder / "a.txt").write_text(f"a {PROSE}")

    told = as_json(capsys, "ingest", str(folder), "--source", "one", "--kind", "text")
    assert isinstance(told, dict)
    assert (told["records"], told["rejects"], told["passed_over"]) == (
        3, {"link_outside": 1}, {"folder:node_modules": 1},
    )  # fmt: skip
    paths = [str(folder), f"{folder}/o.txt", f"{folder}/node_modules"]
    told = as_json(capsys, "ingest", *paths, "--source", "two", "--kind", "text")
    assert isinstance(told, dict)
    assert (told["records"], told["rows"]["documents"]) == (3, 3)


def test_a_column_of_one_file_among_many_small_ones_is_found(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = root.parent / "small"
    folder.mkdir()
    for i in range(200):
        row = {"text": f"{i} {PROSE}"} | ({"lang": "en"} if i == 101 else {})
        (folder / f"{i:03}.jsonl").write_text(json.dumps(row) + "\n")
    told = as_json(capsys, "ingest", str(folder), "--source", "small", "--metadata", "lang", "--metadata", "lang")
    assert isinstance(told, dict)
    assert told["rows"]["documents"] == 200
    found = as_json(capsys, "sql", "select count(*) n from documents where metadata['lang'] = 'en'")
    assert found == [{"n": 1}]


def test_a_mistyped_path_below_an_earlier_one_is_not_called_gone(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out(capsys, "ingest", str(root / "html"), "--source", "web")
    assert error(capsys, "ingest", str(root / "html" / "missing"), "--source", "web").endswith("a pattern or a URL\n")


def test_an_unset_variable_is_no_path(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in ("", " "):
        assert error(capsys, "ingest", path, "--source", "web").startswith("error: an empty path")


def test_a_ctrl_c_inside_an_import_is_a_ctrl_c(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Libraries turn it into errors of their own."""

    def broken() -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as error:
            raise ImportError("half imported") from error

    monkeypatch.setattr("pomona.cli.application", broken)
    assert main(["status"]) == 130
    assert capsys.readouterr().err == "stopped; run the same command again to continue from here\n"
