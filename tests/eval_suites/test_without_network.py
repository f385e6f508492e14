"""Scoring where every connection is refused: no suite that needs no data may even try one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.eval_suites.models import tiny

_BLOCKED = """
import sys
tried = open({log!r}, "a")

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        tried.write(f"{{event}} {{arguments[-1] if event != 'socket.getaddrinfo' else arguments[0]}}\\n")
        tried.flush()
        raise OSError("no network in this test")

sys.addaudithook(refuse)
from pomona.cli import main
sys.exit(main({arguments!r}))
"""


def _run(tmp_path: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    log = tmp_path / "tried"
    log.touch()
    program = _BLOCKED.format(log=str(log), arguments=list(arguments))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300, cwd=tmp_path)
    return done, log.read_text().splitlines()


@pytest.mark.parametrize(
    "tasks", [("--suite", "offline"), ("--tasks", "pomona_long_1k"), ("--tasks", "pomona_humaneval", "--run-code")]
)
def test_suites_without_data_try_no_connection(tmp_path: Path, tasks: tuple[str, ...]) -> None:
    folder = str(tiny.folder(tmp_path / "tiny"))
    done, tried = _run(tmp_path, "score", folder, *tasks, "--limit", "2", "--lake", "lake", "--json")
    assert done.returncode == 0, done.stderr
    assert tried == []
    assert json.loads(done.stdout)["scores"]


def test_data_that_are_missing_are_named_in_one_line(tmp_path: Path) -> None:
    folder = str(tiny.folder(tmp_path / "tiny"))
    done, _ = _run(tmp_path, "score", folder, "--tasks", "arc_easy", "--lake", "lake")
    assert done.returncode == 2
    assert "arc_easy" in done.stderr
    assert "pomona fetch" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
