"""The tutorial: its commands parse, its queries fit the tables, its rules exist, and all of it runs on a small site."""

import contextlib
import http.server
import io
import re
import shlex
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from typer.main import get_command

from corpus.lake import Lake
from filters import rules, signals
from pomona import query as asking
from pomona.cli import application, main
from tests.pomona.corpora import PROSE

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "tutorial.md").read_text()
BLOCKS: list[tuple[str, str]] = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
STAGES_WITH_REASONS = {"minhash.duplicate", "paragraphs.min_words_left"}
FOOTER = """
<p>This page is licensed under the second version of the license of the foundation for all of its pages.</p>
<p>The foundation is a corporation that makes no profit with them. Please donate, and report each fault that you find.</p>
<p>Examples, recipes and other code in these pages are also licensed under the clause that asks for nothing at all.</p>
"""


def commands(block: str) -> list[str]:
    """The commands of a `sh` block, one per item; quoted text may contain line ends."""
    found, waiting = [], ""
    for line in block.splitlines():
        waiting += line
        try:
            shlex.split(waiting, comments=True)
        except ValueError:  # a quotation is open
            waiting += "\n"
            continue
        found.append(waiting)
        waiting = ""
    assert not waiting, f"a quotation is not closed: {waiting}"
    return found


def words(command: str) -> list[str]:
    """The words after `pomona`, without what the output is piped into."""
    return shlex.split(command.split(" | ")[0], comments=True)[1:]


COMMANDS = [line for kind, block in BLOCKS if kind == "sh" for line in commands(block)]
POMONA = [line for line in COMMANDS if line.startswith("pomona ")]
QUERIES = [words(line)[1] for line in POMONA if line.startswith("pomona sql ")]


@pytest.mark.parametrize("line", POMONA)
def test_commands_and_their_options_exist(line: str) -> None:
    command: Any = get_command(application())
    rest = words(line)
    while hasattr(command, "commands"):
        assert rest[0] in command.commands, line
        command = command.commands[rest.pop(0)]
    command.make_context(line, rest)  # raises if an option or an argument does not exist or has no value


@pytest.mark.parametrize("query", QUERIES)
def test_tables_and_columns_of_queries_exist(lake: Lake, query: str) -> None:
    connection = asking.connect(lake)
    connection.register("signals", pa.table(signals.table_schema().empty_table()))
    assert connection.sql(query).fetchall() == []


def test_rules_exist() -> None:
    named = set(re.findall(rf"\b(?:{'|'.join(rules.RULE_SETS)}|minhash|paragraphs)\.[a-z]\w*", PAGE))
    assert "gopher_quality.min_alpha_word_fraction" in named
    assert named <= set(rules.rules()) | STAGES_WITH_REASONS


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A handler that does not log."""

    def log_message(self, *_: object) -> None:
        """Prints nothing."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """Address of five pages that link to each other; they have the names that the tutorial explains."""
    root = tmp_path / "site" / "usr/share/doc/python3.11/html"
    (root / "library").mkdir(parents=True)
    short = f"<h1>Search</h1><p>Searching for several words shows pages that have all of them.</p>{FOOTER}"
    pages = {
        "index.html": f"<p>An index. {PROSE}</p><p>{PROSE.lower()} And so on.</p>",
        "search.html": short,
        "library/concurrent.html": short.replace("Search<", "Package<").replace("all of them", "all of these"),
        "library/heapq.html": f"<p>A heap is a tree. {PROSE}</p>{FOOTER}",
        "library/bisect.html": f"<p>The bees of the valley came home late. {PROSE[::-1]}</p>{FOOTER}",
    }
    links = "".join(f'<li><a href="/{name}">{name}</a></li>' for name in [*pages, "missing.html"])
    for name, text in pages.items():
        (root / name).write_text(f"<html><head><title>{name}</title></head><body><ul>{links}</ul>{text}</body></html>")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(root)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.mark.skipif(shutil.which("wget") is None, reason="wget is not installed")
def test_every_command_runs_on_a_small_site(
    site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for kind, block in BLOCKS:
        if kind == "yaml":
            Path("corpus.yaml").write_text(block)
        elif kind == "python":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(block, {})
            assert "'metadata'" in printed.getvalue()
        for line in commands(block) if kind == "sh" else []:
            if line.startswith("pomona "):
                assert main(words(line)) == 0, (line, capsys.readouterr().err)
            elif line.startswith("wget "):
                subprocess.run(["sh", "-c", line.replace("http://127.0.0.1:8000/", site)], check=False)
            elif line.startswith(("head ", "sed ")):
                subprocess.run(["sh", "-c", line], check=True)

    assert "0.05" in Path("corpus.yaml").read_text()
    assert pl.read_parquet("lake/documents/**/*.parquet").height >= 5
    assert Path("report.html").read_text().startswith("<!")
    kept = pl.read_parquet("dataset/data/*.parquet")
    assert any(uri.endswith("heapq.html") for uri in kept["uri"])
    assert set(kept["license"]) == {"PSF-2.0"}
