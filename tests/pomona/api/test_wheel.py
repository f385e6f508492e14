"""The wheel has all that Pomona needs: it works in an empty folder, without the repository."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.pomona.corpora import PROSE

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("corpus", "filters", "decontam", "training", "quantization", "eval_suites", "pomona")

USE = """
import sys
from pathlib import Path
import pomona  # no `if __name__ == "__main__":` below: workers do not import the script

assert Path(pomona.__file__).is_relative_to(sys.argv[1]), pomona.__file__
sections = {"sources": [{"name": "a", "path": "*.html"}], "filter": {"rules": ["c4"]},
            "decontaminate": {"benchmarks": ["humaneval"]}}
ran = pomona.run(sections, "lake", workers=2)
assert any(one.items_run > 1 for one in ran.outcomes)  # by two processes
print(pomona.kept(ran.lake).collect().height, ran.lake.table("signals").collect()["language"].to_list())
pomona.report(ran.lake).save("r.html")
import corpus, filters, decontam
for package in (corpus, filters, decontam):
    assert Path(package.__file__).is_relative_to(sys.argv[1]), package.__file__
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the wheel's files are, built from a copy of the sources."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet", "-w", str(out)]
    subprocess.run([*command, str(source)], check=True, capture_output=True, text=True)
    [wheel] = out.glob("pomona-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(out / "site")
    return out / "site"


def test_every_package_says_that_it_is_typed(site: Path) -> None:
    assert [name for name in PACKAGES if not (site / name / "py.typed").exists()] == []


def test_every_file_of_the_packages_is_in_the_wheel(site: Path) -> None:
    mine = {
        str(path.relative_to(ROOT))
        for name in PACKAGES
        for path in (ROOT / name).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    there = {str(path.relative_to(site)) for path in site.rglob("*") if path.is_file()}
    assert mine - there == set()


def test_the_python_face_and_the_command_line_work_in_an_empty_folder(site: Path, tmp_path: Path) -> None:
    (tmp_path / "use.py").write_text(USE)
    (tmp_path / "a.html").write_text(f"<html><body><p>{PROSE}</p><p>{PROSE[::-1]}</p></body></html>")
    environment = {**os.environ, "PYTHONPATH": str(site), "NUMBA_DISABLE_JIT": "1"}  # one page: compiling takes longer
    used = subprocess.run(
        [sys.executable, "use.py", str(site)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert used.returncode == 0, used.stderr
    assert used.stdout.startswith("1 ['en']")
    assert "Funnel" in (tmp_path / "r.html").read_text()
    told = subprocess.run(
        [sys.executable, "-m", "pomona", "explain", "a.html"], cwd=tmp_path, env=environment, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert "verdict  kept" in told.stdout
