"""The same tables whatever runs the tasks: local processes, Ray, and Slurm's generated scripts."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from corpus import engines
from corpus.engines import Engine, parse
from corpus.errors import UserError
from corpus.lake import Lake
from pomona import runner
from pomona.recipe import load
from pomona.stages import Wanted
from tests import planning
from tests.pomona.corpora import EVERY_STAGE, contents, raw, recipe


@pytest.mark.parametrize(
    ("text", "engine"),
    [
        ("local", Engine()),
        ("ray", Engine("ray")),
        ("ray:address=auto,memory=2", Engine("ray", {"address": "auto", "memory": "2"})),
        ("slurm:partition=cpu,time=4:00:00", Engine("slurm", {"partition": "cpu", "time": "4:00:00"})),
    ],
)
def test_an_engine_is_one_string(text: str, engine: Engine) -> None:
    assert parse(text) == engine


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rya", "unknown executor 'rya'; did you mean 'ray'"),
        ("slurm", "needs a partition"),
        ("slurm:partition", "partition needs a value"),
        ("slurm:partitoin=cpu", "did you mean 'partition'"),
        ("ray:memory=lots", "memory must be a whole number"),
        ("local:x=1", "unknown setting of executor local"),
    ],
)
def test_mistakes(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse(text)


def run_with(engine: Engine, root: Path, lake: Path, workers: int = 2) -> dict[str, pl.DataFrame]:
    path = recipe(root, lake, EVERY_STAGE)
    list(runner.run_recipe(Lake(lake), load(path), workers=workers, engine=engine))
    return contents(Lake(lake))


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, pl.DataFrame]]:
    root = raw(tmp_path_factory.mktemp("raw"))
    return root, run_with(Engine(), root, root / "lake", workers=1)


@pytest.fixture
def ray() -> Iterator[None]:
    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    yield
    ray.shutdown()


@pytest.mark.slow
def test_ray_gives_the_same_tables(local: tuple[Path, dict[str, pl.DataFrame]], tmp_path: Path, ray: None) -> None:
    came = run_with(Engine("ray"), local[0], tmp_path / "lake")
    assert came.keys() == local[1].keys()
    assert all(came[name].equals(frame) for name, frame in local[1].items())


def test_ray_runs_a_stage_and_says_when_one_fails(local: tuple[Path, object], tmp_path: Path, ray: None) -> None:

    whole = Lake(local[0] / "lake")
    lake = Lake(tmp_path / "lake")
    loaded = load(recipe(local[0], tmp_path / "lake"))
    for name in Wanted.by(loaded).names()[:4]:
        runner.run_planned(lake, Wanted.by(loaded).plan(name, lake), workers=1)
    outcome = runner.run_planned(lake, planning.plan("signals", lake), workers=2, engine=Engine("ray"))
    assert outcome.state == "ran"
    assert contents(lake)["signals"].equals(contents(whole)["signals"])
    part = lake.parts("signals")[0]
    Path(f"{lake.root}/signals/{part.path}").write_bytes(b"broken")
    with pytest.raises(RuntimeError, match="ray ended with 1 of 1 work items not done"):
        runner.run_planned(lake, Wanted.by(loaded).plan("filter", lake), workers=1, engine=Engine("ray"))


_SBATCH = """#!{python}
import os, re, subprocess, sys
script = sys.stdin.read() if not [a for a in sys.argv[1:] if not a.startswith("-")] else open(sys.argv[-1]).read()
open("{folder}/script", "a").write(script)
last = re.search(r"#SBATCH --array=0-([0-9]+)", script)
job = str(len(os.listdir("{folder}")))
for task in range(int(last[1]) + 1 if last and "launch_pickled" in script else 0):
    environment = dict(os.environ, SLURM_ARRAY_TASK_ID=str(task), SLURM_NODELIST="localhost", SLURM_JOB_ID=job)
    subprocess.run(["bash", "-c", script], env=environment, check=False, stdout=open("{folder}/out", "a"), stderr=subprocess.STDOUT)
print("Submitted batch job", job)
"""


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Commands that take the place of a cluster: sbatch runs the tasks of the script it is given, one after another."""
    folder = tmp_path / "slurm"
    folder.mkdir()
    commands = {
        "sbatch": _SBATCH.format(python=sys.executable, folder=folder),
        "squeue": "#!/bin/sh\n",
        "srun": '#!/bin/sh\nwhile [ "${1#-}" != "$1" ]; do [ "$1" = -n ] && shift; shift; done\nexec "$@"\n',
        "scontrol": "#!/bin/sh\necho localhost\n",
    }
    for name, text in commands.items():
        path = tmp_path / name
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.path.dirname(sys.executable)}:{os.environ['PATH']}")
    monkeypatch.setattr(engines, "_POLL_SECONDS", 0.1)
    return folder


def test_slurms_script_runs_the_tasks(local: tuple[Path, object], tmp_path: Path, slurm: Path) -> None:

    lake = Lake(tmp_path / "lake")
    loaded = load(recipe(local[0], tmp_path / "lake"))
    engine = parse("slurm:partition=cpu,time=1:00:00,memory=6,qos=low")
    stage = Wanted.by(loaded).plan("ingest:rows", lake)
    outcome = runner.run_planned(lake, stage, workers=3, engine=engine)
    script = (slurm / "script").read_text()
    for line in ("--partition=cpu", "--time=1:00:00", "--mem-per-cpu=6G", "--qos=low", "--array=0-0%1"):
        assert f"#SBATCH {line}" in script
    assert "launch_pickled_pipeline" in script
    assert outcome.rows["documents"] == 30
    assert runner.run_planned(lake, Wanted.by(loaded).plan("ingest:rows", lake), engine=engine).state == "current"


def test_slurm_needs_its_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, local: tuple[Path, object]) -> None:

    monkeypatch.setenv("PATH", str(tmp_path))
    lake = Lake(tmp_path / "lake")
    stage = Wanted.by(load(recipe(local[0], tmp_path / "lake"))).plan("ingest:rows", lake)
    with pytest.raises(UserError, match="needs the command sbatch"):
        runner.run_planned(lake, stage, engine=parse("slurm:partition=cpu"))


def test_every_engine_is_described() -> None:
    assert "partition" in engines.describe()
    assert all(name in engines.describe() for name in engines.ENGINES)


@pytest.mark.parametrize(("memory", "cpus", "per_cpu"), [("8", "1", 8), ("8", "4", 2), ("9", "4", 3)])
def test_memory_is_that_of_a_task(memory: str, cpus: str, per_cpu: int) -> None:
    assert engines._memory_per_cpu({"memory": memory, "cpus": cpus}, 1) == per_cpu
    assert engines._memory_per_cpu({}, 4) == 4
